package generation_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	making "satchel/activities/generation"
	"satchel/activities/operation"
	"satchel/generation/drafts"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/generation"
)

// testBundle is one run with scripted activities.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	t        *testing.T
	in       generation.GenerateContentInput
	rounds   []making.MakeDraftResult // what the rounds give; then drafted
	failure  error                    // of a round
	states   []drafts.State           // what the turns see
	publish  error
	asked    int
	turns    int
	recorded []operation.RecordOperationInput
	ended    []making.EndGenerationInput
	version  uuid.UUID
}

func setup(t *testing.T) *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t, version: tenancy.NewID(),
		in: generation.GenerateContentInput{Org: tenancy.OrgID(tenancy.NewID()), Generation: tenancy.NewID()}}
	b.RegisterActivity(&making.Maker{})
	b.RegisterActivity(&making.Drafts{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
		b.recorded = append(b.recorded, in)
		return operation.RecordOperationResult{}, nil
	})
	b.OnActivity("MakeDraft", mock.Anything, mock.Anything).Return(func(_ context.Context, in making.MakeDraftInput) (making.MakeDraftResult, error) {
		b.asked++
		if b.failure != nil {
			return making.MakeDraftResult{}, b.failure
		}
		if in.Round <= len(b.rounds) {
			return b.rounds[in.Round-1], nil
		}
		return making.MakeDraftResult{State: making.Drafted}, nil
	}).Maybe()
	b.OnActivity("TakeDraftTurn", mock.Anything, mock.Anything).Return(func(context.Context, making.TakeDraftTurnInput) (making.TakeDraftTurnResult, error) {
		state := b.states[min(b.turns, len(b.states)-1)]
		b.turns++
		return making.TakeDraftTurnResult{State: state, Until: b.Now().Add(drafts.Life)}, nil
	}).Maybe()
	b.OnActivity("PublishDraft", mock.Anything, mock.Anything).Return(func(context.Context, making.PublishDraftInput) (making.PublishDraftResult, error) {
		return making.PublishDraftResult{File: tenancy.NewID(), Version: b.version}, b.publish
	}).Maybe()
	b.OnActivity("EndGeneration", mock.Anything, mock.Anything).Return(func(_ context.Context, in making.EndGenerationInput) (making.EndGenerationResult, error) {
		b.ended = append(b.ended, in)
		return making.EndGenerationResult{}, nil
	}).Maybe()
	return b
}

func (b *testBundle) run() (generation.GenerateContentResult, error) {
	b.ExecuteWorkflow(generation.GenerateContent, b.in)
	require.True(b.t, b.IsWorkflowCompleted())
	var result generation.GenerateContentResult
	if err := b.GetWorkflowError(); err != nil {
		return result, err
	}
	return result, b.GetWorkflowResult(&result)
}

func (b *testBundle) end() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

// TestAnApprovedDraftIsPublished: it waits, is told to look, and looks again.
func TestAnApprovedDraftIsPublished(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.states = []drafts.State{drafts.Draft, drafts.Draft, drafts.Approved}
	for n := range 2 {
		b.RegisterDelayedCallback(func() { b.SignalWorkflow(generation.LookSignal, nil) }, time.Duration(n+1)*24*time.Hour)
	}
	result, err := b.run()
	require.NoError(t, err)
	require.Equal(t, drafts.Published, result.State)
	require.Equal(t, b.version, *result.Version)
	require.Equal(t, 3, b.turns)
	require.Equal(t, operations.Succeeded, b.end().State)
	require.Len(t, b.end().Steps, 3)
	require.Empty(t, b.ended)
}

// TestADraftThatNoOneDecidesAboutExpires after 30 days, by the timer alone.
func TestADraftThatNoOneDecidesAboutExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.states = []drafts.State{drafts.Draft, drafts.Expired}
	began := b.Now()
	result, err := b.run()
	require.NoError(t, err)
	require.Equal(t, drafts.Expired, result.State)
	require.GreaterOrEqual(t, b.Now().Sub(began), drafts.Life)
	require.Equal(t, "expired", b.end().Failure.Code)
}

// TestRejectedAndLost: a person's no is no failure of the workflow's.
func TestRejectedAndLost(t *testing.T) {
	t.Parallel()
	for state, ends := range map[drafts.State]operations.State{drafts.Rejected: operations.Failed, drafts.Cancelled: operations.Cancelled} {
		b := setup(t)
		b.states = []drafts.State{state}
		result, err := b.run()
		require.NoError(t, err)
		require.Equal(t, state, result.State)
		require.Equal(t, ends, b.end().State)
	}
}

// TestRoundsAreTwo: an answer that cannot be used is asked for once more.
func TestRoundsAreTwo(t *testing.T) {
	t.Parallel()
	for code, rounds := range map[string][]making.MakeDraftResult{
		"":                {{State: making.Again}, {State: making.Drafted}},
		"model_refused":   {{State: making.Refused}},
		"answer_unusable": {{State: making.Again}, {State: making.Unusable}},
	} {
		b := setup(t)
		b.rounds, b.states = rounds, []drafts.State{drafts.Approved}
		result, err := b.run()
		require.NoError(t, err)
		require.Equal(t, len(rounds), b.asked)
		if code == "" {
			require.Equal(t, drafts.Published, result.State)
			continue
		}
		require.Equal(t, drafts.Failed, result.State)
		require.Equal(t, []making.EndGenerationInput{{Org: b.in.Org, Generation: b.in.Generation, State: drafts.Failed, Code: code}}, b.ended)
		require.Equal(t, code, b.end().Failure.Code)
	}
}

// TestFailures: one that another try cannot cure ends it at once; one that it can is tried
// six times, with pauses.
func TestFailures(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		final bool
		tries int
	}{"generation_day_cap": {true, 1}, "model_unavailable": {false, 6}} {
		b := setup(t)
		b.failure = temporal.NewApplicationErrorWithOptions(code, code, temporal.ApplicationErrorOptions{NonRetryable: c.final})
		began := b.Now()
		_, err := b.run()
		require.Error(t, err)
		require.Equal(t, c.tries, b.asked)
		require.Equal(t, code, b.ended[0].Code)
		require.Equal(t, operations.Failed, b.end().State)
		require.Equal(t, code, b.end().Failure.Code)
		if !c.final {
			require.GreaterOrEqual(t, b.Now().Sub(began), 10*time.Minute, "an overloaded model is given time")
		}
	}
	b := setup(t)
	b.states, b.publish = []drafts.State{drafts.Approved}, temporal.NewNonRetryableApplicationError("lost", "approved_version_lost", nil)
	_, err := b.run()
	require.Error(t, err)
	require.Equal(t, "approved_version_lost", b.ended[0].Code)
}

// TestCancelled while it waits for a person: the row ends too.
func TestCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.states = []drafts.State{drafts.Draft}
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Hour)
	_, err := b.run()
	require.Error(t, err)
	require.Equal(t, []making.EndGenerationInput{{Org: b.in.Org, Generation: b.in.Generation, State: drafts.Cancelled}}, b.ended)
	require.Equal(t, operations.Cancelled, b.end().State)
}
