package share_test

import (
	"context"
	"log/slog"
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
	"satchel/internal/queue"
	"satchel/shares"
	"satchel/tenancy"
	"satchel/workflows/share"
)

func environment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(&email.Activities{})
	return env
}

var in = share.MailShareInput{Org: tenancy.OrgID(tenancy.NewID()), Share: tenancy.NewID(), Recipient: tenancy.NewID()}

// TestAMailServerThatIsDown is tried for days, and not as fast as it can be.
func TestAMailServerThatIsDown(t *testing.T) {
	t.Parallel()
	env := environment()
	began, tries, on := env.Now(), 0, ""
	env.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) { on = i.TaskQueue })
	env.OnActivity("SendShare", mock.Anything, email.SendShareInput(in)).Return(func(context.Context, email.SendShareInput) (email.SendShareResult, error) {
		tries++
		if env.Now().Sub(began) < 12*time.Hour {
			return email.SendShareResult{}, temporal.NewApplicationError("mail_unavailable", "mail_unavailable")
		}
		return email.SendShareResult{Alive: true, Delivery: shares.Sent}, nil
	})
	env.ExecuteWorkflow(share.MailShare, in)
	require.NoError(t, env.GetWorkflowError())
	var r email.SendShareResult
	require.NoError(t, env.GetWorkflowResult(&r))
	require.Equal(t, shares.Sent, r.Delivery)
	require.Equal(t, string(queue.Interactive), on)
	require.Less(t, tries, 200)
}

// TestAShareThatHasEnded needs no mail: one look, and the workflow is over.
func TestAShareThatHasEnded(t *testing.T) {
	t.Parallel()
	env := environment()
	env.OnActivity("SendShare", mock.Anything, mock.Anything).Return(email.SendShareResult{}, nil).Once()
	env.ExecuteWorkflow(share.MailShare, in)
	require.NoError(t, env.GetWorkflowError())
	env.AssertExpectations(t)
}
