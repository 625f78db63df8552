// Package edge tells the cache in front of the content host what has ended, by the
// organizations' events. The cache refuses it by itself within a second; a purge makes
// that sooner, and has the bytes leave its memory.
package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/activities/edge/edgedb"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/events"
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

// A surrogate key is one of these and an id: that of a file's versions, of a version and
// what is made of it, and of what leaves by a share.
const (
	FileKey    = "f-"
	VersionKey = "v-"
	ShareKey   = "s-"
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

// PurgeEdge tells the cache of the events that it has not heard of. It is safe to run
// twice: a key that is purged again is asked for again.
func (a *Activities) PurgeEdge(ctx context.Context, in PurgeEdgeInput) (PurgeEdgeResult, error) {
	if a.Purger == nil {
		return PurgeEdgeResult{}, nil
	}
	defer queue.Heartbeat(ctx)()
	single := a.DB.Single(in.Org)
	last, err := events.Last(ctx, single)
	if err != nil {
		return PurgeEdgeResult{}, err
	}
	q := edgedb.New(single)
	position, err := q.CursorGet(ctx)
	if err != nil {
		return PurgeEdgeResult{}, fmt.Errorf("read edge cursor: %w", err)
	}
	found, err := q.EventPage(ctx, edgedb.EventPageParams{After: position, Types: names(), Most: page})
	if err != nil {
		return PurgeEdgeResult{}, fmt.Errorf("read events for edge: %w", err)
	}
	var keys []string
	late := 0
	for _, e := range found {
		key, err := keyOf(e.Type, e.Data)
		switch {
		case err != nil:
			return PurgeEdgeResult{}, err
		case e.At.Before(a.Now().Add(-Kept)):
			late++
		default:
			keys = append(keys, key)
		}
	}
	if err := a.Purger.Purge(ctx, keys); err != nil {
		return PurgeEdgeResult{}, err
	}
	a.metrics.late.Add(float64(late))
	for _, e := range found {
		a.metrics.lag.Observe(a.Now().Sub(e.At).Seconds())
	}
	a.metrics.keys.Add(float64(len(keys)))
	more := len(found) == page
	if more {
		last = found[len(found)-1].Seq
	}
	if err := q.CursorMove(ctx, last); err != nil {
		return PurgeEdgeResult{}, fmt.Errorf("move edge cursor: %w", err)
	}
	return PurgeEdgeResult{Keys: len(keys), More: more}, nil
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

// Starter starts the workflow of an organization, or wakes it.
type Starter interface {
	WakeEdge(ctx context.Context, org tenancy.OrgID) error
}

// Sweeps find what was lost.
type Sweeps struct {
	DB      *tenancy.DB
	On      bool // there is a cache
	Starter Starter
	Now     func() time.Time
}

// SweepsOf is the sweep of purges.
func SweepsOf(a *Sweeps) []queue.Sweep {
	return []queue.Sweep{{Name: "start-waiting-purges", Every: 30 * time.Second, Run: a.startWaitingPurges}}
}

// startWaitingPurges wakes the workflow of every organization of whose events the cache
// was not told: a notification or a workflow was lost.
func (a *Sweeps) startWaitingPurges(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	if !a.On {
		return queue.Swept{}, nil
	}
	return queue.SweepByID(ctx, "start purges", after, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.DB.EdgeWaiting(ctx, names(), a.Now().Add(-Kept), after, 100)
	}, a.Starter.WakeEdge)
}
