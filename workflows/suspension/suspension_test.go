package suspension_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/suspension"
)

// testBundle is one run with scripted activities.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	target   tenancy.OrgID
	op       uuid.UUID
	recorded []operation.RecordOperationInput
	queues   map[string]string
}

func script() *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), target: tenancy.OrgID(tenancy.NewID()), op: tenancy.NewID(), queues: map[string]string{}}
	b.RegisterActivity(&organization.BatchActivities{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		})
	b.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.queues[i.ActivityType.Name] = i.TaskQueue
	})
	return b
}

func (b *testBundle) suspend() error {
	b.ExecuteWorkflow(suspension.SuspendOrganization, suspension.SuspendOrganizationInput{Org: tenancy.Platform, Target: b.target, Operation: b.op})
	return b.GetWorkflowError()
}

func (b *testBundle) resume() error {
	b.ExecuteWorkflow(suspension.ResumeOrganization, suspension.ResumeOrganizationInput{Org: tenancy.Platform, Target: b.target, Operation: b.op})
	return b.GetWorkflowError()
}

// end is the one report of a run.
func (b *testBundle) end(t *testing.T) operation.RecordOperationInput {
	t.Helper()
	require.Len(t, b.recorded, 1)
	require.Equal(t, tenancy.Platform, b.recorded[0].Org, "the operation is the platform's")
	require.Equal(t, b.op, b.recorded[0].ID)
	return b.recorded[0]
}

func TestSuspensionEndsUploadsAndReports(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("EndUploads", mock.Anything, organization.EndUploadsInput{Org: tenancy.Platform, Target: b.target}).Return(organization.EndUploadsResult{Ended: 7}, nil).Once()
	require.NoError(t, b.suspend())
	end := b.end(t)
	require.Equal(t, operations.Succeeded, end.State)
	require.Equal(t, []operations.Step{{Name: "uploads", State: operations.Succeeded, Done: 7}}, end.Steps)
	var result suspension.SuspendOrganizationResult
	require.NoError(t, b.GetWorkflowResult(&result))
	require.EqualValues(t, 7, result.UploadsEnded)
	require.Equal(t, map[string]string{"EndUploads": "batch", "RecordOperation": "batch"}, b.queues)
	b.AssertExpectations(t)
}

func TestSuspensionTriesAgain(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("EndUploads", mock.Anything, mock.Anything).Return(organization.EndUploadsResult{}, errors.New("the database is away")).Times(3)
	b.OnActivity("EndUploads", mock.Anything, mock.Anything).Return(organization.EndUploadsResult{Ended: 1}, nil).Once()
	require.NoError(t, b.suspend())
	require.Equal(t, operations.Succeeded, b.end(t).State)
	b.AssertExpectations(t)
}

func TestSuspensionThatCannotBeFollowedUpFails(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("EndUploads", mock.Anything, mock.Anything).Return(organization.EndUploadsResult{}, temporal.NewNonRetryableApplicationError("no", "some_code", nil))
	require.Error(t, b.suspend())
	end := b.end(t)
	require.Equal(t, operations.Failed, end.State)
	require.Equal(t, &operations.Failure{Code: "suspension_failed"}, end.Failure)
}

func TestCancelledSuspensionSaysSo(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("EndUploads", mock.Anything, mock.Anything).After(time.Hour).Return(organization.EndUploadsResult{}, nil)
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	require.Error(t, b.suspend())
	end := b.end(t)
	require.Equal(t, operations.Cancelled, end.State)
	require.Nil(t, end.Failure)
}

func TestResumptionStartsWhatWasHeldBack(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("RestartFiles", mock.Anything, organization.RestartFilesInput{Org: tenancy.Platform, Target: b.target}).Return(organization.RestartFilesResult{Started: 2}, nil).Once()
	require.NoError(t, b.resume())
	end := b.end(t)
	require.Equal(t, operations.Succeeded, end.State)
	require.Equal(t, []operations.Step{{Name: "files", State: operations.Succeeded, Done: 2}}, end.Steps)
	require.Equal(t, map[string]any{"files_started": 2.0}, end.Result)
	require.Equal(t, map[string]string{"RestartFiles": "batch", "RecordOperation": "batch"}, b.queues)
	b.AssertExpectations(t)
}

func TestResumptionThatFailsHasACode(t *testing.T) {
	t.Parallel()
	b := script()
	b.OnActivity("RestartFiles", mock.Anything, mock.Anything).Return(organization.RestartFilesResult{}, temporal.NewNonRetryableApplicationError("no", "some_code", nil))
	require.Error(t, b.resume())
	end := b.end(t)
	require.Equal(t, operations.Failed, end.State)
	require.Equal(t, &operations.Failure{Code: "some_code"}, end.Failure)
}

// testDatabase is what takes effect at once, on a real database, while Temporal is down
// or not.
type testDatabase struct {
	*pgtest.Database
	org      tenancy.OrgID
	by       uuid.UUID
	temporal *mocks.Client
}

func newTestDatabase(t *testing.T, start error) *testDatabase {
	t.Helper()
	d := &testDatabase{Database: pgtest.New(t), temporal: &mocks.Client{}}
	d.org, d.by = d.Organization(t, 1<<20), d.Member(t, tenancy.Platform, tenancy.Operator)
	d.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, start)
	return d
}

func (d *testDatabase) status(t *testing.T) string {
	t.Helper()
	o, err := tenancy.GetOrganization(t.Context(), d.Single(d.org))
	require.NoError(t, err)
	return o.Status
}

func (d *testDatabase) recorded(t *testing.T, action string) int {
	t.Helper()
	lines, err := audit.List(t.Context(), d.Single(d.org), audit.Filter{Action: action, Limit: 10})
	require.NoError(t, err)
	return len(lines)
}

func TestBothAreInForceAtOnce(t *testing.T) {
	t.Parallel()
	d := newTestDatabase(t, nil)
	suspended, resumed := tenancy.NewID(), tenancy.NewID()
	require.NoError(t, suspension.Begin(t.Context(), d.DB, d.temporal, d.by, d.org, suspended, "unpaid"))
	require.Equal(t, tenancy.Suspended, d.status(t))
	require.NoError(t, suspension.BeginResume(t.Context(), d.DB, d.temporal, d.by, d.org, resumed))
	require.Equal(t, tenancy.Active, d.status(t))
	for _, action := range []string{"organization.suspend", "organization.resume"} {
		require.Equal(t, 1, d.recorded(t, action))
	}
	for id, kind := range map[uuid.UUID]string{suspended: suspension.Kind, resumed: suspension.ResumeKind} {
		o, err := operations.Get(t.Context(), d.Single(tenancy.Platform), id)
		require.NoError(t, err)
		require.Equal(t, kind, o.Kind)
		require.Equal(t, operations.Waiting, o.State)
	}
}

// TestStatusChangesWithoutTemporal: what follows is told to have failed.
func TestStatusChangesWithoutTemporal(t *testing.T) {
	t.Parallel()
	away := errors.New("Temporal is away")
	d := newTestDatabase(t, away)
	op := tenancy.NewID()
	require.ErrorIs(t, suspension.Begin(t.Context(), d.DB, d.temporal, d.by, d.org, tenancy.NewID(), ""), away)
	require.Equal(t, tenancy.Suspended, d.status(t))
	require.ErrorIs(t, suspension.BeginResume(t.Context(), d.DB, d.temporal, d.by, d.org, op), away)
	require.Equal(t, tenancy.Active, d.status(t))
	o, err := operations.Get(t.Context(), d.Single(tenancy.Platform), op)
	require.NoError(t, err)
	require.Equal(t, operations.Failed, o.State)
}

func TestOnlyWhatRunsIsSuspendedOrResumed(t *testing.T) {
	t.Parallel()
	d := newTestDatabase(t, nil)
	require.NoError(t, tenancy.ScheduleDeletion(t.Context(), d.Single(d.org), tenancy.NewID(), time.Hour))
	require.ErrorIs(t, suspension.Begin(t.Context(), d.DB, d.temporal, d.by, d.org, tenancy.NewID(), ""), tenancy.ErrWrongStatus)
	require.ErrorIs(t, suspension.BeginResume(t.Context(), d.DB, d.temporal, d.by, d.org, tenancy.NewID()), tenancy.ErrWrongStatus)
	require.Zero(t, d.recorded(t, "organization.suspend")+d.recorded(t, "organization.resume"))
}

type cleared struct{}

func (cleared) Clear(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }

// TestResumedOrganizationKeepsItsUploads: a suspension that is still at work does
// not end what was begun after it was over.
func TestResumedOrganizationKeepsItsUploads(t *testing.T) {
	t.Parallel()
	d := newTestDatabase(t, nil)
	user := d.Member(t, d.org, tenancy.Student)
	var ticket files.Created
	require.NoError(t, d.InTx(t.Context(), d.org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(t.Context(), tx, files.New{Name: "a.txt", Size: 10, UploadedBy: user, TTL: time.Hour})
		return err
	}))
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	a := organization.NewBatch(organization.Parts{DB: d.DB, Clearer: cleared{}})
	env.RegisterActivity(a)
	end := func() (result organization.EndUploadsResult, status files.Status) {
		value, err := env.ExecuteActivity(a.EndUploads, organization.EndUploadsInput{Org: tenancy.Platform, Target: d.org})
		require.NoError(t, err)
		require.NoError(t, value.Get(&result))
		v, err := files.GetVersion(t.Context(), d.Single(d.org), ticket.Version)
		require.NoError(t, err)
		return result, v.Status
	}
	result, status := end()
	require.Zero(t, result.Ended)
	require.Equal(t, files.Uploading, status)
	require.NoError(t, tenancy.Suspend(t.Context(), d.Single(d.org), ""))
	result, status = end()
	require.EqualValues(t, 1, result.Ended)
	require.Equal(t, files.Expired, status)
}
