package wiring

import (
	"context"
	"io"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/roster"
	"satchel/activities/scan"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/internal/spool"
	"satchel/policies/verdict"
	"satchel/tenancy"
	"satchel/tenancy/people"
	importing "satchel/workflows/roster"
)

var rosterProcess = fx.Module("roster",
	fx.Provide(newRoster, people.NewHasher),
	component(func(a *roster.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{importing.ImportRoster, importing.UndoRoster, importing.SweepRosters},
			Activities: []any{a}, Schedules: importing.Schedules()}
	}),
)

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
