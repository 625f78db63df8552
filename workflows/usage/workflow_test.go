package usage_test

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
	"go.temporal.io/sdk/workflow"

	"satchel/activities/email"
	activities "satchel/activities/usage"
	"satchel/internal/queue"
	"satchel/internal/replaytest"
	"satchel/tenancy"
	warnings "satchel/tenancy/usage"
	"satchel/workflows/usage"
)

// testBundle is one run with scripted activities.
type testBundle struct {
	env     *testsuite.TestWorkflowEnvironment
	began   time.Time
	rolled  []activities.RollUpOrganizationsInput
	at      []time.Duration // of each attempt, since the start
	options map[string]activity.Info
}

func setup() *testBundle {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &testBundle{env: suite.NewTestWorkflowEnvironment(), options: map[string]activity.Info{}}
	b.began = b.env.Now()
	b.env.RegisterActivity(&activities.Activities{})
	b.env.RegisterActivity(&email.Activities{})
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.options[info.ActivityType.Name] = *info
	})
	return b
}

// stretches answers the roll-up with one after the other; an error is one
// attempt that failed.
func (b *testBundle) stretches(answers ...any) {
	b.env.OnActivity("RollUpOrganizations", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.RollUpOrganizationsInput) (activities.RollUpOrganizationsResult, error) {
			n := len(b.rolled)
			b.rolled, b.at = append(b.rolled, in), append(b.at, b.env.Now().Sub(b.began))
			switch a := answers[min(n, len(answers)-1)].(type) {
			case error:
				return activities.RollUpOrganizationsResult{}, a
			case activities.RollUpOrganizationsResult:
				return a, nil
			}
			panic("neither a result nor an error")
		})
}

func orgID() tenancy.OrgID { return tenancy.OrgID(tenancy.NewID()) }

// TestPagesAreFollowedToTheEnd goes on where each stretch ended.
func TestPagesAreFollowedToTheEnd(t *testing.T) {
	t.Parallel()
	b, first, second := setup(), orgID(), orgID()
	b.stretches(activities.RollUpOrganizationsResult{Last: first, Organizations: 200}, activities.RollUpOrganizationsResult{Last: second, Organizations: 200},
		activities.RollUpOrganizationsResult{Organizations: 7})
	b.env.ExecuteWorkflow(usage.RollUpUsage, usage.RollUpUsageInput{Org: tenancy.Platform})
	require.NoError(t, b.env.GetWorkflowError())
	var result usage.RollUpUsageResult
	require.NoError(t, b.env.GetWorkflowResult(&result))
	require.EqualValues(t, 407, result.Organizations)
	require.Equal(t, []activities.RollUpOrganizationsInput{{Org: tenancy.Platform}, {Org: tenancy.Platform, After: first}, {Org: tenancy.Platform, After: second}}, b.rolled)
}

// TestFailedStretchIsTriedAgain from where it began, and not from the first.
func TestFailedStretchIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, first := setup(), orgID()
	away := temporal.NewApplicationError("database_unavailable", "database_unavailable")
	b.stretches(activities.RollUpOrganizationsResult{Last: first, Organizations: 200}, away, away, activities.RollUpOrganizationsResult{Organizations: 3})
	b.env.ExecuteWorkflow(usage.RollUpUsage, usage.RollUpUsageInput{Org: tenancy.Platform})
	require.NoError(t, b.env.GetWorkflowError())
	require.Len(t, b.rolled, 4)
	for _, in := range b.rolled[1:] {
		require.Equal(t, first, in.After)
	}
}

// TestRollUpGivesUpWithinTheHour: the next round is the retry.
func TestRollUpGivesUpWithinTheHour(t *testing.T) {
	t.Parallel()
	b := setup()
	b.stretches(temporal.NewApplicationError("database_unavailable", "database_unavailable"))
	b.env.ExecuteWorkflow(usage.RollUpUsage, usage.RollUpUsageInput{Org: tenancy.Platform})
	require.Error(t, b.env.GetWorkflowError())
	require.Greater(t, len(b.rolled), 5)
	require.LessOrEqual(t, b.at[len(b.at)-1], 30*time.Minute)
}

// TestRefusalIsNotTriedAgain: what the platform alone may do does not become
// allowed.
func TestRefusalIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup()
	b.stretches(temporal.NewNonRetryableApplicationError("not_platform", "not_platform", nil))
	b.env.ExecuteWorkflow(usage.RollUpUsage, usage.RollUpUsageInput{Org: orgID(), After: orgID()})
	require.Error(t, b.env.GetWorkflowError())
	require.Len(t, b.rolled, 1)
}

// TestLongRollUpContinuesAsNew carries on where it was, with what it counted.
func TestLongRollUpContinuesAsNew(t *testing.T) {
	t.Parallel()
	b, first := setup(), orgID()
	b.env.SetContinueAsNewSuggested(true)
	b.stretches(activities.RollUpOrganizationsResult{Last: first, Organizations: 200})
	b.env.ExecuteWorkflow(usage.RollUpUsage, usage.RollUpUsageInput{Org: tenancy.Platform, Organizations: 400})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, b.env.GetWorkflowError(), &again)
	var in usage.RollUpUsageInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.Equal(t, usage.RollUpUsageInput{Org: tenancy.Platform, After: first, Organizations: 600}, in)
}

// mailed runs the mail of a warning against a server that answers as it is told.
func (b *testBundle) mailed(t *testing.T, answer func() (email.SendUsageWarningResult, error)) (usage.WarnOrganizationResult, error) {
	t.Helper()
	b.env.OnActivity("SendUsageWarning", mock.Anything, mock.Anything).Return(
		func(context.Context, email.SendUsageWarningInput) (email.SendUsageWarningResult, error) {
			b.at = append(b.at, b.env.Now().Sub(b.began))
			return answer()
		})
	b.env.ExecuteWorkflow(usage.WarnOrganization, usage.WarnOrganizationInput{Org: orgID(), Warning: tenancy.NewID()})
	var result usage.WarnOrganizationResult
	if err := b.env.GetWorkflowError(); err != nil {
		return result, err
	}
	return result, b.env.GetWorkflowResult(&result)
}

// TestMailServerIsAwayForTwoHours: it is not flooded, and no one waits long once
// it is back.
func TestMailServerIsAwayForTwoHours(t *testing.T) {
	t.Parallel()
	b := setup()
	result, err := b.mailed(t, func() (email.SendUsageWarningResult, error) {
		if b.env.Now().Sub(b.began) < 2*time.Hour {
			return email.SendUsageWarningResult{}, temporal.NewApplicationError("mail_unavailable", "mail_unavailable")
		}
		return email.SendUsageWarningResult{Mail: warnings.Sent}, nil
	})
	require.NoError(t, err)
	require.Equal(t, warnings.Sent, result.Mail)
	last := b.at[len(b.at)-1]
	require.GreaterOrEqual(t, last, 2*time.Hour)
	require.Less(t, last, 2*time.Hour+6*time.Minute)
	require.Less(t, len(b.at), 40)
}

// TestMailServerIsAwayForADay fails the run: the sweep starts another for as
// long as the warning is open.
func TestMailServerIsAwayForADay(t *testing.T) {
	t.Parallel()
	b := setup()
	_, err := b.mailed(t, func() (email.SendUsageWarningResult, error) {
		return email.SendUsageWarningResult{}, temporal.NewApplicationError("mail_unavailable", "mail_unavailable")
	})
	require.Error(t, err)
	require.Greater(t, b.at[len(b.at)-1], 23*time.Hour)
}

// TestOptions are what replay does not see.
func TestOptions(t *testing.T) {
	t.Parallel()
	school := orgID()
	for name, c := range map[string]struct {
		run     func(*testBundle)
		queue   queue.Name
		attempt time.Duration
	}{
		"RollUpOrganizations": {func(b *testBundle) {
			b.stretches(activities.RollUpOrganizationsResult{})
			b.env.ExecuteWorkflow(usage.RollUpUsage, usage.RollUpUsageInput{Org: tenancy.Platform})
		}, queue.Batch, 10 * time.Minute},
		"SendUsageWarning": {func(b *testBundle) {
			b.env.OnActivity("SendUsageWarning", mock.Anything, mock.Anything).Return(email.SendUsageWarningResult{}, nil)
			b.env.ExecuteWorkflow(usage.WarnOrganization, usage.WarnOrganizationInput{Org: school, Warning: tenancy.NewID()})
		}, queue.Interactive, 2 * time.Minute},
	} {
		b := setup()
		c.run(b)
		require.NoError(t, b.env.GetWorkflowError(), name)
		info := b.options[name]
		require.Equal(t, string(c.queue), info.TaskQueue, name)
		require.Equal(t, c.attempt, info.StartToCloseTimeout, name)
		require.Equal(t, queue.HeartbeatTimeout, info.HeartbeatTimeout, name)
	}
	require.Equal(t, queue.For(school.String(), queue.Low), usage.Options(school).Priority, "no caller waits for a roll-up")
	require.Equal(t, queue.For(school.String(), queue.Default), usage.Mailing(school).Priority)
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	every := map[string]time.Duration{}
	for _, s := range usage.Schedules() {
		every[s.ID] = s.Every
	}
	require.Equal(t, map[string]time.Duration{"roll-up-usage": time.Hour}, every)
	require.Equal(t, usage.RollUpUsageInput{Org: tenancy.Platform}, usage.Schedules()[0].Input)
}

func TestNameIsOfTheWarning(t *testing.T) {
	t.Parallel()
	org, id := orgID(), tenancy.NewID()
	require.Equal(t, "usage-warning/"+org.String()+"/"+id.String(), usage.WarningID(org, id))
}

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordUsage -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 3, "rolled up, warned, warned after a failure", usage.RollUpUsage, usage.WarnOrganization)
}
