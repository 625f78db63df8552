package wiring

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/roblox"
	"satchel/internal/kms"
	"satchel/internal/queue"
	adapter "satchel/internal/roblox"
	"satchel/internal/s3"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	syncing "satchel/workflows/roblox"
)

var robloxProcess = fx.Module("roblox",
	fx.Provide(newRoblox, newRobloxSweeps, func(db *tenancy.DB) *roblox.Records { return &roblox.Records{DB: db} }),
	// Only calls to Roblox wait in a queue that operators pause.
	component(func(a *roblox.Activities) queue.Component {
		return queue.Component{Queue: queue.Roblox, Activities: []any{a}}
	}),
	component(func(r *roblox.Records) queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{syncing.SyncRoblox, syncing.PublishRobloxPlace, syncing.EraseRobloxUser}, Activities: []any{r}}
	}),
	component(func(s *roblox.Sweeps) queue.Component {
		return queue.Component{Sweeps: roblox.SweepsOf(s)}
	}),
)

// RobloxBudget is how the limits of Roblox are kept; tests against a fake raise them.
type RobloxBudget struct{ Times int }

func newRoblox(db *tenancy.DB, store *s3.Store, keys kms.Config, c adapter.Config, budget RobloxBudget, m prometheus.Registerer) (*roblox.Activities, error) {
	box, err := keys.Open()
	if err != nil {
		return nil, err
	}
	dialer, err := adapter.New(c, m)
	if err != nil {
		return nil, err
	}
	waits := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "satchel_roblox_turn_wait_seconds", Help: "For how long a request to Roblox waited for its turn, by kind.",
		Buckets: []float64{.01, .1, .5, 1, 2, 5, 10, 20}}, []string{"kind"})
	put := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_roblox_turns_put_off_total", Help: "Requests to Roblox whose turn was too far away, and which are tried again later, by kind."}, []string{"kind"})
	m.MustRegister(waits, put)
	observe := func(k connections.Kind, wait time.Duration, given bool) {
		if !given {
			put.WithLabelValues(string(k)).Inc()
			return
		}
		waits.WithLabelValues(string(k)).Observe(wait.Seconds())
	}
	return &roblox.Activities{DB: db, Vault: connections.Vault{Box: box}, Clean: store.Clean, Dial: func(key string) roblox.Cloud { return dialer.Open(key) },
		Budget: connections.Budget{DB: db, Times: budget.Times, Observe: observe}, Now: time.Now}, nil
}

func newRobloxSweeps(db *tenancy.DB, c client.Client, a *roblox.Activities) *roblox.Sweeps {
	return &roblox.Sweeps{DB: db, Vault: a.Vault, Starter: robloxStarter{db, c}, Now: time.Now}
}

// robloxStarter is Temporal as the sweeps know it.
type robloxStarter struct {
	db     *tenancy.DB
	client client.Client
}

// WakeSync starts the sync of an operation.
func (s robloxStarter) WakeSync(ctx context.Context, org tenancy.OrgID, connection, operation uuid.UUID) error {
	return syncing.WakeSync(ctx, s.client, org, connection, operation)
}

// BeginSync begins one that is due by itself.
func (s robloxStarter) BeginSync(ctx context.Context, org tenancy.OrgID, connection uuid.UUID) error {
	_, err := syncing.BeginSync(ctx, s.db, s.client, org, connection, tenancy.NewID(), nil, operations.Default)
	return err
}

// WakePlace starts the publication of a place.
func (s robloxStarter) WakePlace(ctx context.Context, org tenancy.OrgID, publication uuid.UUID) error {
	return syncing.WakePlace(ctx, s.client, org, publication)
}

// WakeErasure starts the erasure of a person.
func (s robloxStarter) WakeErasure(ctx context.Context, org tenancy.OrgID, erasure uuid.UUID) error {
	return syncing.WakeErasure(ctx, s.client, org, erasure)
}
