package consentrequest_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	activities "satchel/activities/consentrequest"
	"satchel/tenancy"
	"satchel/workflows/consentrequest"
)

var in = consentrequest.AskForConsentInput{Org: tenancy.OrgID(tenancy.NewID()), Request: tenancy.NewID()}

// run is one run on the clock of the test environment, with what each step says; the last
// answer stays.
type run struct {
	*testsuite.TestWorkflowEnvironment
	began time.Time
	steps []time.Duration // when, after the start
	mails []string
}

func newRun(answers ...activities.AdvanceConsentResult) *run {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r := &run{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	r.RegisterActivity(&activities.Activities{})
	r.began = r.Now()
	r.OnActivity("AdvanceConsent", mock.Anything, activities.AdvanceConsentInput(in)).Return(func(context.Context, activities.AdvanceConsentInput) (activities.AdvanceConsentResult, error) {
		r.steps = append(r.steps, r.Now().Sub(r.began))
		return answers[min(len(r.steps), len(answers))-1], nil
	})
	return r
}

// sends says how a mail fails, until it does not.
func (r *run) sends(failing time.Duration) {
	r.OnActivity("SendConsentMail", mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.SendConsentMailInput) (activities.SendConsentMailResult, error) {
		if r.Now().Sub(r.began) < failing {
			return activities.SendConsentMailResult{}, temporal.NewApplicationError("mail_unavailable", "mail_unavailable")
		}
		r.mails = append(r.mails, in.Mail)
		return activities.SendConsentMailResult{Due: true, Taken: true}, nil
	})
}

const day = 24 * time.Hour

// TestARequestWithoutAnAnswer: a notice, two reminders, and the end, each in its time.
func TestARequestWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	r := newRun(activities.AdvanceConsentResult{Mail: "notice", Wait: 14 * day}, activities.AdvanceConsentResult{Wait: 3 * day}, activities.AdvanceConsentResult{Mail: "reminder", Wait: 11 * day},
		activities.AdvanceConsentResult{Wait: 7 * day}, activities.AdvanceConsentResult{Mail: "reminder", Wait: 4 * day}, activities.AdvanceConsentResult{Wait: 4 * day}, activities.AdvanceConsentResult{Over: true})
	r.sends(0)
	r.ExecuteWorkflow(consentrequest.AskForConsent, in)
	require.NoError(t, r.GetWorkflowError())
	require.Equal(t, []string{"notice", "reminder", "reminder"}, r.mails)
	require.Len(t, r.steps, 7)
	require.InDelta(t, float64(14*day), float64(r.steps[6]), float64(time.Minute))
}

// TestAMailServerThatIsDownForADay is tried until it is up.
func TestAMailServerThatIsDownForADay(t *testing.T) {
	t.Parallel()
	r := newRun(activities.AdvanceConsentResult{Mail: "notice", Wait: 14 * day}, activities.AdvanceConsentResult{Over: true})
	r.sends(day)
	r.ExecuteWorkflow(consentrequest.AskForConsent, in)
	require.NoError(t, r.GetWorkflowError())
	require.Equal(t, []string{"notice"}, r.mails)
}

// TestAMailServerThatIsDownUntilTheEnd: the step after the mail's time says what follows.
func TestAMailServerThatIsDownUntilTheEnd(t *testing.T) {
	t.Parallel()
	r := newRun(activities.AdvanceConsentResult{Mail: "notice", Wait: 14 * day}, activities.AdvanceConsentResult{Over: true})
	r.sends(30 * day)
	r.ExecuteWorkflow(consentrequest.AskForConsent, in)
	require.NoError(t, r.GetWorkflowError())
	require.Empty(t, r.mails)
	require.Len(t, r.steps, 2)
	require.GreaterOrEqual(t, r.steps[1], 13*day)
}

// TestAnAnswerIsLookedAtAtOnce, while the time runs and while a mail is tried.
func TestAnAnswerIsLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	for _, first := range []activities.AdvanceConsentResult{{Wait: 3 * day}, {Mail: "reminder", Wait: 11 * day}} {
		r := newRun(first, activities.AdvanceConsentResult{Over: true})
		r.sends(30 * day)
		r.RegisterDelayedCallback(func() { r.SignalWorkflow(consentrequest.LookSignal, nil) }, time.Hour)
		r.ExecuteWorkflow(consentrequest.AskForConsent, in)
		require.NoError(t, r.GetWorkflowError())
		require.Len(t, r.steps, 2)
		require.Less(t, r.steps[1], 2*time.Hour)
	}
}
