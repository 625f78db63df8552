package erasure_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	erasing "satchel/activities/erasure"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/workflows/erasure"
)

// play runs the workflow, whose rounds settle in these states, and gives the activities that it did.
func play(t *testing.T, begun erasures.State, settles []erasures.State, fails string) (erasure.EraseRecordsResult, []string, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(&erasing.Activities{})
	var did []string
	env.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) {
		did = append(did, i.ActivityType.Name)
	})
	failure := func(name string) error {
		if name == fails {
			return temporal.NewNonRetryableApplicationError("no", "erasure_not_found", nil)
		}
		return nil
	}
	env.OnActivity("BeginErasure", mock.Anything, mock.Anything).Return(erasing.BeginErasureResult{State: begun}, failure("BeginErasure"))
	env.OnActivity("EraseVersions", mock.Anything, mock.Anything).Return(erasing.EraseVersionsResult{}, failure("EraseVersions"))
	env.OnActivity("SettleErasure", mock.Anything, mock.Anything).Return(func(context.Context, erasing.SettleErasureInput) (erasing.SettleErasureResult, error) {
		state := settles[0]
		if len(settles) > 1 {
			settles = settles[1:]
		}
		return erasing.SettleErasureResult{State: state}, failure("SettleErasure")
	})
	env.OnActivity("VerifyErasure", mock.Anything, mock.Anything).Return(erasing.VerifyErasureResult{}, failure("VerifyErasure"))
	env.OnActivity("CertifyErasure", mock.Anything, mock.Anything).Return(erasing.CertifyErasureResult{}, failure("CertifyErasure"))
	env.ExecuteWorkflow(erasure.EraseRecords, erasure.EraseRecordsInput{Org: tenancy.OrgID(tenancy.NewID()), Erasure: tenancy.NewID()})
	var result erasure.EraseRecordsResult
	if env.GetWorkflowError() == nil {
		require.NoError(t, env.GetWorkflowResult(&result))
	}
	return result, did, env.GetWorkflowError()
}

func TestAnErasureEndsInACertificate(t *testing.T) {
	t.Parallel()
	result, did, err := play(t, erasures.Erasing, []erasures.State{erasures.Verifying}, "")
	require.NoError(t, err)
	require.Equal(t, erasures.Certified, result.State)
	require.Equal(t, []string{"BeginErasure", "EraseVersions", "SettleErasure", "VerifyErasure", "CertifyErasure"}, did)
}

// TestWhatIsLeftIsErasedInAnotherRound, and not without an end.
func TestWhatIsLeftIsErasedInAnotherRound(t *testing.T) {
	t.Parallel()
	result, did, err := play(t, erasures.Erasing, []erasures.State{erasures.Erasing, erasures.Verifying}, "")
	require.NoError(t, err)
	require.Equal(t, erasures.Certified, result.State)
	require.Len(t, did, 8)
	result, _, err = play(t, erasures.Erasing, []erasures.State{erasures.Erasing}, "")
	require.NoError(t, err)
	require.Equal(t, erasures.Erasing, result.State)
}

func TestABlockedErasureHasNoCertificate(t *testing.T) {
	t.Parallel()
	result, did, err := play(t, erasures.Erasing, []erasures.State{erasures.Blocked}, "")
	require.NoError(t, err)
	require.Equal(t, erasures.Blocked, result.State)
	require.NotContains(t, did, "CertifyErasure")
}

// TestTheCopyOfACertificateIsKept when the process died behind the signature.
func TestTheCopyOfACertificateIsKept(t *testing.T) {
	t.Parallel()
	result, did, err := play(t, erasures.Certified, nil, "")
	require.NoError(t, err)
	require.Equal(t, erasures.Certified, result.State)
	require.Equal(t, []string{"BeginErasure", "CertifyErasure"}, did)
}

func TestNoStepIsPassedOver(t *testing.T) {
	t.Parallel()
	for n, step := range []string{"BeginErasure", "EraseVersions", "SettleErasure", "VerifyErasure", "CertifyErasure"} {
		_, did, err := play(t, erasures.Erasing, []erasures.State{erasures.Verifying}, step)
		require.Error(t, err, step)
		require.Len(t, did, n+1, step)
	}
}
