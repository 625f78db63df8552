package evidence

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/evidence/evidencedb"
)

// Remind tells of the days of a request to amend, a duty, an incident or a directive that come or are over,
// each once (policies/rls/functions/system_deadlines.sql), and says how many it told of.
func Remind(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (int32, error) {
	n, err := evidencedb.New(tx).DeadlineTell(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("tell of a day: %w", err)
	}
	return n, nil
}
