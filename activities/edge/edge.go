// Package edge tells the cache in front of the content host what has ended, by the
// organizations' events. The cache refuses it by itself within a second; a purge makes
// that sooner, and has the bytes leave its memory.
package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/activities/edge/edgedb"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/usage"
)

// Purger has keys forgotten. It may be called again with keys that it has had.
type Purger interface {
	Purge(ctx context.Context, keys []string) error
}

// Activities are the activities of an organization.
type Activities struct {
	DB      *tenancy.DB
	Purger  Purger // nil: there is no cache
	Now     func() time.Time
	metrics *metrics
}

// New makes the activities.
func New(db *tenancy.DB, p Purger, now func() time.Time, r prometheus.Registerer) *Activities {
	return &Activities{DB: db, Purger: p, Now: now, metrics: newMetrics(r)}
}

type metrics struct {
	keys, late prometheus.Counter
	lag        prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		keys: prometheus.NewCounter(prometheus.CounterOpts{Name: "satchel_edge_purged_keys_total", Help: "Surrogate keys that the cache in front of the content host was told to forget."}),
		late: prometheus.NewCounter(prometheus.CounterOpts{Name: "satchel_edge_given_up_keys_total", Help: "Surrogate keys that were given up: the cache has forgotten them by their age before it could be told."}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "satchel_edge_purge_seconds", Help: "From what ended to the cache that was told.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 15, 60, 600, 3600, 86400}}),
	}
	if r != nil {
		r.MustRegister(m.keys, m.late, m.lag)
	}
	return m
}

// A surrogate key is one of these and an id: that of all that an organization has, of a
// file's versions, of a version and what is made of it, and of what leaves by a share.
const (
	OrganizationKey = "o-"
	FileKey         = "f-"
	VersionKey      = "v-"
	ShareKey        = "s-"
)

// types are the events after which something is not given any more, with the prefix of
// the key and the member of the data that make it.
var types = map[string]struct{ prefix, field string }{
	"file.trashed":     {FileKey, "file_id"},
	"file.deleted":     {FileKey, "file_id"},
	"file.moved":       {FileKey, "file_id"},
	"file.quarantined": {VersionKey, "version_id"},
	"version.deleted":  {VersionKey, "version_id"},
	"share.ended":      {ShareKey, "share_id"},
	"share.changed":    {ShareKey, "share_id"},
}

func names() (all []string) {
	for name := range types {
		all = append(all, name)
	}
	return all
}

// Kept is for how long the cache keeps bytes at most. An event from before needs no purge.
const Kept = 24 * time.Hour

// page is how many events one activity reads.
const page = 1000

// PurgeEdgeInput names the organization.
type PurgeEdgeInput struct{ Org tenancy.OrgID }

// PurgeEdgeResult says what was done.
type PurgeEdgeResult struct {
	Keys int
	More bool // events are left
}

// PurgeEdge tells the cache of the events that it has not heard of, and of what was asked
// for besides. It is safe to run twice: a key that is purged again is asked for again.
func (a *Activities) PurgeEdge(ctx context.Context, in PurgeEdgeInput) (PurgeEdgeResult, error) {
	if a.Purger == nil {
		return PurgeEdgeResult{}, nil
	}
	defer queue.Heartbeat(ctx)()
	t, err := a.next(ctx, in.Org)
	if err != nil {
		return PurgeEdgeResult{}, err
	}
	keys := t.keys()
	if err := a.Purger.Purge(ctx, keys); err != nil {
		return PurgeEdgeResult{}, err
	}
	told := a.Now()
	if err := a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return errors.Join(t.settle(ctx, edgedb.New(tx), keys), usage.CountEdge(ctx, tx, told, t.sums(told)))
	}); err != nil {
		return PurgeEdgeResult{}, fmt.Errorf("note purges: %w", err)
	}
	a.metrics.late.Add(float64(len(t.late)))
	for _, p := range t.told {
		a.metrics.lag.Observe(told.Sub(p.since).Seconds())
	}
	a.metrics.keys.Add(float64(len(keys)))
	return PurgeEdgeResult{Keys: len(keys), More: t.more}, nil
}

// purge is a key, and since when the cache has to forget it.
type purge struct {
	key   string
	since time.Time
}

// turn is what one activity tells.
type turn struct {
	told, late []purge
	position   int64     // of the last event that it knows
	at         time.Time // of the database, before anything was told
	more       bool
}

// next reads a page of the events that the cache has not heard of, and of the purges that
// were asked for.
func (a *Activities) next(ctx context.Context, org tenancy.OrgID) (t turn, err error) {
	single := a.DB.Single(org)
	if t.position, err = events.Last(ctx, single); err != nil {
		return t, err
	}
	q, before := edgedb.New(single), a.Now().Add(-Kept)
	if err := q.CursorStart(ctx, before); err != nil {
		return t, fmt.Errorf("start edge cursor: %w", err)
	}
	cursor, err := q.CursorGet(ctx)
	if err != nil {
		return t, fmt.Errorf("read edge cursor: %w", err)
	}
	t.at = cursor.At
	found, err := q.EventPage(ctx, edgedb.EventPageParams{After: cursor.Position, Types: names(), Most: page})
	if err != nil {
		return t, fmt.Errorf("read events for edge: %w", err)
	}
	asked, err := q.PurgePage(ctx, page)
	if err != nil {
		return t, fmt.Errorf("read purges for edge: %w", err)
	}
	for _, e := range found {
		key, err := keyOf(e.Type, e.Data)
		if err != nil {
			return t, err
		}
		t.add(purge{key, e.At}, before)
	}
	for _, p := range asked {
		t.add(purge{p.Key, p.Since}, before)
	}
	if len(found) == page {
		t.position = found[len(found)-1].Seq
	}
	t.more = len(found) == page || len(asked) == page
	return t, nil
}

// add tells what the cache may still have. What is older it has forgotten by its age.
func (t *turn) add(p purge, before time.Time) {
	if p.since.Before(before) {
		t.late = append(t.late, p)
		return
	}
	t.told = append(t.told, p)
}

// sums are the figures of a turn for the organization's statistics.
func (t *turn) sums(told time.Time) map[usage.Metric]int64 {
	sums := map[usage.Metric]int64{usage.EdgePurges: int64(len(t.told))}
	for _, p := range t.told {
		took := told.Sub(p.since)
		sums[usage.EdgePurgeMillis] += took.Milliseconds()
		if took > usage.SlowPurge {
			sums[usage.EdgePurgesSlow]++
		}
	}
	return sums
}

func (t *turn) keys() []string {
	keys := make([]string, len(t.told))
	for i, p := range t.told {
		keys[i] = p.key
	}
	return keys
}

// settle writes what was told and what was given up.
func (t *turn) settle(ctx context.Context, q *edgedb.Queries, keys []string) error {
	for _, p := range t.late {
		if err := q.PurgeGiveUp(ctx, edgedb.PurgeGiveUpParams{Key: p.key, Since: p.since}); err != nil {
			return err
		}
	}
	if err := q.PurgesDone(ctx, edgedb.PurgesDoneParams{Keys: keys, Until: t.at}); err != nil {
		return err
	}
	return q.CursorMove(ctx, t.position)
}

func keyOf(name string, data json.RawMessage) (string, error) {
	kind := types[name]
	var ids map[string]any
	if err := json.Unmarshal(data, &ids); err != nil {
		return "", fmt.Errorf("read event %s: %w", name, err)
	}
	id, _ := ids[kind.field].(string)
	if _, err := uuid.Parse(id); err != nil {
		return "", fmt.Errorf("event %s names no %s: %w", name, kind.field, err)
	}
	return kind.prefix + id, nil
}

// Waits says whether the cache has something to be told of an organization.
func Waits(ctx context.Context, q tenancy.Queries) (bool, error) {
	waits, err := edgedb.New(q).EventWaits(ctx, names())
	if err != nil {
		return false, fmt.Errorf("look for events for edge: %w", err)
	}
	return waits != nil && *waits, nil
}
