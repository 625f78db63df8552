package edge

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/activities/edge/edgedb"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Starter starts the workflow of an organization, or wakes it.
type Starter interface {
	WakeEdge(ctx context.Context, org tenancy.OrgID) error
}

// Sweeps find what was lost.
type Sweeps struct {
	db      *tenancy.DB
	on      bool // there is a cache
	starter Starter
	now     func() time.Time
	keys    *prometheus.GaugeVec
	oldest  prometheus.Gauge
}

// NewSweeps makes them. on says that there is a cache.
func NewSweeps(db *tenancy.DB, on bool, s Starter, now func() time.Time, r prometheus.Registerer) *Sweeps {
	a := &Sweeps{
		db: db, on: on, starter: s, now: now,
		keys:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_edge_backlog_keys", Help: "Surrogate keys that the cache was not told, by state: waiting, or given_up. The worker that sweeps counts them."}, []string{"state"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{Name: "satchel_edge_waiting_seconds", Help: "For how long the oldest of the waiting keys waits. The worker that sweeps measures it."}),
	}
	if r != nil {
		r.MustRegister(a.keys, a.oldest)
	}
	return a
}

// SweepsOf is the sweep of purges.
func SweepsOf(a *Sweeps) []queue.Sweep {
	return []queue.Sweep{{Name: "start-waiting-purges", Every: 30 * time.Second, Run: a.startWaitingPurges}}
}

// startWaitingPurges wakes the workflow of every organization of whose events the cache
// was not told: a notification or a workflow was lost.
func (a *Sweeps) startWaitingPurges(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	if !a.on {
		return queue.Swept{}, nil
	}
	if err := a.count(ctx); err != nil {
		return queue.Swept{}, err
	}
	return queue.SweepByID(ctx, "start purges", after, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.db.EdgeWaiting(ctx, names(), a.now().Add(-Kept), after, 100)
	}, a.starter.WakeEdge)
}

// Listed is for how long operators see what was given up.
const Listed = 30 * 24 * time.Hour

// count measures what waits and what was given up, and forgets what operators have had
// the time to see.
func (a *Sweeps) count(ctx context.Context) error {
	var oldest time.Time
	for _, state := range States {
		sum, first, err := a.sum(ctx, state)
		if err != nil {
			return err
		}
		if state == Waiting {
			oldest = first
		}
		a.keys.WithLabelValues(string(state)).Set(float64(sum))
	}
	a.oldest.Set(0)
	if !oldest.IsZero() {
		a.oldest.Set(a.now().Sub(oldest).Seconds())
	}
	return nil
}

// sum counts the keys in a state over all organizations, and says since when the first
// of them is there.
func (a *Sweeps) sum(ctx context.Context, state State) (keys int64, oldest time.Time, err error) {
	for after := uuid.Nil; ; {
		backlogs, err := Backlogs(ctx, a.db, state, after, page)
		if err != nil {
			return 0, oldest, err
		}
		for _, b := range backlogs {
			keys, after = keys+b.Keys, b.Org.UUID()
			if oldest.IsZero() || b.Oldest.Before(oldest) {
				oldest = b.Oldest
			}
			if err := a.forget(ctx, state, b); err != nil {
				return 0, oldest, err
			}
		}
		if len(backlogs) < page {
			return keys, oldest, nil
		}
	}
}

func (a *Sweeps) forget(ctx context.Context, state State, b tenancy.EdgeBacklog) error {
	if listed := a.now().Add(-Listed); state == GivenUp && b.Oldest.Before(listed) {
		if err := edgedb.New(a.db.Single(b.Org)).PurgesForget(ctx, listed); err != nil {
			return fmt.Errorf("forget purges: %w", err)
		}
	}
	return nil
}
