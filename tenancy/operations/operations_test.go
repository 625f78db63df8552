package operations_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

func TestLife(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := pgtest.New(t)
	org, other := db.Organization(t, 1), db.Organization(t, 1)
	by := db.Member(t, org, tenancy.Owner)
	q := db.Single(org)
	o := operations.Operation{ID: tenancy.NewID(), Kind: "rescan_storage", WorkflowID: "rescan/x", CreatedBy: &by}
	require.NoError(t, operations.Insert(ctx, q, o))
	require.NoError(t, operations.Insert(ctx, q, o), "a repeated start finds its row")

	require.NoError(t, operations.Progress(ctx, q, o.ID, []operations.Step{{Name: "versions", State: operations.Running, Done: 7}}))
	got, err := operations.Get(ctx, q, o.ID)
	require.NoError(t, err)
	require.Equal(t, operations.Running, got.State)
	require.JSONEq(t, `[{"name":"versions","state":"running","done":7}]`, string(got.Steps))
	require.Nil(t, got.EndedAt)

	require.NoError(t, operations.End(ctx, q, o.ID, operations.Succeeded, []operations.Step{}, map[string]int{"scanned": 7}, nil))
	require.NoError(t, operations.End(ctx, q, o.ID, operations.Failed, nil, nil, &operations.Failure{Code: "late"}), "the first end stays")
	got, err = operations.Get(ctx, q, o.ID)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, got.State)
	require.JSONEq(t, `{"scanned":7}`, string(got.Result))
	require.Empty(t, got.Error)
	require.NotNil(t, got.EndedAt)

	_, err = operations.Get(ctx, db.Single(other), o.ID)
	require.ErrorIs(t, err, operations.ErrNotFound)
	require.ErrorIs(t, operations.Progress(ctx, q, o.ID, nil), operations.ErrNotFound, "an ended one makes no progress")
}

func TestFailureKeepsItsCode(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := pgtest.New(t)
	q := db.Single(db.Organization(t, 1))
	o := operations.Operation{ID: tenancy.NewID(), Kind: "k", WorkflowID: "w"}
	require.NoError(t, operations.Insert(ctx, q, o))
	require.NoError(t, operations.End(ctx, q, o.ID, operations.Failed, nil, nil, &operations.Failure{Code: "not_started"}))
	got, err := operations.Get(ctx, q, o.ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"not_started"}`, string(got.Error))
}

// TestNilResultIsNull keeps JSON's null out of the columns: a reader takes a row
// with one for an operation that has a result.
func TestNilResultIsNull(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := pgtest.New(t)
	q := db.Single(db.Organization(t, 1))
	var none *struct{}
	for name, result := range map[string]any{"nothing": nil, "raw JSON": json.RawMessage(nil), "a pointer": none, "a map": map[string]string(nil)} {
		o := operations.Operation{ID: tenancy.NewID(), Kind: "k", WorkflowID: name}
		require.NoError(t, operations.Insert(ctx, q, o))
		require.NoError(t, operations.End(ctx, q, o.ID, operations.Succeeded, nil, result, nil))
		got, err := operations.Get(ctx, q, o.ID)
		require.NoError(t, err)
		require.Nil(t, got.Result, name)
		require.Nil(t, got.Error, name)
		require.JSONEq(t, "[]", string(got.Steps), name)
	}
}

// TestFirstStepsAreInTheRow: who asks at once sees them.
func TestFirstStepsAreInTheRow(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	q := db.Single(db.Organization(t, 1))
	o := operations.Operation{ID: tenancy.NewID(), Kind: "k", WorkflowID: "w", Steps: json.RawMessage(`[{"name":"rows"}]`)}
	require.NoError(t, operations.Insert(t.Context(), q, o))
	got, err := operations.Get(t.Context(), q, o.ID)
	require.NoError(t, err)
	require.JSONEq(t, `[{"name":"rows"}]`, string(got.Steps))
}

// TestSecondVerificationFindsTheFirst, and a repeated try finds its own row beside
// an index that allows one.
func TestSecondVerificationFindsTheFirst(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	q := db.Single(db.Organization(t, 1))
	o := operations.Operation{ID: tenancy.NewID(), Kind: "verify_audit_log", WorkflowID: "w"}
	require.NoError(t, operations.Insert(t.Context(), q, o))
	require.NoError(t, operations.Insert(t.Context(), q, o))
	var running operations.AlreadyRunning
	second := operations.Operation{ID: tenancy.NewID(), Kind: "verify_audit_log", WorkflowID: "w"}
	require.ErrorAs(t, operations.Insert(t.Context(), q, second), &running)
	require.Equal(t, o.ID, running.ID)
}

// TestWhatIsHeldDoesNotRun: the workflow of a job says how far it is before its first step
// begins, which may wait in a queue that operators hold.
func TestWhatIsHeldDoesNotRun(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	q := db.Single(db.Organization(t, 1))
	id := tenancy.NewID()
	require.NoError(t, operations.Insert(ctx, q, operations.Operation{ID: id, Kind: "sync_roblox", WorkflowID: "w"}))
	state := func() operations.State {
		o, err := operations.Get(ctx, q, id)
		require.NoError(t, err)
		return o.State
	}
	none := []operations.Step{{Name: "assets", State: operations.Running}}
	require.NoError(t, operations.Progress(ctx, q, id, none))
	require.Equal(t, operations.Waiting, state())
	_, err := db.MarkPaused(ctx, "roblox", true)
	require.NoError(t, err)
	require.NoError(t, operations.Progress(ctx, q, id, none))
	require.Equal(t, operations.Paused, state())
	require.NoError(t, operations.Attempt(ctx, q, "w", 1))
	require.Equal(t, operations.Running, state())
}
