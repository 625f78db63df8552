// Package wiring puts the worker together: each process's workflows and
// activities, and the adapters that they are bound to. It is a package of its
// own so that the tests of the whole worker (workers/pipeline) run exactly these
// processes; a main package cannot be imported.
package wiring

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

// App is the whole worker.
func App() fx.Option {
	return fx.Options(
		bootstrap.Module, // logger, database, store, Temporal, the operators' port
		settingsModule,   // what the environment says
		adaptersModule,   // clamd, the programs that make previews, the mail server and the buckets, as the activities know them
		Processes(),      // what is done with them
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

// Processes is what the worker runs, without the settings and adapters that it needs.
func Processes() fx.Option {
	return fx.Options(
		uploadProcess,         // a received file to its one end
		previewProcess,        // previews that come after the publication
		textProcess,           // what is written in a published file, for searches
		personalProcess,       // personal data in files
		sweepProcess,          // what no one else will finish
		keysProcess,           // keys of files under a new key of the key service
		reconcileProcess,      // rows, objects, quota and workflows say the same
		rescanProcess,         // published files, with the signatures of today
		checkpointProcess,     // signed heads of the audit logs, kept outside the database
		verificationProcess,   // an audit log, compared with itself and with its checkpoints
		organizationProcess,   // an organization's beginning, suspension and end
		shareProcess,          // mails of shares to people outside, and the end of their time
		invitationProcess,     // a person's way into an organization
		consentRequestProcess, // parents asked for their consent
		bulkProcess,           // changes of many files at once
		erasureProcess,        // what must not be kept any more, with a certificate
		exportProcess,         // a copy of everything that an organization has
		rosterProcess,         // rosters, from the package to the classes
		webhookProcess,        // events on their way to the systems of others
		notificationProcess,   // what members are told, in their inbox and by mail
		generationProcess,     // documents made from texts
		analyticsProcess,      // what happened, counted, and the reports of it
		robloxProcess,         // files on their way to Roblox
		edgeProcess,           // what ended, told to the cache in front of the content host
		usageProcess,          // what each organization used, by day
		operationRecorder,     // the rows in which long work reports
	)
}
