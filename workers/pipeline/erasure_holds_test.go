package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/erasure"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/accessrequests"
	"satchel/tenancy/erasures"
	"satchel/tenancy/exports"
	"satchel/tenancy/holds"
)

// TestAnErasureIsDueWhenOneOfItsHoldsIsReleased: what that hold covered alone does not wait for another.
func TestAnErasureIsDueWhenOneOfItsHoldsIsReleased(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	pupil := a.User
	one, two := a.publishNamed(t, "one.txt", []byte("one")), a.publishNamed(t, "two.txt", []byte("two"))
	first, second := a.Member(t, a.Org, tenancy.Admin), a.Member(t, a.Org, tenancy.Owner)
	do := func(f func(tx *tenancy.Tx) error) {
		t.Helper()
		require.NoError(t, a.InTx(t.Context(), a.Org, f))
	}
	var placed []uuid.UUID
	for _, ticket := range []files.Created{one, two} {
		hold := tenancy.NewID()
		placed = append(placed, hold)
		do(func(tx *tenancy.Tx) error {
			return holds.Place(t.Context(), tx, holds.New{ID: hold, By: first, Kind: holds.Legal, Scope: holds.File, Target: ticket.File, Reason: "a letter"})
		})
	}
	id := askErasure(t, &a.Bench, erasures.Person, pupil, erasures.ParentRequest)
	d := &dyingErasure{}
	require.Equal(t, erasures.Blocked, a.steps(t, d, id))
	require.Equal(t, placed[0], *erasureOf(t, &a.Bench, id).Hold)
	due := func() int {
		t.Helper()
		found, err := a.DB.ErasuresDue(t.Context(), -time.Minute, time.Hour, uuid.Nil, 10)
		require.NoError(t, err)
		return len(found)
	}
	release := func(hold uuid.UUID) {
		t.Helper()
		do(func(tx *tenancy.Tx) error { return holds.AskRelease(t.Context(), tx, hold, first, "settled") })
		do(func(tx *tenancy.Tx) error { return holds.ApproveRelease(t.Context(), tx, hold, second) })
	}
	require.Zero(t, due())
	release(placed[1])
	require.Equal(t, 1, due())
	require.NoError(t, erasures.MarkWoken(t.Context(), a.Single(a.Org), id))
	require.Zero(t, due(), "its workflow has just been started")
	require.Equal(t, erasures.Blocked, a.steps(t, d, id))
	nothingOf(t, &a.Bench, two)
	require.Zero(t, due(), "it waits for the other")
	err := a.InTx(t.Context(), a.Org, func(tx *tenancy.Tx) error { return files.Restore(t.Context(), tx, one.File, files.ConflictFails) })
	require.ErrorIs(t, err, tenancy.ErrBeingErased)
	release(placed[0])
	require.Equal(t, 1, due(), "it does not wait for the time since its workflow was started")
}

// TestAnErasureTakesThePackagesThatNameItsFiles and no others: a request for access whose package is
// being made is answered still, and one whose package is taken from it can be released again.
func TestAnErasureTakesThePackagesThatNameItsFiles(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	officer, pupil := a.Member(t, a.Org, tenancy.Admin), a.Member(t, a.Org, tenancy.Student)
	a.User = officer
	named, other := a.publishNamed(t, "report.txt", []byte("a report")), a.publishNamed(t, "worksheet.txt", []byte("of others"))
	third := a.publishNamed(t, "late.txt", []byte("of others"))
	_, err := a.Single(a.Org).Exec(ctx, "insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", named.File, pupil)
	require.NoError(t, err)
	change := func(f func(tx *tenancy.Tx) error) {
		t.Helper()
		require.NoError(t, a.InTx(ctx, a.Org, f))
	}
	request := tenancy.NewID()
	change(func(tx *tenancy.Tx) error {
		return accessrequests.Ask(ctx, tx, accessrequests.New{ID: request, By: pupil, Student: pupil})
	})
	change(func(tx *tenancy.Tx) error { return accessrequests.Verify(ctx, tx, request, officer, "signed in") })
	release := func() uuid.UUID {
		t.Helper()
		op := tenancy.NewID()
		change(func(tx *tenancy.Tx) error { return accessrequests.Release(ctx, tx, request, officer, op) })
		return op
	}
	requireStates := func(op uuid.UUID, pack exports.State, state accessrequests.State) {
		t.Helper()
		e, err := exports.Get(ctx, a.Single(a.Org), op)
		require.NoError(t, err)
		require.Equal(t, pack, e.State)
		r, err := accessrequests.Get(ctx, a.Single(a.Org), request)
		require.NoError(t, err)
		require.Equal(t, state, r.State)
	}
	erase := func(file uuid.UUID) erasures.Certificate {
		t.Helper()
		id := askErasure(t, &a.Bench, erasures.File, file, erasures.SchoolDirective)
		require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
		c, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
		require.NoError(t, err)
		return c
	}
	op := release()
	require.Zero(t, erase(other.File).Exports)
	requireStates(op, exports.Running, accessrequests.Releasing)
	_, err = exports.End(ctx, a.Single(a.Org), op, exports.Removed)
	require.NoError(t, err)
	requireStates(op, exports.Removed, accessrequests.Review)
	op = release()
	writeAll(t, a.exporter(t, 1<<20, nil), a.Org, op)
	require.Zero(t, erase(third.File).Exports)
	requireStates(op, exports.Ready, accessrequests.Ready)
	change(func(tx *tenancy.Tx) error {
		return accessrequests.End(ctx, tx, request, tenancy.Actor{Org: a.Org, User: officer, Role: tenancy.Admin}, accessrequests.Closed, "answered")
	})
	require.EqualValues(t, 1, erase(named.File).Exports)
	requireStates(op, exports.Removed, accessrequests.Closed)
	nothingOf(t, &a.Bench, named)
}

// TestAPartOfAnExportThatComesLateIsFound: what an attempt that was under way wrote into an export that
// was removed is looked for, and removed, before the certificate.
func TestAPartOfAnExportThatComesLateIsFound(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.publishNamed(t, "notes.txt", []byte("in an export"))
	export := a.beginExport(t)
	writeAll(t, a.exporter(t, 1<<20, nil), a.Org, export)
	id := askErasure(t, &a.Bench, erasures.File, ticket.File, erasures.SchoolDirective)
	x, in := a.eraser(t, &dyingErasure{}), erasure.Input{Org: a.Org, Erasure: id}
	_, err := x.BeginErasure(t.Context(), erasure.BeginErasureInput(in))
	require.NoError(t, err)
	_, err = x.EraseVersions(t.Context(), erasure.EraseVersionsInput(in))
	require.NoError(t, err)
	_, err = x.SettleErasure(t.Context(), erasure.SettleErasureInput(in))
	require.NoError(t, err)
	put(t, a.Store.Exports, exports.Prefix(a.Org, export)+"late.zip", []byte("in an export"))
	_, err = x.VerifyErasure(t.Context(), erasure.VerifyErasureInput(in))
	require.ErrorContains(t, err, "copies_left")
	_, err = x.VerifyErasure(t.Context(), erasure.VerifyErasureInput(in))
	require.NoError(t, err)
	nothingOf(t, &a.Bench, ticket)
}
