package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/usage"
)

// WarningStarter starts the workflow that mails a warning, or finds it started.
type WarningStarter interface {
	StartWarning(ctx context.Context, org tenancy.OrgID, warning uuid.UUID) error
}

// silent is longer than the longest pause between two attempts at a mail.
const silent = 15 * time.Minute

// SweepsOf are the sweeps of warnings.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{
		{Name: "raise-usage-warnings", Every: 2 * time.Minute, Run: a.raiseUsageWarnings},
		{Name: "start-usage-warnings", Every: 30 * time.Second, Run: a.startUsageWarnings},
	}
}

// raiseUsageWarnings raises and takes down what is due anywhere. The mails wait in the
// rows.
func (a *Activities) raiseUsageWarnings(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "raise usage warnings", after, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.db.UsageCrossings(ctx, after, a.page)
	}, func(ctx context.Context, org tenancy.OrgID) error {
		return a.db.InTx(ctx, org, func(tx *tenancy.Tx) error { return warn(ctx, tx) })
	})
}

// startUsageWarnings starts the mails that wait.
func (a *Activities) startUsageWarnings(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start usage warnings", after, func(r tenancy.WarningRef) uuid.UUID { return r.Warning },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.WarningRef, error) {
			return a.db.UsageWarningsWaiting(ctx, silent, after, a.page)
		}, a.start)
}

// warn raises the organization's warnings. The row, the event and the audit log are
// one transaction, and the mail waits in the row.
func warn(ctx context.Context, tx *tenancy.Tx) error {
	raised, err := usage.Cross(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range raised {
		if err := events.Record(ctx, tx, r.ID, events.UsageWarning, r); err != nil {
			return err
		}
		if err := usage.RecordWarning(ctx, tx, r); err != nil {
			return err
		}
	}
	for _, r := range raised {
		e := audit.Event{Action: "usage.warn", ObjectID: tx.Org().String(), Code: fmt.Sprintf("%s:%d", r.Metric, r.Threshold)}
		if err := audit.Record(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

func (a *Activities) start(ctx context.Context, r tenancy.WarningRef) error {
	org := r.Org
	if err := a.warner.StartWarning(ctx, org, r.Warning); err != nil {
		return err
	}
	return usage.MarkSending(ctx, a.db.Single(org), r.Warning)
}
