package erasures

import (
	"context"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/erasures/erasuresdb"
)

// Derived is a document that was made from the text of a file that was erased, and is a file of its own. What is
// left of the file in it, a person decides.
type Derived struct {
	File   uuid.UUID `json:"file"`
	Source uuid.UUID `json:"source"`
}

// mostDerived is how many documents a certificate names; the row has all.
const mostDerived = 10_000

// ListDerived reads a page of the documents of an erasure that are here still, in the order of their ids.
func ListDerived(ctx context.Context, q tenancy.Queries, id uuid.UUID, after Derived, limit int) ([]Derived, error) {
	rows, err := erasuresdb.New(q).DerivedList(ctx, erasuresdb.DerivedListParams{ID: id, After: after.File, AfterSource: after.Source, Most: int64(limit)})
	list := make([]Derived, len(rows))
	for i, r := range rows {
		list[i] = Derived{File: r.FileID, Source: r.SourceID}
	}
	return list, wrap("list documents made from what was erased", err)
}
