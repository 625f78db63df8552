package wiring

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/analytics"
	"satchel/analytics/reports"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/internal/spool"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	reporting "satchel/workflows/analytics"
	"satchel/workflows/upload"
)

var analyticsProcess = fx.Module("analytics",
	fx.Provide(func(db *tenancy.DB, store *s3.Store, admission *upload.Admission, o *spool.Owner) *analytics.Builder {
		return &analytics.Builder{DB: db, Staging: store.Staging, Admission: admission, Spool: o, Now: time.Now}
	}, func(db *tenancy.DB, c client.Client) *analytics.Sweeps {
		return &analytics.Sweeps{DB: db, Starter: reportStarter{db, c}, Now: time.Now}
	}),
	component(func(b *analytics.Builder, s *analytics.Sweeps) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{reporting.BuildReport}, Activities: []any{b}, Sweeps: analytics.SweepsOf(s)}
	}),
)

// reportStarter is Temporal as the sweeps of reports know it.
type reportStarter struct {
	db     *tenancy.DB
	client client.Client
}

// BeginReport makes the rows of a report that is due and starts its workflow.
func (s reportStarter) BeginReport(ctx context.Context, org tenancy.OrgID, n reports.New, change func(*tenancy.Tx) error) error {
	return reporting.Begin(ctx, s.db, s.client, org, operations.Low, n, change)
}

// StartReport starts the workflow of a report that lost it.
func (s reportStarter) StartReport(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return reporting.Start(ctx, s.client, org, id, queue.Low)
}
