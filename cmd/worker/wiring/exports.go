package wiring

import (
	"bytes"
	"context"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/export"
	"satchel/internal/envelope"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/tenancy"
	exporting "satchel/workflows/export"
)

var exportProcess = fx.Module("export",
	fx.Provide(newExport),
	component(func(a *export.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{exporting.ExportOrganization},
			Activities: []any{a}, Sweeps: export.SweepsOf(a)}
	}),
)

func newExport(db *tenancy.DB, store *s3.Store, c client.Client, config export.Config) *export.Activities {
	return export.New(db, NewExportBucket(store), store.Clean, exportStarter{c}, config)
}

// ExportBucket is the bucket of exports as the activities know it.
type ExportBucket struct{ Bucket }

// NewExportBucket is the bucket of exports of a store.
func NewExportBucket(store *s3.Store) ExportBucket { return ExportBucket{Bucket{store.Exports}} }

// PutPart stores one part; a reader that can seek is sent again by itself.
func (s ExportBucket) PutPart(ctx context.Context, key, upload string, number int, body *bytes.Reader) (string, error) {
	return s.Bucket.PutPart(ctx, key, upload, number, envelope.Span{}, body, body.Size())
}

// CompleteMultipart makes the parts one object.
func (s ExportBucket) CompleteMultipart(ctx context.Context, key, upload string, etags []string) (string, error) {
	parts := make([]s3.Part, len(etags))
	for i, etag := range etags {
		parts[i] = s3.Part{Number: i + 1, ETag: etag}
	}
	return s.Bucket.CompleteMultipart(ctx, key, upload, parts)
}

type exportStarter struct{ client client.Client }

// StartExport starts the workflow of an export, or finds it started.
func (s exportStarter) StartExport(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return exporting.Start(ctx, s.client, org, id)
}
