// Command worker runs the platform's workflows and activities. It holds the
// database role of the application, the store's keys and the way to the virus
// scanner, and no port that a user could reach.
package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"satchel/internal/bootstrap"
	"satchel/internal/tiermetrics"
	"satchel/tenancy"
	"satchel/workers"
)

func main() { fx.New(app(), bootstrap.QuietLogger).Run() }

func app() fx.Option {
	return fx.Options(
		bootstrap.Module, // logger, database, store, Temporal, the operators' port
		settingsModule,   // what the environment says
		adaptersModule,   // clamd, the programs that make previews, the mail server and the buckets, as the activities know them
		processes(),      // what is done with them
		fx.Invoke(workers.Run, watchTiers),
		fx.StopTimeout(stopTimeout),
	)
}

// watchTiers keeps the numbers by tier for as long as the program runs.
func watchTiers(lc fx.Lifecycle, db *tenancy.DB, r prometheus.Registerer, log *slog.Logger) {
	numbers, ended := tiermetrics.New(db, r, time.Now), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	lc.Append(fx.StartStopHook(
		func() {
			go func() {
				defer close(ended)
				numbers.Run(ctx, log)
			}()
		},
		func() {
			cancel()
			<-ended
		}))
}

func processes() fx.Option {
	return fx.Options(
		uploadProcess,       // a received file to its one end
		previewProcess,      // previews that come after the publication
		sweepProcess,        // what no one else will finish
		reconcileProcess,    // rows, objects, quota and workflows say the same
		rescanProcess,       // published files, with the signatures of today
		checkpointProcess,   // signed heads of the audit logs, kept outside the database
		verificationProcess, // an audit log, compared with itself and with its checkpoints
		organizationProcess, // an organization's beginning, suspension and end
		invitationProcess,   // a person's way into an organization
		exportProcess,       // a copy of everything that an organization has
		usageProcess,        // what each organization used, by day
		operationRecorder,   // the rows in which long work reports
	)
}
