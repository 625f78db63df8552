package wiring

import (
	"context"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/bulk"
	"satchel/internal/queue"
	"satchel/tenancy"
	bulking "satchel/workflows/bulk"
	"satchel/workflows/upload"
)

var bulkProcess = fx.Module("bulk",
	fx.Provide(newBulk),
	component(func(a *bulk.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{bulking.ChangeManyFiles},
			Activities: []any{a}, Sweeps: bulk.SweepsOf(a)}
	}),
)

func newBulk(db *tenancy.DB, c client.Client) *bulk.Activities {
	return bulk.New(db, bulkWorkflows{c}, bulkWorkflows{c})
}

// bulkWorkflows is Temporal as the changes of many files know it.
type bulkWorkflows struct{ client client.Client }

// CancelUpload asks the workflow of a version to end clean.
func (w bulkWorkflows) CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return upload.Cancel(ctx, w.client, org, version)
}

// StartChange starts the workflow of a change, or finds it started.
func (w bulkWorkflows) StartChange(ctx context.Context, org tenancy.OrgID, change uuid.UUID) error {
	return bulking.Start(ctx, w.client, org, change)
}
