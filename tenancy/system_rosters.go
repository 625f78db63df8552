package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_rosters.sql.

// RosterRef names an import of a roster, and how far its row says it is.
type RosterRef struct {
	Org    OrgID     `db:"organization_id"`
	Import uuid.UUID `db:"import_id"`
	State  string    `db:"state"`
	Ready  bool      `db:"ready"` // it waits, and may go on
}

// RosterImportsUnfinished finds imports that have made no progress for longer than
// that.
func (d *DB) RosterImportsUnfinished(ctx context.Context, quiet time.Duration, after uuid.UUID, n int) ([]RosterRef, error) {
	return pageOf[RosterRef](ctx, d, "import_id", "select organization_id, import_id, state, ready from app.roster_imports_unfinished($1, $2, $3)", quiet, after, n)
}

// RosterImportsDue finds imports that ended longer ago than that, and whose package
// and rows are still there.
func (d *DB) RosterImportsDue(ctx context.Context, ended time.Duration, after uuid.UUID, n int) ([]RosterRef, error) {
	return pageOf[RosterRef](ctx, d, "import_id", "select organization_id, import_id, '' as state, false as ready from app.roster_imports_due($1, $2, $3)", ended, after, n)
}

// RosterInbox names a source whose folder in the inbox is looked into. Pickup says
// whether new packages are taken from it.
type RosterInbox struct {
	Org    OrgID     `db:"organization_id"`
	Source uuid.UUID `db:"source_id"`
	Pickup bool      `db:"pickup"`
}

// RosterInboxes finds the sources that pick packages up, and those of which something
// that was picked up is left to do.
func (d *DB) RosterInboxes(ctx context.Context, after uuid.UUID, n int) ([]RosterInbox, error) {
	return pageOf[RosterInbox](ctx, d, "source_id", "select organization_id, source_id, pickup from app.roster_inboxes($1, $2)", after, n)
}

// RosterInboxesUnknown gives those of the folders that are no source's that picks
// packages up.
func (d *DB) RosterInboxesUnknown(ctx context.Context, folders []RosterInbox) ([]RosterInbox, error) {
	orgs, sources := make([]uuid.UUID, len(folders)), make([]uuid.UUID, len(folders))
	for i, f := range folders {
		orgs[i], sources[i] = f.Org.UUID(), f.Source
	}
	found, err := everywhere[RosterInbox](ctx, d, "select organization_id, source_id from app.roster_inboxes_unknown($1, $2)", orgs, sources)
	if err != nil || d.pools.clusters == nil {
		return found, err
	}
	times := map[RosterInbox]int{}
	for _, f := range found {
		times[f]++
	}
	var unknown []RosterInbox // to all of them
	for _, f := range found {
		if times[f] == 1+len(d.pools.clusters.names) {
			unknown = append(unknown, f)
			delete(times, f)
		}
	}
	return unknown, nil
}
