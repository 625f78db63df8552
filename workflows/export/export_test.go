package export_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	writing "satchel/activities/export"
	"satchel/activities/operation"
	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/export"
)

// testBundle is one run with scripted parts.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	in        export.ExportOrganizationInput
	recorded  []operation.RecordOperationInput
	parts     []int
	discarded int
}

func script(parts ...writing.WriteExportPartResult) *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), in: export.ExportOrganizationInput{
		Org: tenancy.OrgID(tenancy.NewID()), Operation: tenancy.NewID()}}
	b.RegisterActivity(&writing.Activities{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		})
	for n, p := range parts {
		in := writing.WriteExportPartInput{Org: b.in.Org, Export: b.in.Operation, Part: n + 1}
		b.OnActivity("WriteExportPart", mock.Anything, in).Return(p, nil).Once().Run(func(mock.Arguments) { b.parts = append(b.parts, n+1) })
	}
	b.OnActivity("DiscardExport", mock.Anything, writing.DiscardExportInput{Org: b.in.Org, Export: b.in.Operation}).Return(
		func(context.Context, writing.DiscardExportInput) (writing.DiscardExportResult, error) {
			b.discarded++
			return writing.DiscardExportResult{}, nil
		}).Maybe()
	return b
}

func (b *testBundle) finish(err error) *testsuite.MockCallWrapper {
	return b.OnActivity("FinishExport", mock.Anything, writing.FinishExportInput{Org: b.in.Org, Export: b.in.Operation}).Return(
		writing.FinishExportResult{Files: 5, Parts: []writing.Part{{Number: 1}}}, err)
}

func (b *testBundle) run() error {
	b.ExecuteWorkflow(export.ExportOrganization, b.in)
	return b.GetWorkflowError()
}

func (b *testBundle) end() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

func part(files int64, end bool) writing.WriteExportPartResult {
	return writing.WriteExportPartResult{Files: files, End: end}
}

func TestPartsAreWrittenInTurnAndFinished(t *testing.T) {
	t.Parallel()
	b := script(part(0, false), part(3, false), part(2, true))
	b.finish(nil).Once()
	require.NoError(t, b.run())
	require.Equal(t, []int{1, 2, 3}, b.parts)
	require.Zero(t, b.discarded)
	require.Len(t, b.recorded, 4, "progress after each part, and the end")
	require.Equal(t, []operations.Step{{Name: "rows", State: operations.Succeeded, Done: 1}, {Name: "files", State: operations.Running, Done: 3}}, b.recorded[1].Steps)
	require.Equal(t, operations.Succeeded, b.end().State)
	require.Equal(t, []operations.Step{{Name: "rows", State: operations.Succeeded, Done: 1}, {Name: "files", State: operations.Succeeded, Done: 5},
		{Name: "finish", State: operations.Succeeded}}, b.end().Steps)
	require.NotNil(t, b.end().Result)
	b.AssertExpectations(t)
}

func TestOrganizationWithoutFilesHasOnePart(t *testing.T) {
	t.Parallel()
	b := script(part(0, true))
	b.finish(nil)
	require.NoError(t, b.run())
	require.Equal(t, []int{1}, b.parts)
}

func TestFailedPartLeavesNothing(t *testing.T) {
	t.Parallel()
	b := script(part(0, false))
	b.OnActivity("WriteExportPart", mock.Anything, mock.Anything).Return(part(0, false), temporal.NewNonRetryableApplicationError("no", "content_differs", nil))
	require.Error(t, b.run())
	require.Equal(t, 1, b.discarded)
	require.Equal(t, operations.Failed, b.end().State)
	require.Equal(t, &operations.Failure{Code: "content_differs"}, b.end().Failure)
	require.Nil(t, b.end().Result)
	require.Equal(t, operations.Failed, b.end().Steps[1].State)
}

func TestFailedRowsAreTheStepThatFailed(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("WriteExportPart", mock.Anything, mock.Anything).Return(part(0, false), temporal.NewNonRetryableApplicationError("no", "", nil))
	require.Error(t, b.run())
	require.Equal(t, []operations.Step{{Name: "rows", State: operations.Failed}}, b.end().Steps)
	require.Equal(t, &operations.Failure{Code: "export_failed"}, b.end().Failure)
}

func TestFailedFinishLeavesNothing(t *testing.T) {
	t.Parallel()
	b := script(part(0, true))
	b.finish(temporal.NewNonRetryableApplicationError("no", "export_not_running", nil))
	require.Error(t, b.run())
	require.Equal(t, 1, b.discarded)
	require.Equal(t, operations.Failed, b.end().Steps[2].State)
}

func TestBusyStoreIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("WriteExportPart", mock.Anything, mock.Anything).Return(part(0, false), errors.New("busy")).Times(4)
	b.OnActivity("WriteExportPart", mock.Anything, mock.Anything).Return(part(0, true), nil).Once()
	b.finish(nil)
	require.NoError(t, b.run())
	require.Zero(t, b.discarded)
	b.AssertExpectations(t)
}

func TestCancelledExportLeavesNothing(t *testing.T) {
	t.Parallel()
	b := script(part(0, false))
	b.OnActivity("WriteExportPart", mock.Anything, mock.Anything).After(time.Hour).Return(part(1, true), nil)
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	require.Error(t, b.run())
	require.Equal(t, 1, b.discarded)
	require.Equal(t, operations.Cancelled, b.end().State)
}

// TestLongExportGoesOnInAnother: neither an end nor a discard.
func TestLongExportGoesOnInAnother(t *testing.T) {
	t.Parallel()
	b := script(part(0, false), part(3, false))
	b.SetContinueAsNewSuggested(true)
	err := b.run()
	require.True(t, workflow.IsContinueAsNewError(err), "%v", err)
	require.Zero(t, b.discarded)
	require.Equal(t, operations.Running, b.end().State)
}

func TestLongExportCarriesOn(t *testing.T) {
	t.Parallel()
	b := script()
	b.in.Part, b.in.Files = 7, 40
	b.OnActivity("WriteExportPart", mock.Anything, writing.WriteExportPartInput{Org: b.in.Org, Export: b.in.Operation, Part: 8}).Return(part(2, true), nil).Once()
	b.finish(nil)
	require.NoError(t, b.run())
	require.EqualValues(t, 42, b.end().Steps[1].Done)
	b.AssertExpectations(t)
}

// TestSecondRequestFindsTheFirst, and each is in the audit log; Temporal may be away.
func TestSecondRequestFindsTheFirst(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<20)
	by := d.Member(t, org, tenancy.Owner)
	away := &mocks.Client{}
	away.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("down"))
	begin := func() uuid.UUID {
		id, err := export.Begin(t.Context(), d.DB, away, by, org, tenancy.NewID())
		require.NoError(t, err)
		return id
	}
	first := begin()
	require.Equal(t, first, begin())
	lines, err := audit.List(t.Context(), d.Single(org), audit.Filter{Action: "organization.export", ObjectID: first.String(), Limit: 10})
	require.NoError(t, err)
	require.Len(t, lines, 2)
	o, err := operations.Get(t.Context(), d.Single(org), first)
	require.NoError(t, err)
	require.Equal(t, export.Kind, o.Kind)
}
