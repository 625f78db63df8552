package drafts

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/generation/drafts/draftsdb"
	"satchel/tenancy"
)

// Kept is how long a generation is kept behind its end. What was asked for, each draft and
// who approved it goes then; the file that it became stays, and says in the description of
// its version where it is from.
const Kept = 400 * 24 * time.Hour

// Delete deletes a generation that has ended.
func Delete(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	return wrap(draftsdb.New(q).GenerationDelete(ctx, id), "delete old generation")
}
