package roster_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/roster"
	"satchel/internal/activitytest"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/policies/verdict"
	"satchel/rosters"
	"satchel/rosters/generate"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/tenancy/people"
)

// bench is an organization with a roster source, a scanner that says what the test
// wants, and a Temporal that notes what it is told.
type bench struct {
	*activitytest.Fixture
	t       *testing.T
	says    verdict.Verdict
	away    error // of the scanner
	scanned int
	told    []string
	refused map[uuid.UUID]bool
	source  uuid.UUID
	a       *roster.Activities
}

func (b *bench) ScanPackage(_ context.Context, content io.ReaderAt, size int64) (verdict.Verdict, error) {
	b.scanned++
	if _, err := io.Copy(io.Discard, io.NewSectionReader(content, 0, size)); err != nil {
		return "", err
	}
	return b.says, b.away
}

func (b *bench) tell(what string, id uuid.UUID) error {
	if b.refused[id] {
		return activitytest.ErrDown
	}
	b.told = append(b.told, what)
	return nil
}

func (b *bench) StartImport(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	return b.tell("import", id)
}

func (b *bench) StartUndo(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	return b.tell("undo", id)
}

func (b *bench) Look(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	return b.tell("look", id)
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{Fixture: activitytest.New(t), t: t, says: verdict.Clean, source: tenancy.NewID(), refused: map[uuid.UUID]bool{}}
	owner, err := spool.Open(spool.Config{Dir: t.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	hasher, err := people.NewHasher(people.HashConfig{Key: "a key of the tests, long enough to be one"})
	require.NoError(t, err)
	b.a = roster.New(roster.Ports{DB: b.DB, Packages: b.Staging, Scanner: b, Hasher: hasher, Workflows: b, Spool: owner})
	require.NoError(t, rosters.AddSource(t.Context(), b.Single(b.Org), rosters.Source{ID: b.source, Name: "SIS"}, b.User))
	return b
}

// receive stores a package and makes its rows, as the API does.
func (b *bench) receive(content []byte) uuid.UUID {
	b.t.Helper()
	sum := sha256.Sum256(content)
	p := rosters.Package{Import: tenancy.NewID(), Source: b.source, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
	var err error
	p.ETag, err = b.Staging.Put(b.t.Context(), rosters.Key(b.Org, p.Import), bytes.NewReader(content), p.Size, "")
	require.NoError(b.t, err)
	require.NoError(b.t, b.InTx(b.t.Context(), b.Org, func(tx *tenancy.Tx) error {
		return errors.Join(rosters.Begin(b.t.Context(), tx, p), operations.Insert(b.t.Context(), tx, operations.Operation{ID: p.Import, Kind: "import_roster", WorkflowID: "w"}))
	}))
	return p.Import
}

func (b *bench) read(id uuid.UUID) (roster.ReadRosterResult, error) {
	return activitytest.Run[roster.ReadRosterResult](b.t, b.a, b.a.ReadRoster, roster.ReadRosterInput{Org: b.Org, Import: id})
}

func (b *bench) get(id uuid.UUID) rosters.Import {
	b.t.Helper()
	i, err := rosters.Get(b.t.Context(), b.Single(b.Org), id)
	require.NoError(b.t, err)
	return i
}

func district(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, generate.New(2, generate.Size{People: 40, Classes: 5, PerStudent: 2}).Write(&b, generate.V12))
	return b.Bytes()
}

// TestOnlyACleanPackageIsRead: every other answer of the scanner stages no row, and a
// scanner that is away is asked again.
func TestOnlyACleanPackageIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for said, code := range map[verdict.Verdict]string{verdict.Infected: "infected", verdict.Rejected: "rejected", verdict.Unscannable: "unscannable"} {
		b.says = said
		id := b.receive(district(t))
		for range 2 { // the answer may be lost
			result, err := b.read(id)
			require.NoError(t, err)
			require.Equal(t, roster.ReadRosterResult{Stopped: true, Code: code}, result)
		}
		require.Equal(t, rosters.Stopped, b.get(id).State)
	}
	id := b.receive(district(t))
	for _, silent := range []verdict.Verdict{verdict.None, verdict.Accepted} {
		b.says = silent
		_, err := b.read(id)
		activitytest.RequireRefused(t, err, "internal", true)
	}
	b.away = fault.New(fault.Unavailable, "scanner_unavailable", "away")
	_, err := b.read(id)
	activitytest.RequireRefused(t, err, "scanner_unavailable", true)
	require.Zero(t, b.count("roster_rows"))
	b.says, b.away = verdict.Clean, nil
	for range 2 {
		result, err := b.read(id)
		require.NoError(t, err)
		require.False(t, result.Stopped)
	}
	require.Equal(t, 7, b.scanned, "what is staged is not scanned again")
	require.Positive(t, b.count("roster_rows"))
}

func (b *bench) count(table string) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.Single(b.Org).QueryRow(b.t.Context(), "select count(*) from "+table).Scan(&n))
	return n
}

// TestBrokenStoreAndChangedPackage: the first is tried again, the second never read.
func TestBrokenStoreAndChangedPackage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.receive(district(t))
	b.Staging.Fail("open")
	_, err := b.read(id)
	activitytest.RequireRefused(t, err, "internal", true)
	require.Zero(t, b.scanned)
	_, err = b.Single(b.Org).Exec(t.Context(), "update roster_imports set sha256 = repeat('0', 64)")
	require.NoError(t, err)
	_, err = b.read(id)
	activitytest.RequireRefused(t, err, "stored_bytes_differ", false)
	require.Zero(t, b.scanned)
	_, err = activitytest.Run[roster.FailRosterResult](t, b.a, b.a.FailRoster, roster.FailRosterInput{Org: b.Org, Import: id, Code: "stored_bytes_differ"})
	require.NoError(t, err)
	require.Equal(t, rosters.Failed, b.get(id).State)
}

// TestAttemptThatDiesGoesOn: one that is cancelled between two batches leaves what it
// applied, and the next one goes on there.
func TestAttemptThatDiesGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.receive(district(t))
	_, err := b.read(id)
	require.NoError(t, err)
	var found roster.CompareRosterResult
	for range 2 {
		again, err := activitytest.Run[roster.CompareRosterResult](t, b.a, b.a.CompareRoster, roster.CompareRosterInput{Org: b.Org, Import: id})
		require.NoError(t, err)
		if found.Hash != "" {
			require.Equal(t, found, again)
		}
		found = again
	}
	require.Equal(t, 1, found.Holds)
	turn := func() roster.TakeRosterTurnResult {
		r, err := activitytest.Run[roster.TakeRosterTurnResult](t, b.a, b.a.TakeRosterTurn, roster.TakeRosterTurnInput{Org: b.Org, Import: id})
		require.NoError(t, err)
		return r
	}
	require.Equal(t, rosters.NextWait, turn().Next)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := rosters.Decide(t.Context(), tx, id, &b.User, rosters.Approve, found.Hash, false)
		return err
	}))
	for range 2 {
		require.Equal(t, rosters.NextApply, turn().Next)
	}
	in := roster.ApplyRosterInput{Org: b.Org, Import: id}
	dying, die := context.WithCancel(t.Context())
	die()
	_, err = b.a.ApplyRoster(dying, in)
	require.ErrorIs(t, err, context.Canceled)
	var applied int64
	for more := true; more; {
		r, err := activitytest.Run[roster.ApplyRosterResult](t, b.a, b.a.ApplyRoster, in)
		require.NoError(t, err)
		applied, more = applied+r.Changes, r.More
	}
	require.Equal(t, found.Total, applied)
	for range 2 {
		_, err := activitytest.Run[roster.FinishRosterResult](t, b.a, b.a.FinishRoster, roster.FinishRosterInput{Org: b.Org, Import: id})
		require.NoError(t, err)
	}
	require.Equal(t, rosters.NextEnd, turn().Next)
	require.Equal(t, rosters.Applied, turn().State)
	for range 2 {
		_, err := activitytest.Run[roster.CleanRosterRowsResult](t, b.a, b.a.CleanRosterRows, roster.CleanRosterRowsInput{Org: b.Org, Import: id})
		require.NoError(t, err)
	}
	require.Zero(t, b.count("roster_rows"))
}

// TestUndecidedImportIsDiscarded after its time, with the reason.
func TestUndecidedImportIsDiscarded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.receive(district(t))
	_, err := b.read(id)
	require.NoError(t, err)
	_, err = b.a.CompareRoster(t.Context(), roster.CompareRosterInput{Org: b.Org, Import: id})
	require.NoError(t, err)
	_, err = b.Single(b.Org).Exec(t.Context(), "update roster_imports set waits_until = now()")
	require.NoError(t, err)
	r, err := b.a.TakeRosterTurn(t.Context(), roster.TakeRosterTurnInput{Org: b.Org, Import: id})
	require.NoError(t, err)
	require.Equal(t, roster.TakeRosterTurnResult{Next: rosters.NextEnd, State: rosters.Discarded, Code: "not_decided"}, r)
}

// TestImportsBehindFailingOnes: one that cannot be started does not keep the sweep from
// those behind it.
func TestImportsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 3 {
		b.Org = b.Organization(t, 1000)
		b.source = tenancy.NewID()
		require.NoError(t, rosters.AddSource(t.Context(), b.Single(b.Org), rosters.Source{ID: b.source, Name: "SIS"}, b.User))
		id := b.receive(district(t))
		b.refused[id] = n < 2
		_, err := b.Single(b.Org).Exec(t.Context(), "update roster_imports set updated_at = now() - interval '1 hour'")
		require.NoError(t, err)
	}
	swept, err := activitytest.Sweep(t, roster.SweepsOf(b.a), "restart-roster-imports")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 3, Done: 1, Failed: 2}, swept)
	require.Equal(t, []string{"import"}, b.told)
}
