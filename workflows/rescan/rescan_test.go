package rescan_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/finalize"
	"satchel/activities/operation"
	"satchel/activities/scan"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/rescan"
)

// testBundle is one run with scripted stretches.
type testBundle struct {
	env      *testsuite.TestWorkflowEnvironment
	recorded []operation.RecordOperationInput
	revoked  []uuid.UUID
}

func setup(stretches ...scan.RescanVersionsResult) *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{env: suite.NewTestWorkflowEnvironment()}
	b.env.RegisterWorkflow(rescan.RescanStorage)
	for _, a := range []any{&scan.Activities{}, &finalize.Activities{}, &operation.Activities{}} {
		b.env.RegisterActivity(a)
	}
	for _, s := range stretches {
		b.env.OnActivity("RescanVersions", mock.Anything, mock.Anything).Return(s, nil).Once()
	}
	b.env.OnActivity("RevokeVersion", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in finalize.RevokeVersionInput) (finalize.RevokeVersionResult, error) {
			b.revoked = append(b.revoked, in.Version)
			return finalize.RevokeVersionResult{}, nil
		}).Maybe()
	b.env.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		})
	return b
}

func (b *testBundle) run() error {
	b.env.ExecuteWorkflow(rescan.RescanStorage, rescan.RescanStorageInput{Org: tenancy.OrgID(tenancy.NewID()), Operation: tenancy.NewID()})
	return b.env.GetWorkflowError()
}

func (b *testBundle) end() operations.State { return b.recorded[len(b.recorded)-1].State }

func TestStretchesAreSummedAndInfectedRevoked(t *testing.T) {
	t.Parallel()
	bad := uuid.New()
	b := setup(
		scan.RescanVersionsResult{Last: uuid.New(), Scanned: 16, Damaged: []uuid.UUID{uuid.New()}},
		scan.RescanVersionsResult{Scanned: 2, Infected: []scan.Infection{{Version: bad, Signature: "X"}}})
	require.NoError(t, b.run())
	var result rescan.RescanStorageResult
	require.NoError(t, b.env.GetWorkflowResult(&result))
	require.EqualValues(t, 18, result.Scanned)
	require.EqualValues(t, 1, result.InfectedCount)
	require.EqualValues(t, 1, result.DamagedCount)
	require.Equal(t, []uuid.UUID{bad}, b.revoked)
	require.Equal(t, operations.Succeeded, b.end())
}

func TestFailureIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup()
	b.env.OnActivity("RescanVersions", mock.Anything, mock.Anything).Return(scan.RescanVersionsResult{}, temporal.NewNonRetryableApplicationError("x", "x", nil))
	require.Error(t, b.run())
	require.Equal(t, operations.Failed, b.end())
	require.Equal(t, "rescan_failed", b.recorded[0].Failure.Code)
}

func TestCancellationIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup()
	b.env.OnActivity("RescanVersions", mock.Anything, mock.Anything).Return(
		func(context.Context, scan.RescanVersionsInput) (scan.RescanVersionsResult, error) {
			b.env.CancelWorkflow()
			return scan.RescanVersionsResult{}, temporal.NewCanceledError()
		})
	require.Error(t, b.run())
	require.Equal(t, operations.Cancelled, b.end(), "on a context of its own")
}
