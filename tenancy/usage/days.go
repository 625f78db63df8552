package usage

import (
	"context"
	"fmt"
	"time"

	"satchel/tenancy"
	"satchel/tenancy/usage/usagedb"
)

// ClosingDelay is the number of past days that may still change, because counts
// can be committed late. Older days are final, so that a later purge does not
// reduce them.
const ClosingDelay = 3

// Day is what an organization used on one day of UTC.
type Day struct {
	Day         time.Time
	Uploads     int64 // versions whose bytes arrived whole
	BytesIn     int64 // their bytes
	BytesOut    int64 // of files and previews
	Downloads   int64 // of files, from the first byte
	Scans       int64 // versions that got a verdict
	Renditions  int64 // previews made
	Jobs        int64 // operations begun
	ActiveUsers int64 // people who called at least once
	StoredBytes int64 // at the day's end; today's: now
}

// RollUp writes down the days that may still change, as of now, and deletes who
// was active on those before. Calling it again changes nothing that it need not.
func RollUp(ctx context.Context, tx *tenancy.Tx, now time.Time) error {
	q, from := usagedb.New(tx), now.UTC().AddDate(0, 0, -ClosingDelay)
	if err := q.DaysRollUp(ctx, usagedb.DaysRollUpParams{CountedFrom: from, Today: now.UTC(), Now: now}); err != nil {
		return fmt.Errorf("roll up usage: %w", err)
	}
	if err := q.ActiveDelete(ctx, from); err != nil {
		return fmt.Errorf("delete who was active: %w", err)
	}
	if err := q.FlushesDelete(ctx); err != nil {
		return fmt.Errorf("delete old batches: %w", err)
	}
	return nil
}

// Days reads the days from and to, both included, as of now. Days that may
// still change are counted again. Days on which nothing was rolled up are left
// out.
func Days(ctx context.Context, q tenancy.Queries, from, to, now time.Time) ([]Day, error) {
	fresh := now.UTC().AddDate(0, 0, -ClosingDelay)
	if day := from.UTC(); day.After(fresh) {
		fresh = day
	}
	rows, err := usagedb.New(q).DayList(ctx, usagedb.DayListParams{CountedFrom: fresh, Today: now.UTC(), Since: from.UTC(), Until: to.UTC()})
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	days := make([]Day, len(rows))
	for i, r := range rows {
		days[i] = Day(r)
	}
	return days, nil
}

// Limits is how much of what it may have an organization has now.
type Limits struct {
	BytesUsed   int64 `json:"bytes_used"` // stored and reserved
	BytesMax    int64 `json:"bytes_max"`
	Members     int64 `json:"members"`
	MembersMax  int64 `json:"members_max"`
	MaxFileSize int64 `json:"max_file_size"`
}

// GetLimits reads the limits of the organization to which q is bound.
func GetLimits(ctx context.Context, q tenancy.Queries) (Limits, error) {
	l, err := usagedb.New(q).LimitsGet(ctx)
	if err != nil {
		return Limits{}, fmt.Errorf("read limits: %w", err)
	}
	return Limits(l), nil
}
