package tenancy

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// ReconcileDue names an organization whose check is due, and where it goes on.
type ReconcileDue struct {
	Org      OrgID     `db:"organization_id"`
	Stage    string    `db:"stage"`
	Version  uuid.UUID `db:"after_version"`
	WorkedAt time.Time `db:"worked_at"`
	Round    time.Time `db:"round"` // when the first page was read
}

// ReconcileDue pages through the organizations whose check is due, those first that
// were worked on longest ago, behind the last one of the page before. Those that
// were worked on since the first page was read are left out, and those of a cluster that does not answer: they are due
// in the next run too.
func (d *DB) ReconcileDue(ctx context.Context, last ReconcileDue, n int) ([]ReconcileDue, error) {
	var round *time.Time // by the database's clock, as worked_at is
	if !last.Round.IsZero() {
		round = &last.Round
	}
	longest := func(a, b ReconcileDue) int {
		return cmp.Or(a.WorkedAt.Compare(b.WorkedAt), bytes.Compare(a.Org[:], b.Org[:]))
	}
	const sql = "select organization_id, stage, after_version, worked_at, round from app.reconcile_due($1, $2, $3, $4)"
	if d.pools.clusters == nil {
		return systemQuery[ReconcileDue](ctx, d, sql, round, last.WorkedAt, last.Org, n)
	}
	due, err := knownOf(ctx, d, func(ctx context.Context, one *DB) ([]ReconcileDue, error) {
		found, err := systemQueryAt[ReconcileDue](ctx, one, sql, round, last.WorkedAt, last.Org, n)
		if one != d.pools.clusters.directory { // each cluster has a row of the platform's organization
			found = slices.DeleteFunc(found, func(due ReconcileDue) bool { return due.Org == Platform })
		}
		return found, err
	})
	slices.SortStableFunc(due, longest)
	return due[:min(n, len(due))], err
}
