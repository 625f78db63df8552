package operation_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/operation"
	"satchel/internal/activitytest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// TestOperationEndsOnce: progress is seen, the first end stays, and neither
// progress nor another end comes behind it.
func TestOperationEndsOnce(t *testing.T) {
	t.Parallel()
	f := activitytest.New(t)
	a, id := operation.New(f.DB), tenancy.NewID()
	require.NoError(t, operations.Insert(t.Context(), f.Single(f.Org), operations.Operation{ID: id, Kind: "rescan", WorkflowID: "w"}))
	record := func(in operation.RecordOperationInput) error {
		in.ID = id
		_, err := activitytest.Run[operation.RecordOperationResult](t, a, a.RecordOperation, in)
		return err
	}
	read := func() operations.Operation {
		o, err := operations.Get(t.Context(), f.Single(f.Org), id)
		require.NoError(t, err)
		return o
	}
	half := []operations.Step{{Name: "versions", State: operations.Running, Done: 5}}
	for range 2 {
		require.NoError(t, record(operation.RecordOperationInput{Org: f.Org, State: operations.Running, Steps: half}))
		require.JSONEq(t, `[{"name": "versions", "state": "running", "done": 5}]`, string(read().Steps))
	}
	failed := operation.RecordOperationInput{Org: f.Org, State: operations.Failed, Failure: &operations.Failure{Code: "store_unavailable"}}
	require.NoError(t, record(failed))
	first := read()
	require.Equal(t, operations.Failed, first.State)
	require.JSONEq(t, `{"code": "store_unavailable"}`, string(first.Error))
	require.JSONEq(t, `[{"name": "versions", "state": "running", "done": 5}]`, string(first.Steps), "an end without steps keeps those that were noted")

	require.NoError(t, record(failed))
	require.NoError(t, record(operation.RecordOperationInput{Org: f.Org, State: operations.Succeeded, Result: map[string]int{"scanned": 5}}))
	activitytest.RequireRefused(t, record(operation.RecordOperationInput{Org: f.Org, State: operations.Running, Steps: half}), "operation_not_found", false)
	require.Equal(t, first, read())
}

func TestOperationNeedsItsOrganization(t *testing.T) {
	t.Parallel()
	f := activitytest.New(t)
	a, id, other := operation.New(f.DB), tenancy.NewID(), f.Organization(t, 1000)
	require.NoError(t, operations.Insert(t.Context(), f.Single(f.Org), operations.Operation{ID: id, Kind: "rescan", WorkflowID: "w"}))
	for org, code := range map[tenancy.OrgID]string{{}: "no_organization", other: "operation_not_found"} {
		_, err := activitytest.Run[operation.RecordOperationResult](t, a, a.RecordOperation, operation.RecordOperationInput{Org: org, ID: id, State: operations.Failed})
		activitytest.RequireRefused(t, err, code, false)
	}
	o, err := operations.Get(t.Context(), f.Single(f.Org), id)
	require.NoError(t, err)
	require.Equal(t, operations.Waiting, o.State)
}

// TestRowsOfSweepsGo after days; the jobs of organizations, and what is open, stay.
func TestRowsOfSweepsGo(t *testing.T) {
	t.Parallel()
	f := activitytest.New(t)
	a, platform := operation.New(f.DB), f.Single(tenancy.Platform)
	old, young, job := tenancy.NewID(), tenancy.NewID(), tenancy.NewID()
	for _, id := range []uuid.UUID{old, young} {
		require.NoError(t, operations.Swept(t.Context(), platform, operations.Sweep{Run: id, Kind: "expire_uploads", Workflow: "sweep/expire-uploads", Started: time.Now(), Found: 1, Done: 1}))
	}
	require.NoError(t, operations.Insert(t.Context(), f.Single(f.Org), operations.Operation{ID: job, Kind: "rescan_storage", WorkflowID: "w"}))
	require.NoError(t, operations.End(t.Context(), f.Single(f.Org), job, operations.Succeeded, nil, nil, nil))
	for _, q := range []tenancy.Queries{platform, f.Single(f.Org)} {
		_, err := q.Exec(t.Context(), "update operations set ended_at = ended_at - interval '4 days' where id <> $1", young)
		require.NoError(t, err)
	}
	sweep := operation.SweepsOf(a)[0]
	swept, err := sweep.Run(t.Context(), uuid.Nil)
	require.NoError(t, err)
	require.Zero(t, swept, "it leaves no row of its own")
	_, err = operations.Get(t.Context(), platform, old)
	require.ErrorIs(t, err, operations.ErrNotFound)
	_, err = operations.Get(t.Context(), platform, young)
	require.NoError(t, err)
	_, err = operations.Get(t.Context(), f.Single(f.Org), job)
	require.NoError(t, err)
	counts, err := operations.Counts(t.Context(), platform, nil)
	require.NoError(t, err)
	require.Len(t, counts, 1)
	require.EqualValues(t, 1, counts[0].N, "the counts follow")
}
