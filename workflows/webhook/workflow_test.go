package webhook_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/email"
	activities "satchel/activities/webhook"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/workflows/webhook"
)

// bundle is one run on the clock of the test environment.
type bundle struct {
	env *testsuite.TestWorkflowEnvironment
	in  webhook.DeliverToWebhookInput

	mu      sync.Mutex
	turns   []time.Duration // when, after the start
	options map[string]activity.Info
}

// setup scripts what each turn leaves; the last answer stays.
func setup(answers ...activities.DeliverEventsResult) *bundle {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &bundle{env: suite.NewTestWorkflowEnvironment(), options: map[string]activity.Info{}}
	b.in = webhook.DeliverToWebhookInput{Org: tenancy.OrgID(tenancy.NewID()), Webhook: tenancy.NewID()}
	b.env.RegisterWorkflow(webhook.DeliverToWebhook)
	b.env.RegisterActivity(&activities.Activities{})
	b.env.RegisterActivity(&email.Activities{})
	began := b.env.Now()
	b.env.OnActivity("DeliverEvents", mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.DeliverEventsInput) (activities.DeliverEventsResult, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.turns = append(b.turns, b.env.Now().Sub(began))
		return answers[min(len(b.turns), len(answers))-1], nil
	})
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.options[info.ActivityType.Name] = *info
	})
	return b
}

func (b *bundle) run(t *testing.T) webhook.DeliverToWebhookResult {
	t.Helper()
	b.env.ExecuteWorkflow(webhook.DeliverToWebhook, b.in)
	require.True(t, b.env.IsWorkflowCompleted())
	require.NoError(t, b.env.GetWorkflowError())
	var r webhook.DeliverToWebhookResult
	require.NoError(t, b.env.GetWorkflowResult(&r))
	return r
}

// TestTurnsUntilNothingWaits: at once while there is more, later when something is to be
// tried later.
func TestTurnsUntilNothingWaits(t *testing.T) {
	t.Parallel()
	b := setup(activities.DeliverEventsResult{Delivered: 3, More: true}, activities.DeliverEventsResult{Failed: 1, Wait: time.Hour}, activities.DeliverEventsResult{Delivered: 1})
	require.Equal(t, webhook.DeliverToWebhookResult{Delivered: 4, Failed: 1}, b.run(t))
	require.Len(t, b.turns, 3)
	require.Less(t, b.turns[1], time.Minute)
	require.GreaterOrEqual(t, b.turns[2], time.Hour)
	turn := b.options["DeliverEvents"]
	require.Equal(t, string(queue.External), turn.TaskQueue)
	require.Equal(t, queue.HeartbeatTimeout, turn.HeartbeatTimeout)
	require.Equal(t, time.Minute, turn.StartToCloseTimeout)
}

// TestEventsEndTheWait, and those that come during a turn are not lost.
func TestEventsEndTheWait(t *testing.T) {
	t.Parallel()
	b := setup(activities.DeliverEventsResult{Failed: 1, Wait: time.Hour}, activities.DeliverEventsResult{Delivered: 1})
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(webhook.EventsWait, nil) }, time.Minute)
	b.run(t)
	require.Len(t, b.turns, 2)
	require.Less(t, b.turns[1], 2*time.Minute)
}

// TestDisabledIsMailed when the row says that a mail waits, and not twice.
func TestDisabledIsMailed(t *testing.T) {
	t.Parallel()
	for _, mail := range []bool{true, false} {
		b := setup(activities.DeliverEventsResult{Over: true, Mail: mail})
		mails, down := 0, temporal.NewApplicationError("mail_unavailable", "mail_unavailable")
		b.env.OnActivity("SendWebhookNotice", mock.Anything, mock.Anything).Return(func(context.Context, email.SendWebhookNoticeInput) (email.SendWebhookNoticeResult, error) {
			if mails++; mails == 1 {
				return email.SendWebhookNoticeResult{}, down
			}
			return email.SendWebhookNoticeResult{Mail: "sent"}, nil
		}).Maybe()
		b.run(t)
		if mail {
			require.Equal(t, 2, mails, "tried again")
			require.Equal(t, string(queue.Interactive), b.options["SendWebhookNotice"].TaskQueue)
		} else {
			require.Zero(t, mails)
		}
	}
}

// TestCancelledWhileItWaits ends at once: the rows keep what is left.
func TestCancelledWhileItWaits(t *testing.T) {
	t.Parallel()
	b := setup(activities.DeliverEventsResult{Failed: 1, Wait: 8 * time.Hour})
	b.env.RegisterDelayedCallback(b.env.CancelWorkflow, time.Minute)
	b.env.ExecuteWorkflow(webhook.DeliverToWebhook, b.in)
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, b.env.GetWorkflowError(), &cancelled)
	require.Len(t, b.turns, 1)
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	every := map[string]time.Duration{}
	for _, s := range webhook.Schedules() {
		every[s.ID] = s.Every
	}
	require.Equal(t, map[string]time.Duration{"clean-events": time.Hour}, every)
}

func TestOneWorkflowAWebhook(t *testing.T) {
	t.Parallel()
	org, id := tenancy.OrgID(tenancy.NewID()), tenancy.NewID()
	require.Equal(t, "webhook/"+org.String()+"/"+id.String(), webhook.WorkflowID(org, id))
}
