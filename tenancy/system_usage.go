package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The queries of policies/rls/functions/system_usage.sql.

// UsageCrossings finds organizations whose open warnings differ from their
// use.
func (d *DB) UsageCrossings(ctx context.Context, after uuid.UUID, n int) ([]OrgID, error) {
	rows, err := pageOf[struct {
		ID OrgID `db:"organization_id"`
	}](ctx, d, "organization_id", "select organization_id from app.usage_crossings($1, $2)", after, n)
	orgs := make([]OrgID, len(rows))
	for i, r := range rows {
		orgs[i] = r.ID
	}
	return orgs, err
}

// WarningRef names a warning.
type WarningRef struct {
	Org     OrgID     `db:"organization_id"`
	Warning uuid.UUID `db:"warning_id"`
}

// UsageWarningsWaiting finds warnings whose mail waits and has no workflow, or
// one that was started longer ago than that.
func (d *DB) UsageWarningsWaiting(ctx context.Context, silent time.Duration, after uuid.UUID, n int) ([]WarningRef, error) {
	return pageOf[WarningRef](ctx, d, "warning_id", "select organization_id, warning_id from app.usage_warnings_waiting($1, $2, $3)", silent, after, n)
}

// TierLevel is what all organizations of a tier have together.
type TierLevel struct {
	Tier          string `db:"tier"`
	Organizations int64  `db:"organizations"`
	Members       int64  `db:"members"`
	Used          int64  `db:"used_bytes"`
	Reserved      int64  `db:"reserved_bytes"`
}

// TierLevels adds up what is there now, by tier.
func (d *DB) TierLevels(ctx context.Context) ([]TierLevel, error) {
	return summed(ctx, d, func(l TierLevel) string { return l.Tier }, func(to *TierLevel, l TierLevel) {
		to.Organizations += l.Organizations
		to.Members += l.Members
		to.Used += l.Used
		to.Reserved += l.Reserved
	}, "select tier, organizations, members, used_bytes, reserved_bytes from app.tier_levels()")
}

// TierDay is what all organizations of a tier used on one day of UTC, as it was
// rolled up last.
type TierDay struct {
	Tier       string    `db:"tier"`
	Day        time.Time `db:"day"`
	Uploads    int64     `db:"uploads"`
	BytesIn    int64     `db:"bytes_in"`
	BytesOut   int64     `db:"bytes_out"`
	Scans      int64     `db:"scans"`
	Renditions int64     `db:"renditions"`
}

// TierDays adds up the days since then, by tier.
func (d *DB) TierDays(ctx context.Context, since time.Time) ([]TierDay, error) {
	type key struct {
		tier string
		day  time.Time
	}
	return summed(ctx, d, func(t TierDay) key { return key{t.Tier, t.Day} }, func(to *TierDay, t TierDay) {
		to.Uploads += t.Uploads
		to.BytesIn += t.BytesIn
		to.BytesOut += t.BytesOut
		to.Scans += t.Scans
		to.Renditions += t.Renditions
	}, "select tier, day, uploads, bytes_in, bytes_out, scans, renditions from app.tier_days($1)", since)
}

// StorageLevel is what all organizations have together.
type StorageLevel struct {
	Organizations int64 `db:"organizations"`
	Max           int64 `db:"max_bytes"`
	MaxFileSize   int64 `db:"max_file_size"` // of the organization with the largest
	Used          int64 `db:"used_bytes"`
	Reserved      int64 `db:"reserved_bytes"`
}

// StorageLevels adds up what organizations may hold, and hold.
func (d *DB) StorageLevels(ctx context.Context) (StorageLevel, error) {
	found, err := summed(ctx, d, func(StorageLevel) bool { return true }, func(to *StorageLevel, l StorageLevel) {
		to.Organizations += l.Organizations
		to.Max += l.Max
		to.MaxFileSize = max(to.MaxFileSize, l.MaxFileSize)
		to.Used += l.Used
		to.Reserved += l.Reserved
	}, "select organizations, max_bytes, max_file_size, used_bytes, reserved_bytes from app.storage_levels()")
	if err != nil || len(found) == 0 {
		return StorageLevel{}, err
	}
	return found[0], nil
}

// StorageCount is how many files of all organizations are in one state.
type StorageCount struct {
	Status string `db:"status"`
	Files  int64  `db:"files"`
}

// StorageCounts counts the files of all organizations.
func (d *DB) StorageCounts(ctx context.Context) ([]StorageCount, error) {
	return summed(ctx, d, func(c StorageCount) string { return c.Status }, func(to *StorageCount, c StorageCount) { to.Files += c.Files }, "select status, files from app.storage_counts()")
}

// EdgeSum is one figure of the caches in front of the content host.
type EdgeSum struct {
	Metric string `db:"metric"`
	Amount int64  `db:"amount"`
}

// EdgeSums adds up what those caches gave and were told since a day.
func (d *DB) EdgeSums(ctx context.Context, since time.Time) ([]EdgeSum, error) {
	return summed(ctx, d, func(s EdgeSum) string { return s.Metric }, func(to *EdgeSum, s EdgeSum) { to.Amount += s.Amount }, "select metric, amount from app.edge_sums($1::date)", since)
}
