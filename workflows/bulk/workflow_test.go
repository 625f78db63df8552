package bulk_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	changing "satchel/activities/bulk"
	"satchel/activities/operation"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/bulk"
)

// play runs the workflow, whose activity ends so, and gives what it reported.
func play(t *testing.T, result changing.ChangeFilesResult, fails error) (operation.RecordOperationInput, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(&changing.Activities{})
	env.RegisterActivity(&operation.Activities{})
	in := bulk.ChangeManyFilesInput{Org: tenancy.OrgID(tenancy.NewID()), Change: tenancy.NewID()}
	env.OnActivity("ChangeFiles", mock.Anything, changing.ChangeFilesInput{Org: in.Org, Change: in.Change}).Return(result, fails)
	var recorded []operation.RecordOperationInput
	env.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
		recorded = append(recorded, in)
		return operation.RecordOperationResult{}, nil
	})
	env.ExecuteWorkflow(bulk.ChangeManyFiles, in)
	require.Len(t, recorded, 1)
	require.Equal(t, in.Change, recorded[0].ID)
	return recorded[0], env.GetWorkflowError()
}

// TestRefusedFilesAreAResult and no failure of the operation.
func TestRefusedFilesAreAResult(t *testing.T) {
	t.Parallel()
	end, err := play(t, changing.ChangeFilesResult{OK: 2, Refused: 3, Total: 5}, nil)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, end.State)
	require.Equal(t, []operations.Step{{Name: "files", State: operations.Succeeded, Done: 5, Total: 5}}, end.Steps)
	require.NotNil(t, end.Result)
}

func TestFailedChangeIsNamed(t *testing.T) {
	t.Parallel()
	end, err := play(t, changing.ChangeFilesResult{}, temporal.NewNonRetryableApplicationError("no", "bulk_change_not_found", nil))
	require.Error(t, err)
	require.Equal(t, operations.Failed, end.State)
	require.Equal(t, &operations.Failure{Code: "bulk_change_not_found"}, end.Failure)
	require.Nil(t, end.Result)
}

// TestBeginIsOneChange: few files are done at once and need no workflow; of many the
// workflow is started, and Temporal may be away. A repeated request finds what is there.
func TestBeginIsOneChange(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<20)
	by := d.Member(t, org, tenancy.Teacher)
	away := &mocks.Client{}
	away.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("down"))
	for n, want := range map[int]operations.State{bulk.InRequest: operations.Succeeded, bulk.InRequest + 1: operations.Waiting} {
		b := files.Bulk{ID: tenancy.NewID(), Action: files.BulkTrash, Actor: by}
		for range n {
			b.Files = append(b.Files, uuid.New())
		}
		for range 2 {
			require.NoError(t, bulk.Begin(t.Context(), away, changing.Changer{DB: d.DB}, org, b))
		}
		o, err := operations.Get(t.Context(), d.Single(org), b.ID)
		require.NoError(t, err)
		require.Equal(t, want, o.State)
		require.Equal(t, bulk.Kind, o.Kind)
		items, err := files.BulkItems(t.Context(), d.Single(org), b.ID)
		require.NoError(t, err)
		require.Len(t, items, n)
	}
}
