package wiring

import (
	"context"
	"io"
	"iter"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/roster"
	"satchel/activities/scan"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/internal/spool"
	"satchel/policies/verdict"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/people"
	importing "satchel/workflows/roster"
)

var rosterProcess = fx.Module("roster",
	fx.Provide(newRoster, newRosterInbox, people.NewHasher),
	component(func(a *roster.Activities, i *roster.Inbox, c roster.InboxConfig) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{importing.ImportRoster, importing.UndoRoster, importing.PickUpRosters},
			Activities: []any{a, i}, Schedules: importing.Schedules(c), Sweeps: roster.SweepsOf(a)}
	}),
)

func newRosterInbox(db *tenancy.DB, store *s3.Store, sp *spool.Owner, c client.Client, config roster.InboxConfig) *roster.Inbox {
	ports := roster.InboxPorts{DB: db, Packages: store.Staging, Receiver: rosterReceiver{db, c}, Spool: sp}
	if config.On() {
		ports.Bucket = InboxBucket{Bucket{store.Another(config.Bucket)}}
	}
	return roster.NewInbox(ports, config)
}

// InboxBucket is the bucket of the inbox as the activities know it.
type InboxBucket struct{ Bucket }

// ListFolder gives what is in a folder.
func (b InboxBucket) ListFolder(ctx context.Context, prefix string) iter.Seq2[roster.InboxObject, error] {
	return func(yield func(roster.InboxObject, error) bool) {
		for o, err := range b.Bucket.ListFolder(ctx, prefix) {
			if !yield(roster.InboxObject(o), err) {
				return
			}
		}
	}
}

// Copy copies an object within the bucket, if its ETag is still the given one.
func (b InboxBucket) Copy(ctx context.Context, key, etag, to string) error {
	_, err := b.CopyFrom(ctx, b.Name(), key, etag, to)
	return err
}

// rosterReceiver begins imports as the API does.
type rosterReceiver struct {
	db     *tenancy.DB
	client client.Client
}

// BeginImport makes the rows of an import and starts its workflow.
func (r rosterReceiver) BeginImport(ctx context.Context, org tenancy.OrgID, p rosters.Package) error {
	return importing.Begin(ctx, r.db, r.client, org, p)
}

func newRoster(db *tenancy.DB, store *s3.Store, s *scan.Activities, h *people.Hasher, sp *spool.Owner, c client.Client) *roster.Activities {
	return roster.New(roster.Ports{DB: db, Packages: store.Staging, Scanner: packageScanner{s}, Hasher: h, Workflows: rosterStarter{c}, Spool: sp})
}

// packageScanner is the scan of files as the import of rosters knows it.
type packageScanner struct{ scan *scan.Activities }

// ScanPackage gives the verdict about a zip and each of its members.
func (s packageScanner) ScanPackage(ctx context.Context, content io.ReaderAt, size int64) (verdict.Verdict, error) {
	found, err := scan.Local(ctx, s.scan, content, size, "application/zip", true)
	return found.Verdict, err
}

type rosterStarter struct{ client client.Client }

// StartImport starts the workflow of an import, or finds it started.
func (s rosterStarter) StartImport(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return importing.Start(ctx, s.client, org, id)
}

// StartUndo starts the workflow that undoes an import, or finds it started.
func (s rosterStarter) StartUndo(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return importing.StartUndo(ctx, s.client, org, id)
}

// Look has a waiting import look at its rows.
func (s rosterStarter) Look(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return importing.Look(ctx, s.client, org, id, importing.Decided{})
}
