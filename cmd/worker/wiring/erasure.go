package wiring

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/erasure"
	"satchel/activities/finalize"
	"satchel/activities/roster"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/policies/audit"
	"satchel/tenancy"
	erasing "satchel/workflows/erasure"
	"satchel/workflows/offboarding"
	"satchel/workflows/upload"
)

var erasureProcess = fx.Module("erasure",
	fx.Provide(newErasureParts, erasure.New, NewLedger),
	component(func(a *erasure.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{erasing.EraseRecords},
			Activities: []any{a}, Sweeps: erasure.SweepsOf(a)}
	}),
)

func newErasureParts(db *tenancy.DB, store *s3.Store, r finalize.Cleaner, s *audit.Signer, c client.Client, inbox roster.InboxConfig) erasure.Parts {
	p := NewErasureParts(db, store, r, s)
	if inbox.On() {
		p.Inbox, p.InboxFolder = Bucket{store.Another(inbox.Bucket)}, inbox.SourceFolder
	}
	p.Workflows = erasureWorkflows{c}
	return p
}

// NewLedger erases again what a restored database has. An organization loses its keys at once, and is deleted
// by the process that deletes organizations, without a time in which it could be kept.
func NewLedger(p erasure.Parts, store *s3.Store, c client.Client) *erasure.Ledger {
	return erasure.NewLedger(p, func(ctx context.Context, org tenancy.OrgID) error {
		for _, keys := range keysOf(store) {
			err := keys.Each(ctx, org.String()+"/", func(key string, _ time.Time) error { return keys.Remove(ctx, key) })
			if err != nil {
				return fmt.Errorf("destroy keys of organization: %w", err)
			}
		}
		return offboarding.Again(ctx, p.DB, c, org)
	})
}

// NewErasureParts is all that an erasure works with but Temporal.
func NewErasureParts(db *tenancy.DB, store *s3.Store, r finalize.Cleaner, s *audit.Signer) erasure.Parts {
	return erasure.Parts{
		DB: db, Objects: r, Keys: store.Staging, KeyStore: Bucket{store.Keys}, Buckets: []erasure.Bucket{Bucket{store.Staging}, Bucket{store.Clean}, Bucket{store.Quarantine}},
		Exports: Bucket{store.Exports}, Packages: Bucket{store.Staging}, Archive: checkpointBucket{store.Audit}, Signer: s,
	}
}

// erasureWorkflows is Temporal as the erasures know it.
type erasureWorkflows struct{ client client.Client }

// CancelUpload asks the workflow of a version to end clean.
func (w erasureWorkflows) CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return upload.Cancel(ctx, w.client, org, version)
}

// StartErasure starts the workflow of an erasure, or finds it started.
func (w erasureWorkflows) StartErasure(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return erasing.Start(ctx, w.client, org, id)
}
