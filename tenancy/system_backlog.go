package tenancy

import (
	"context"
	"time"
)

// Backlog is work of one kind that waits.
type Backlog struct {
	Work   string     `db:"work"`
	Items  int64      `db:"items"`
	Oldest *time.Time `db:"oldest"` // nil: none waits
}

// Backlogs reads how much work waits, of all organizations (policies/rls/functions/system_backlog.sql).
func (d *DB) Backlogs(ctx context.Context) ([]Backlog, error) {
	found, err := known[Backlog](ctx, d, "select work, items, oldest from app.backlog()") // what scales workers goes on without one of the clusters
	return folded(found, func(b Backlog) string { return b.Work }, func(to *Backlog, b Backlog) {
		to.Items += b.Items
		if to.Oldest == nil || b.Oldest != nil && b.Oldest.Before(*to.Oldest) {
			to.Oldest = b.Oldest
		}
	}), err
}

// WALArchive is how the archive of Postgres' WAL is doing. Its backups are as good as it.
type WALArchive struct {
	ArchivedAt *time.Time `db:"archived_at"` // nil: nothing yet
	FailedAt   *time.Time `db:"failed_at"`   // the last attempt that failed; nil: none did
	Waiting    int64      `db:"waiting"`     // complete segments that are not archived
}

// WALArchive asks Postgres. It is false where Postgres archives nothing.
func (d *DB) WALArchive(ctx context.Context) (WALArchive, bool, error) {
	found, err := inDirectory[WALArchive](ctx, d, "select archived_at, failed_at, waiting from app.wal_archive()")
	if err != nil || len(found) == 0 {
		return WALArchive{}, false, err
	}
	return found[0], true, nil
}

// WALSlot is a reader of Postgres' WAL, and what is kept for it.
type WALSlot struct {
	Slot   string `db:"slot"`
	Active bool   `db:"active"`
	Kept   int64  `db:"kept"` // bytes
}

// WALSlots lists the replication slots.
func (d *DB) WALSlots(ctx context.Context) ([]WALSlot, error) {
	return inDirectory[WALSlot](ctx, d, "select slot, active, kept from app.wal_slots()")
}
