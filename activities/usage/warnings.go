package usage

import (
	"context"
	"errors"
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

// RaiseUsageWarningsInput names the platform, and where to go on in each of the two
// lists.
type RaiseUsageWarningsInput struct {
	Org          tenancy.OrgID
	After        uuid.UUID // the organization at which the run before ended
	AfterWarning uuid.UUID // the warning at which the run before ended
}

// PlatformWork marks work across organizations.
func (RaiseUsageWarningsInput) PlatformWork() {}

// RaiseUsageWarningsResult counts the organizations whose warnings changed and
// the mails whose workflow was started, and says where the next run goes on.
type RaiseUsageWarningsResult struct {
	Organizations, Started int

	Next        uuid.UUID `json:",omitzero"` // organization
	NextWarning uuid.UUID `json:",omitzero"`
}

// RaiseUsageWarnings raises and takes down what is due anywhere, and starts the
// mails that wait. One that fails does not stop the others; the next round is
// the retry.
func (a *Activities) RaiseUsageWarnings(ctx context.Context, in RaiseUsageWarningsInput) (RaiseUsageWarningsResult, error) {
	raised, failures := queue.SweepByID(ctx, "raise usage warnings", in.After, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.db.UsageCrossings(ctx, after, a.page)
	}, func(ctx context.Context, org tenancy.OrgID) error {
		return a.db.InTx(ctx, org, func(tx *tenancy.Tx) error { return warn(ctx, tx) })
	})
	started, unstarted := queue.SweepByID(ctx, "start usage warnings", in.AfterWarning, func(r tenancy.WarningRef) uuid.UUID { return r.Warning },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.WarningRef, error) {
			return a.db.UsageWarningsWaiting(ctx, silent, after, a.page)
		}, a.start)
	result := RaiseUsageWarningsResult{Organizations: raised.Done, Started: started.Done, Next: raised.Next, NextWarning: started.Next}
	return result, queue.Unless(raised.Next != uuid.Nil || started.Next != uuid.Nil, errors.Join(failures, unstarted))
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
