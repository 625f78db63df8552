package operation_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/operation"
	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var (
	errStart  = errors.New("Temporal does not answer")
	errChange = errors.New("refused")
)

// asked is a request whose starts are counted, and fail when they are told to.
type asked struct {
	operation.Request
	started []uuid.UUID
	fails   error
}

func ask(org tenancy.OrgID, kind string) *asked {
	a := &asked{Request: operation.Request{Org: org, Action: "storage.rescan"}}
	a.Operation = operations.Operation{ID: tenancy.NewID(), Kind: kind, WorkflowID: "w"}
	a.Start = func(_ context.Context, id uuid.UUID) error {
		a.started = append(a.started, id)
		return a.fails
	}
	return a
}

func entries(t *testing.T, db *pgtest.Database, org tenancy.OrgID, action string) []audit.Line {
	t.Helper()
	found, err := audit.List(t.Context(), db.Single(org), audit.Filter{Action: action, Limit: 10})
	require.NoError(t, err)
	return found
}

func state(t *testing.T, db *pgtest.Database, org tenancy.OrgID, id uuid.UUID) operations.State {
	t.Helper()
	o, err := operations.Get(t.Context(), db.Single(org), id)
	require.NoError(t, err)
	return o.State
}

// TestBeginIsRepeatable: a try that got no answer is made again under the same id.
func TestBeginIsRepeatable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	org := db.Organization(t, 1)
	a := ask(org, "rescan_storage")
	for range 2 {
		id, err := operation.Begin(t.Context(), db.DB, a.Request)
		require.NoError(t, err)
		require.Equal(t, a.Operation.ID, id)
	}
	require.Equal(t, []uuid.UUID{a.Operation.ID, a.Operation.ID}, a.started, "the start finds what is started")
	require.Len(t, entries(t, db, org, a.Action), 1)
}

// TestRunningOperationIsTheAnswer where an index, or the change, allows one.
func TestRunningOperationIsTheAnswer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	org, other := db.Organization(t, 1), db.Organization(t, 1)
	first := ask(org, "verify_audit_log")
	_, err := operation.Begin(t.Context(), db.DB, first.Request)
	require.NoError(t, err)
	byIndex, byChange := ask(org, "verify_audit_log"), ask(org, "export_organization")
	byChange.Change = func(*tenancy.Tx) error { return operations.AlreadyRunning{ID: first.Operation.ID} }
	for _, second := range []*asked{byIndex, byChange} {
		id, err := operation.Begin(t.Context(), db.DB, second.Request)
		require.NoError(t, err)
		require.Equal(t, first.Operation.ID, id)
		require.Equal(t, []uuid.UUID{first.Operation.ID}, second.started)
		_, err = operations.Get(t.Context(), db.Single(org), second.Operation.ID)
		require.ErrorIs(t, err, operations.ErrNotFound)
	}
	said := entries(t, db, org, first.Action)
	require.Len(t, said, 3)
	for _, line := range said[:2] { // the newest first
		require.Contains(t, string(line.Event), "already_running")
		require.Contains(t, string(line.Event), first.Operation.ID.String())
	}
	_, err = operation.Begin(t.Context(), db.DB, ask(other, "verify_audit_log").Request)
	require.NoError(t, err, "each organization has one of its own")

	require.NoError(t, operations.End(t.Context(), db.Single(org), first.Operation.ID, operations.Succeeded, nil, nil, nil))
	next := ask(org, "verify_audit_log")
	id, err := operation.Begin(t.Context(), db.DB, next.Request)
	require.NoError(t, err)
	require.Equal(t, next.Operation.ID, id)
}

// TestStartThatFails ends the operation, unless a sweep starts it later.
func TestStartThatFails(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	org := db.Organization(t, 1)
	for _, swept := range []bool{false, true} {
		a := ask(org, "rescan_storage")
		a.Swept, a.fails = swept, errStart
		_, err := operation.Begin(t.Context(), db.DB, a.Request)
		if swept {
			require.NoError(t, err)
			require.Equal(t, operations.Waiting, state(t, db, org, a.Operation.ID))
			continue
		}
		require.ErrorIs(t, err, errStart)
		require.Equal(t, operations.Failed, state(t, db, org, a.Operation.ID))
	}
}

// TestChangeOfAnotherOrganization: a refused change starts nothing. With its row
// first it leaves a failed operation, otherwise none.
func TestChangeOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	target := db.Organization(t, 1)
	for _, rowFirst := range []bool{false, true} {
		a := ask(tenancy.Platform, "suspend_organization")
		a.Target, a.RowFirst = target, rowFirst
		a.Change = func(*tenancy.Tx) error { return errChange }
		_, err := operation.Begin(t.Context(), db.DB, a.Request)
		require.ErrorIs(t, err, errChange)
		require.Empty(t, a.started)
		require.Empty(t, entries(t, db, target, a.Action))
		if rowFirst {
			require.Equal(t, operations.Failed, state(t, db, tenancy.Platform, a.Operation.ID))
		} else {
			_, err := operations.Get(t.Context(), db.Single(tenancy.Platform), a.Operation.ID)
			require.ErrorIs(t, err, operations.ErrNotFound)
		}

		a = ask(tenancy.Platform, "suspend_organization")
		a.Target, a.RowFirst = target, rowFirst
		a.Change = func(tx *tenancy.Tx) error {
			_, err := operations.Get(t.Context(), db.Single(tenancy.Platform), a.Operation.ID)
			require.Equal(t, rowFirst, err == nil)
			require.Equal(t, target, tx.Org())
			return nil
		}
		_, err = operation.Begin(t.Context(), db.DB, a.Request)
		require.NoError(t, err)
		require.Equal(t, operations.Waiting, state(t, db, tenancy.Platform, a.Operation.ID))
		require.NotEmpty(t, entries(t, db, target, a.Action))
		target = db.Organization(t, 1)
	}
}
