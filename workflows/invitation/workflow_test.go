package invitation_test

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
	activities "satchel/activities/invitation"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/members"
	"satchel/workflows/invitation"
)

const week = 7 * 24 * time.Hour

// bundle is one run on the clock of the test environment.
type bundle struct {
	env   *testsuite.TestWorkflowEnvironment
	in    invitation.InviteMemberInput
	began time.Time

	mu     sync.Mutex
	sends  []time.Duration // when, after the start
	ended  []members.State
	queues map[string]string
}

// setup scripts what each attempt to send answers; the last answer stays.
func setup(answers ...func() (email.SendInvitationResult, error)) *bundle {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &bundle{env: suite.NewTestWorkflowEnvironment(), queues: map[string]string{}}
	b.began = b.env.Now()
	b.in = invitation.InviteMemberInput{Org: tenancy.OrgID(tenancy.NewID()), Invitation: tenancy.NewID(), ExpiresAt: b.began.Add(week)}
	b.env.RegisterWorkflow(invitation.InviteMember)
	b.env.RegisterActivity(&email.Activities{})
	b.env.RegisterActivity(&activities.Activities{})
	b.env.OnActivity("SendInvitation", mock.Anything, mock.Anything).Return(func(_ context.Context, in email.SendInvitationInput) (email.SendInvitationResult, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sends = append(b.sends, b.env.Now().Sub(b.began))
		return answers[min(len(b.sends), len(answers))-1]()
	}).Maybe()
	b.env.OnActivity("EndInvitation", mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.EndInvitationInput) (activities.EndInvitationResult, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ended = append(b.ended, in.To)
		return activities.EndInvitationResult{Ended: true}, nil
	}).Maybe()
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.queues[info.ActivityType.Name] = info.TaskQueue
	})
	return b
}

func (b *bundle) at(after time.Duration, signal string) {
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(signal, nil) }, after)
}

func (b *bundle) run(t *testing.T) invitation.InviteMemberResult {
	t.Helper()
	b.env.ExecuteWorkflow(invitation.InviteMember, b.in)
	require.True(t, b.env.IsWorkflowCompleted())
	require.NoError(t, b.env.GetWorkflowError())
	var r invitation.InviteMemberResult
	require.NoError(t, b.env.GetWorkflowResult(&r))
	return r
}

func sent() (email.SendInvitationResult, error) {
	return email.SendInvitationResult{State: members.Pending, Delivery: members.Sent}, nil
}

func refused() (email.SendInvitationResult, error) {
	return email.SendInvitationResult{State: members.Pending, Delivery: members.Failed}, nil
}

func revoked() (email.SendInvitationResult, error) {
	return email.SendInvitationResult{State: members.Revoked}, nil
}

func down() (email.SendInvitationResult, error) {
	return email.SendInvitationResult{}, temporal.NewApplicationError("mail_unavailable", "mail_unavailable")
}

func gone() (email.SendInvitationResult, error) {
	return email.SendInvitationResult{}, temporal.NewNonRetryableApplicationError("invitation_not_found", "invitation_not_found", nil)
}

func TestExpiryIsDurable(t *testing.T) {
	t.Parallel()
	b := setup(sent)
	require.True(t, b.run(t).Expired)
	require.Equal(t, []members.State{members.Expired}, b.ended)
	require.Len(t, b.sends, 1)
	require.GreaterOrEqual(t, b.env.Now().Sub(b.began), week)
	require.Equal(t, map[string]string{"SendInvitation": string(queue.Interactive), "EndInvitation": string(queue.Batch)}, b.queues)
}

// TestAnswerEndsIt: the person's answer is in the row; nothing is left to do.
func TestAnswerEndsIt(t *testing.T) {
	t.Parallel()
	b := setup(sent)
	b.at(48*time.Hour, invitation.InvitationEnded)
	require.False(t, b.run(t).Expired)
	require.Empty(t, b.ended)
	require.Less(t, b.env.Now().Sub(b.began), 49*time.Hour)
}

func TestMailIsDownForAnHour(t *testing.T) {
	t.Parallel()
	b := setup()
	b = setup(func() (email.SendInvitationResult, error) {
		if b.env.Now().Sub(b.began) < time.Hour {
			return down()
		}
		return sent()
	})
	b.at(3*time.Hour, invitation.InvitationEnded)
	b.run(t)
	last := b.sends[len(b.sends)-1]
	require.GreaterOrEqual(t, last, time.Hour)
	require.Less(t, last, time.Hour+6*time.Minute, "retries resume soon after the server is back")
	require.Less(t, len(b.sends), 30, "a server that is down is not flooded")
	require.Empty(t, b.ended)
}

func TestResend(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func() (email.SendInvitationResult, error){"after a mail": sent, "after a refusal": refused} {
		b := setup(first, sent)
		b.at(time.Hour, invitation.InvitationResent)
		b.at(2*time.Hour, invitation.InvitationEnded)
		b.run(t)
		require.Len(t, b.sends, 2, name)
		require.GreaterOrEqual(t, b.sends[1], time.Hour, name)
		require.Less(t, b.sends[1], time.Hour+time.Minute, name)
	}
}

// TestResendWhileTheServerIsDown does not wait for the next pause to end.
func TestResendWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	b := setup()
	b = setup(func() (email.SendInvitationResult, error) {
		if b.env.Now().Sub(b.began) < 30*time.Minute {
			return down()
		}
		return sent()
	})
	b.at(30*time.Minute+time.Second, invitation.InvitationResent)
	b.at(time.Hour, invitation.InvitationEnded)
	b.run(t)
	last := b.sends[len(b.sends)-1]
	require.GreaterOrEqual(t, last, 30*time.Minute)
	require.Less(t, last, 30*time.Minute+10*time.Second)
}

func TestRevokedBeforeTheMail(t *testing.T) {
	t.Parallel()
	b := setup(revoked)
	require.False(t, b.run(t).Expired)
	require.Empty(t, b.ended, "the row says it already")
	require.Less(t, b.env.Now().Sub(b.began), time.Minute, "and nothing waits for the week to end")
}

// TestRevokedWhileTheServerIsDown ends the attempts with the invitation.
func TestRevokedWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	b := setup(down)
	b.at(time.Hour, invitation.InvitationEnded)
	b.run(t)
	for _, at := range b.sends {
		require.LessOrEqual(t, at, time.Hour)
	}
	require.Empty(t, b.ended)
}

func TestRowThatIsGoneEndsIt(t *testing.T) {
	t.Parallel()
	b := setup(gone)
	require.False(t, b.run(t).Expired)
	require.Empty(t, b.ended)
	require.Less(t, b.env.Now().Sub(b.began), time.Minute)
}

func TestStartedTooLateOnlyEnds(t *testing.T) {
	t.Parallel()
	b := setup(sent)
	b.in.ExpiresAt = b.began.Add(-time.Minute)
	require.True(t, b.run(t).Expired)
	require.Empty(t, b.sends)
	require.Equal(t, []members.State{members.Expired}, b.ended)
}

// TestCancellationRevokes: nothing would end the row any more.
func TestCancellationRevokes(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func() (email.SendInvitationResult, error){"while it waits": sent, "while it tries": down} {
		b := setup(first)
		b.env.RegisterDelayedCallback(b.env.CancelWorkflow, time.Hour)
		b.env.ExecuteWorkflow(invitation.InviteMember, b.in)
		require.Error(t, b.env.GetWorkflowError(), name)
		require.Equal(t, []members.State{members.Revoked}, b.ended, name)
	}
}

func TestNameIsOfTheInvitation(t *testing.T) {
	t.Parallel()
	org, id := tenancy.OrgID(tenancy.NewID()), tenancy.NewID()
	require.Equal(t, "invitation/"+org.String()+"/"+id.String(), invitation.WorkflowID(org, id))
}
