package usage

import (
	"context"
	"fmt"
	"time"

	"satchel/tenancy"
	"satchel/tenancy/usage/usagedb"
)

// What a cache in front of the content host gave and was told.
const (
	EdgeAnswers      Metric = "edge_answers"       // answers that it may give an object
	EdgeBytes        Metric = "edge_bytes"         // sizes of those objects
	EdgeFetches      Metric = "edge_fetches"       // objects that it did not have
	EdgeFetchedBytes Metric = "edge_fetched_bytes" // their bytes
	EdgePurges       Metric = "edge_purges"        // keys that it was told to forget
	EdgePurgeMillis  Metric = "edge_purge_ms"      // from what ended until it was told, over all keys
	EdgePurgesSlow   Metric = "edge_purges_slow"   // keys for which that took longer than SlowPurge
)

// SlowPurge is how soon a cache should be told.
const SlowPurge = 2 * time.Second

// CountEdge adds to a day's figures of the cache, in the caller's transaction.
func CountEdge(ctx context.Context, tx *tenancy.Tx, at time.Time, sums map[Metric]int64) error {
	counted := map[counter]int64{}
	for m, n := range sums {
		if n > 0 {
			counted[counter{dayOf(at), m}] = n
		}
	}
	if len(counted) == 0 {
		return nil
	}
	if err := addSums(ctx, tx, counted); err != nil {
		return fmt.Errorf("count what the edge did: %w", err)
	}
	return nil
}

// EdgeDays is over how many days the figures of the cache are summed, today included.
const EdgeDays = 30

// EdgeSince is the first of those days.
func EdgeSince(now time.Time) time.Time { return now.UTC().AddDate(0, 0, 1-EdgeDays) }

// Edge is what the cache did in the last EdgeDays days. A request within the second for
// which the cache keeps an answer is in no figure: the cache alone knows of it.
type Edge struct {
	Days       int      `json:"days"`
	Answers    int64    `json:"answers"`
	Fetches    int64    `json:"fetches"`
	HitRatio   *float64 `json:"hit_ratio"` // null: nothing was asked for
	BytesGiven int64    `json:"bytes_given"`
	BytesSaved int64    `json:"bytes_saved"`
	Purges     int64    `json:"purges"`
	PurgesSlow int64    `json:"purges_slow"`
	PurgeMean  *float64 `json:"purge_seconds"` // null: nothing was purged
}

// EdgeOf makes the figures of the sums. An object may be fetched on a later day than the
// one on which its answer was given: neither figure falls below zero.
func EdgeOf(sums map[Metric]int64) Edge {
	e := Edge{Days: EdgeDays, Answers: sums[EdgeAnswers], Fetches: sums[EdgeFetches], BytesGiven: sums[EdgeBytes],
		BytesSaved: max(0, sums[EdgeBytes]-sums[EdgeFetchedBytes]), Purges: sums[EdgePurges], PurgesSlow: sums[EdgePurgesSlow]}
	if e.Answers > 0 {
		ratio := max(0, 1-float64(e.Fetches)/float64(e.Answers))
		e.HitRatio = &ratio
	}
	if e.Purges > 0 {
		mean := float64(sums[EdgePurgeMillis]) / float64(e.Purges) / 1000
		e.PurgeMean = &mean
	}
	return e
}

// GetEdge reads the figures of the organization.
func GetEdge(ctx context.Context, q tenancy.Queries, now time.Time) (Edge, error) {
	rows, err := usagedb.New(q).EdgeSums(ctx, EdgeSince(now))
	if err != nil {
		return Edge{}, fmt.Errorf("read what the edge did: %w", err)
	}
	sums := map[Metric]int64{}
	for _, r := range rows {
		sums[Metric(r.Metric)] = r.Amount
	}
	return EdgeOf(sums), nil
}
