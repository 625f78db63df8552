package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	rolling "satchel/activities/usage"
	"satchel/cmd/worker/wiring"
	"satchel/internal/fault"
	"satchel/internal/mail"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/usage"
	counting "satchel/workflows/usage"
)

const contact = "contact@school.example"

// fill has the organization store so many percent of its room.
func (b *worker) fill(t *testing.T, percent int) {
	t.Helper()
	ctx := context.Background()
	_, err := b.Admin(t).Exec(ctx, "update organizations set contact_email = $2 where id = $1", b.Org, contact)
	require.NoError(t, err)
	_, err = b.Admin(t).Exec(ctx, "update storage_quotas set used_bytes = max_bytes / 100 * $2 + 100 where organization_id = $1", b.Org, percent)
	require.NoError(t, err)
}

// sweepWarnings runs one round of warnings, as the worker does.
func (b *worker) sweepWarnings(t *testing.T) {
	t.Helper()
	b.Sweep(t, "raise-usage-warnings")
	b.Sweep(t, "start-usage-warnings")
}

func (b *worker) warnings(t *testing.T) []usage.Warning {
	t.Helper()
	found, err := usage.Warnings(context.Background(), b.Single(b.Org))
	require.NoError(t, err)
	return found
}

func (b *worker) happened(t *testing.T) []events.Event {
	t.Helper()
	found, err := events.List(context.Background(), b.Single(b.Org), events.UsageWarning, 0, 100)
	require.NoError(t, err)
	return found
}

func (b *worker) untilMail(t *testing.T, done func(usage.Warning) bool) usage.Warning {
	t.Helper()
	require.Eventually(t, func() bool { w := b.warnings(t); return len(w) > 0 && done(w[0]) }, patience, pause)
	return b.warnings(t)[0]
}

func (b *worker) warning(id uuid.UUID) client.WorkflowRun {
	return b.Client.GetWorkflow(context.Background(), counting.WarningID(b.Org, id), "")
}

func isMailed(w usage.Warning) bool { return w.Mail == usage.Sent }

// TestWarningFromCrossingToMail: one event, one row of the audit log and one mail a
// crossing, however often the sweep comes round.
func TestWarningFromCrossingToMail(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.fill(t, 82)
	b.sweepWarnings(t)
	w := b.untilMail(t, isMailed)
	require.Equal(t, 80, w.Threshold)
	for range 3 {
		b.sweepWarnings(t)
	}
	require.NoError(t, b.warning(*w.Event).Get(context.Background(), nil))
	happened := b.happened(t)
	require.Len(t, happened, 1)
	require.Equal(t, *w.Event, happened[0].ID)
	var trail int
	require.NoError(t, b.Single(b.Org).QueryRow(context.Background(), "select count(*) from audit_events where action = 'usage.warn'").Scan(&trail))
	require.Equal(t, 1, trail)
	require.Len(t, b.Mails.All(), 1)
	m := b.Mails.All()[0]
	require.Equal(t, contact, m.To)
	require.Equal(t, w.Event.String(), m.ID)
	require.Equal(t, "Your organization has used 82 % of its storage", m.Subject)
	require.Contains(t, m.Text, "839.7 MiB of 1.0 GiB")
	require.Contains(t, m.HTML, "Test school")
	history := b.Client.GetWorkflowHistory(context.Background(), counting.WarningID(b.Org, *w.Event), "", false, 1)
	for history.HasNext() {
		e, err := history.Next()
		require.NoError(t, err)
		require.NotContains(t, e.String(), "school.example", "addresses stay out of Temporal")
	}

	b.fill(t, 96)
	b.sweepWarnings(t)
	require.Equal(t, 95, b.untilMail(t, isMailed).Threshold)
	b.fill(t, 10)
	b.sweepWarnings(t)
	require.Empty(t, b.warnings(t))
	b.fill(t, 85)
	b.sweepWarnings(t)
	require.Equal(t, 80, b.untilMail(t, isMailed).Threshold)
	require.Len(t, b.happened(t), 3)
	require.Len(t, b.Mails.All(), 3)
}

// TestWarningWaitsForTheMailServer: the attempt is recorded in the row with its code, and the
// mail goes out once the server is back, without anyone asking.
func TestWarningWaitsForTheMailServer(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Mails.Fail(wiring.MailFaults[mail.ErrUnavailable])
	b.fill(t, 82)
	b.sweepWarnings(t)
	w := b.untilMail(t, func(w usage.Warning) bool { return w.MailCode != "" })
	require.Equal(t, usage.Queued, w.Mail)
	require.Equal(t, "mail_unavailable", w.MailCode)
	require.Eventually(t, func() bool { return b.Mails.Tries() > 1 }, patience, pause)
	b.Mails.Fail(nil)
	w = b.untilMail(t, isMailed)
	require.Empty(t, w.MailCode)
	require.Len(t, b.Mails.Tokens(), 1)
}

// TestRefusedWarningIsNotRepeated: an address that is none stays one.
func TestRefusedWarningIsNotRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Mails.Fail(wiring.MailFaults[mail.ErrAddressRefused])
	b.fill(t, 82)
	b.sweepWarnings(t)
	w := b.untilMail(t, func(w usage.Warning) bool { return w.Mail == usage.Failed })
	require.NoError(t, b.warning(*w.Event).Get(context.Background(), nil))
	b.sweepWarnings(t)
	require.Equal(t, 1, b.Mails.Tries())
	require.Equal(t, "address_refused", w.MailCode)
}

// TestWarningThatIsOverIsNotMailed: use fell while the mail server was away.
func TestWarningThatIsOverIsNotMailed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Mails.Fail(wiring.MailFaults[mail.ErrDeferred])
	b.fill(t, 82)
	b.sweepWarnings(t)
	w := b.untilMail(t, func(w usage.Warning) bool { return w.MailCode != "" })
	b.fill(t, 1)
	b.sweepWarnings(t)
	b.Mails.Fail(nil)
	var result counting.WarnOrganizationResult
	require.NoError(t, b.warning(*w.Event).Get(context.Background(), &result))
	require.Equal(t, usage.NoMail, result.Mail)
	require.Empty(t, b.Mails.Tokens())
}

// TestLostStartIsMadeUpFor: the row and the event are there, Temporal was not.
// The next round starts the mail, and nothing is raised twice.
func TestLostStartIsMadeUpFor(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.fill(t, 82)
	lost := wiring.NewUsage(b.DB, down{})
	ctx := context.Background()
	err := counting.StartWarning(ctx, down{}, b.Org, tenancy.NewID())
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	_, err = lost.RollUpOrganizations(ctx, rolling.RollUpOrganizationsInput{Org: b.Org})
	require.NoError(t, err, "the roll-up raises and leaves the start to the sweep")
	require.Equal(t, usage.Queued, b.warnings(t)[0].Mail)
	b.sweepWarnings(t)
	b.untilMail(t, isMailed)
	require.Len(t, b.happened(t), 1)
}

// TestRecordUsage writes what the real server kept of the processes of usage.
func TestRecordUsage(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	ctx := context.Background()
	o := queue.Start("roll-up-usage", queue.Batch, tenancy.Platform.String(), queue.For(tenancy.Platform.String(), queue.Default), "usage")
	run, err := b.Client.ExecuteWorkflow(ctx, o, counting.RollUpUsage, counting.RollUpUsageInput{Org: tenancy.Platform})
	require.NoError(t, err)
	require.NoError(t, run.Get(ctx, nil))
	b.keepOf(t, run, "usage", "rolled-up")

	b.fill(t, 82)
	b.sweepWarnings(t)
	run = b.warning(*b.untilMail(t, isMailed).Event)
	require.NoError(t, run.Get(ctx, nil))
	b.keepOf(t, run, "usage", "warned")

	b.Mails.Fail(wiring.MailFaults[mail.ErrUnavailable])
	b.fill(t, 96)
	b.sweepWarnings(t)
	w := b.untilMail(t, func(w usage.Warning) bool { return w.MailCode != "" })
	time.AfterFunc(time.Second, func() { b.Mails.Fail(nil) })
	run = b.warning(*w.Event)
	require.NoError(t, run.Get(ctx, nil))
	b.keepOf(t, run, "usage", "warned-after-failure")
}
