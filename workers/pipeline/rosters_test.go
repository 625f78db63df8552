package pipeline_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/activities/reconcile"
	"satchel/rosters"
	"satchel/rosters/generate"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/roster"
)

// district is a small district; packed is the package of its day.
func district() *generate.District {
	return generate.New(11, generate.Size{People: 60, Classes: 6, PerStudent: 2})
}

func packed(t *testing.T, d *generate.District) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, d.Write(&b, generate.V12))
	return b.Bytes()
}

func (b *worker) rosterSource(t *testing.T) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, rosters.AddSource(t.Context(), b.Single(b.Org), rosters.Source{ID: id, Name: "SIS " + id.String()}, b.User))
	return id
}

// receiveRoster stores a package and begins its import, as the API does.
func (b *worker) receiveRoster(t *testing.T, c client.Client, source uuid.UUID, content []byte) uuid.UUID {
	t.Helper()
	p := rosters.Package{Import: tenancy.NewID(), Source: source, Size: int64(len(content)), SHA256: sumOf(content), By: &b.User}
	etag, err := b.Store.Staging.Put(t.Context(), rosters.Key(b.Org, p.Import), bytes.NewReader(content), p.Size, "")
	require.NoError(t, err)
	p.ETag = etag
	require.NoError(t, roster.Begin(t.Context(), b.DB, c, b.Org, p))
	return p.Import
}

// rosterComes waits until an import is in the state.
func (b *worker) rosterComes(t *testing.T, id uuid.UUID, to rosters.State) rosters.Import {
	t.Helper()
	var i rosters.Import
	require.Eventually(t, func() bool {
		var err error
		i, err = rosters.Get(context.Background(), b.Single(b.Org), id)
		return err == nil && i.State == to
	}, patience, pause)
	return i
}

// decideRoster notes a decision and tells the workflow of it.
func (b *worker) decideRoster(t *testing.T, id uuid.UUID, d rosters.Decision) {
	t.Helper()
	i := b.rosterComes(t, id, rosters.Waiting)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := rosters.Decide(t.Context(), tx, id, &b.User, d, i.Hash, false)
		return err
	}))
	require.NoError(t, roster.Look(t.Context(), b.Client, b.Org, id, roster.Decided{Decision: d, Hash: i.Hash}))
}

func (b *worker) undoRoster(t *testing.T, id uuid.UUID) {
	t.Helper()
	op, err := roster.BeginUndo(t.Context(), b.DB, b.Client, b.Org, id, &b.User)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, op).State)
}

func (b *worker) countRows(t *testing.T, what string) (n int) {
	t.Helper()
	require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select count(*) from "+what).Scan(&n))
	return n
}

// TestRosterIsImportedAndUndone: the first import waits for a person, the same again
// changes nothing and asks no one, a dangerous one is held and discarded, and undoing
// takes everything back. The reconciler leaves the packages.
func TestRosterIsImportedAndUndone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	source, d := b.rosterSource(t), district()
	first := b.receiveRoster(t, b.Client, source, packed(t, d))
	b.decideRoster(t, first, rosters.Approve)
	o := b.operationOf(t, b.Org, first)
	require.Equal(t, operations.Succeeded, o.State)
	require.Equal(t, 60, b.countRows(t, "people where state = 'active'"))
	require.Equal(t, len(d.Classes), b.countRows(t, "spaces where kind = 'class'"))
	require.Positive(t, b.countRows(t, "space_members s join class_members m on m.user_id = s.user_id where m.role = 'teacher'"), "a teacher is in the class's space")
	require.Eventually(t, func() bool { return b.countRows(t, "roster_rows") == 0 }, patience, pause, "the staged rows go when the import has ended")

	again := b.receiveRoster(t, b.Client, source, packed(t, d))
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, again).State)
	require.Zero(t, b.rosterComes(t, again, rosters.Applied).Summary.Total)

	d.Enrollments, d.Classes = nil, d.Classes[:1]
	dropped := b.receiveRoster(t, b.Client, source, packed(t, d))
	require.NotEmpty(t, b.rosterComes(t, dropped, rosters.Waiting).Holds)
	b.decideRoster(t, dropped, rosters.Discard)
	require.Equal(t, operations.Failed, b.operationOf(t, b.Org, dropped).State)
	b.rosterComes(t, dropped, rosters.Discarded)
	require.Equal(t, 60, b.countRows(t, "people where state = 'active'"))

	found, err := b.Checker.Check(t.Context(), b.Org, reconcile.Options{})
	require.NoError(t, err)
	require.Empty(t, found, "the packages are the imports'")
	b.undoRoster(t, again)
	b.undoRoster(t, first)
	require.Zero(t, b.countRows(t, "people where state = 'active'"))
}

// TestRosterThatIsNotUsed: the virus scanner finds something, or the package is none.
func TestRosterThatIsNotUsed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var bad bytes.Buffer
	z := zip.NewWriter(&bad)
	w, err := z.Create("orgs.csv")
	require.NoError(t, err)
	_, err = w.Write(virus)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for code, content := range map[string][]byte{"infected": bad.Bytes(), "rejected": []byte("no zip at all")} {
		id := b.receiveRoster(t, b.Client, b.rosterSource(t), content)
		o := b.operationOf(t, b.Org, id)
		require.Equal(t, operations.Failed, o.State)
		require.JSONEq(t, `{"code": "`+code+`"}`, string(o.Error))
		require.Equal(t, code, b.rosterComes(t, id, rosters.Stopped).Stop.Code)
	}
	d := district()
	d.Enrollments = d.Enrollments[:20]
	for i := range d.Enrollments {
		d.Enrollments[i].User = "nobody"
	}
	id := b.receiveRoster(t, b.Client, b.rosterSource(t), packed(t, d))
	i := b.rosterComes(t, id, rosters.Stopped)
	require.Equal(t, "too_many_refused", i.Stop.Code)
	require.NotEmpty(t, i.Issues.Places)
	require.Zero(t, b.countRows(t, "people"))
	require.Zero(t, b.countRows(t, "roster_rows"))
}

// away is Temporal that cannot be reached.
type away struct{ client.Client }

func (away) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, errors.New("away")
}

// TestSweepStartsLostImports, and has those look that were not told of a decision.
func TestSweepStartsLostImports(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	source := b.rosterSource(t)
	id := b.receiveRoster(t, away{b.Client}, source, packed(t, district()))
	sweep := func() {
		_, err := b.Single(b.Org).Exec(t.Context(), "update roster_imports set updated_at = now() - interval '1 hour'")
		require.NoError(t, err)
		b.sweepRosters(t)
	}
	sweep()
	i := b.rosterComes(t, id, rosters.Waiting)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := rosters.Decide(t.Context(), tx, id, &b.User, rosters.Approve, i.Hash, false)
		return err
	}))
	sweep()
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, id).State)

	// 30 days later the package, its rows and its changes go; the import stays listed.
	_, err := b.Single(b.Org).Exec(t.Context(), "update roster_imports set ended_at = now() - interval '31 days'")
	require.NoError(t, err)
	b.sweepRosters(t)
	require.Empty(t, keys(t, b.Store.Staging))
	require.Zero(t, b.countRows(t, "roster_changes"))
	require.NotNil(t, b.rosterComes(t, id, rosters.Applied).CleanedAt)
	_, err = roster.BeginUndo(t.Context(), b.DB, b.Client, b.Org, id, &b.User)
	require.ErrorIs(t, err, rosters.ErrNotLast)
}

// sweepRosters runs the sweeps once.
func (b *worker) sweepRosters(t *testing.T) {
	t.Helper()
	b.Sweep(t, "restart-roster-imports")
	b.Sweep(t, "remove-roster-packages")
}

// TestPausedImportGoesOnByItself when the pause is over.
func TestPausedImportGoesOnByItself(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	source := b.rosterSource(t)
	s, err := rosters.GetSource(t.Context(), b.Single(b.Org), source)
	require.NoError(t, err)
	until := time.Now().Add(3 * time.Second)
	s.PausedUntil = &until
	require.NoError(t, rosters.SetSource(t.Context(), b.Single(b.Org), s))
	id := b.receiveRoster(t, b.Client, source, packed(t, district()))
	b.decideRoster(t, id, rosters.AddsOnly)
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, id).State)
	require.True(t, time.Now().After(until))
}

// TestRecordRosters writes the histories that the processes of rosters replay.
func TestRecordRosters(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	source := b.rosterSource(t)
	discarded := b.receiveRoster(t, b.Client, source, packed(t, district()))
	b.decideRoster(t, discarded, rosters.Discard)
	b.keepRun(t, roster.WorkflowID(b.Org, discarded), "roster", "discarded")
	applied := b.receiveRoster(t, b.Client, source, packed(t, district()))
	b.decideRoster(t, applied, rosters.Approve)
	b.keepRun(t, roster.WorkflowID(b.Org, applied), "roster", "applied")
	b.undoRoster(t, applied)
	b.keepRun(t, roster.UndoID(b.Org, applied), "roster", "undone")
	stopped := b.receiveRoster(t, b.Client, source, []byte("no zip at all"))
	b.keepRun(t, roster.WorkflowID(b.Org, stopped), "roster", "stopped")
}
