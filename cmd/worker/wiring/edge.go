package wiring

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/edge"
	caches "satchel/internal/edge"
	"satchel/internal/queue"
	"satchel/tenancy"
	telling "satchel/workflows/edge"
)

var edgeProcess = fx.Module("edge",
	fx.Provide(newEdge),
	// A purge calls the cache, which another may run; the sweep does not.
	component(func(a *edge.Activities) queue.Component {
		return queue.Component{Queue: queue.External, Activities: []any{a}}
	}),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{telling.TellEdge}}
	}),
	component(func(s *edge.Sweeps) queue.Component {
		return queue.Component{Sweeps: edge.SweepsOf(s)}
	}),
)

func newEdge(db *tenancy.DB, c client.Client, p edge.Purger, m prometheus.Registerer) (*edge.Activities, *edge.Sweeps) {
	return edge.New(db, p, time.Now, m), edge.NewSweeps(db, p != nil, edgeStarter{db, c}, time.Now, m)
}

// newPurger is the cache of the settings; nil when there is none.
func newPurger(c caches.Config) (edge.Purger, error) {
	e, err := caches.New(c)
	if e == nil {
		return nil, err
	}
	return e, err
}

// edgeStarter is Temporal as the outbox and the sweep know it.
type edgeStarter struct {
	db     *tenancy.DB
	client client.Client
}

// WakeEdge starts the workflow of an organization, or wakes it.
func (s edgeStarter) WakeEdge(ctx context.Context, org tenancy.OrgID) error {
	return telling.Wake(ctx, s.client, org)
}

// wakeWaiting wakes it when there is something to tell: most events end nothing.
func (s edgeStarter) wakeWaiting(ctx context.Context, org tenancy.OrgID) error {
	waits, err := edge.Waits(ctx, s.db.Single(org))
	if err != nil || !waits {
		return err
	}
	return s.WakeEdge(ctx, org)
}
