package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/erasure"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/internal/s3"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/holds"
	erasing "satchel/workflows/erasure"
)

func signer(t *testing.T) *audit.Signer {
	t.Helper()
	s, err := audit.NewSigner(pipelinetest.AuditKey)
	require.NoError(t, err)
	return s
}

// askErasure asks that something be erased, as an admin of the organization.
func askErasure(t *testing.T, b *pipelinetest.Bench, scope erasures.Scope, target uuid.UUID, basis erasures.Basis) uuid.UUID {
	t.Helper()
	id, by := tenancy.NewID(), b.Member(t, b.Org, tenancy.Admin)
	require.NoError(t, b.InTx(context.Background(), b.Org, func(tx *tenancy.Tx) error {
		return erasures.Ask(context.Background(), tx, erasures.New{ID: id, By: by, Target: target, Scope: scope, Basis: basis})
	}))
	return id
}

func erasureOf(t *testing.T, b *pipelinetest.Bench, id uuid.UUID) erasures.Erasure {
	t.Helper()
	e, err := erasures.Get(context.Background(), b.Single(b.Org), id)
	require.NoError(t, err)
	return e
}

// nothingOf demands that no bucket lists anything of the versions, and no row names them but
// those of the erasure.
func nothingOf(t *testing.T, b *pipelinetest.Bench, tickets ...files.Created) {
	t.Helper()
	for _, bucket := range []*s3.Bucket{b.Store.Staging, b.Store.Clean, b.Store.Quarantine, b.Store.Keys} {
		for _, key := range keys(t, bucket) {
			for _, ticket := range tickets {
				require.NotContains(t, key, ticket.Version.String(), bucket.Name())
			}
		}
	}
	require.Empty(t, keys(t, b.Store.Exports), "a copy of the organization may hold anything")
	for _, ticket := range tickets {
		_, err := files.GetVersion(context.Background(), b.Single(b.Org), ticket.Version)
		require.ErrorIs(t, err, files.ErrNotFound)
	}
}

// TestASubjectIsErasedByAWorkflow of the worker's real processes, with encrypted bytes: nothing
// of the person is left, what tells of others is kept with its reason, and the certificate
// verifies without the platform.
func TestASubjectIsErasedByAWorkflow(t *testing.T) {
	t.Parallel()
	b, _ := encryptedBench(t)
	ctx := t.Context()
	first, second := b.published(t, "one"), b.published(t, "two")
	shared := b.published(t, "of two")
	other := b.Member(t, b.Org, tenancy.Student)
	_, err := b.Single(b.Org).Exec(ctx, "insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", shared.File, other)
	require.NoError(t, err)
	open := b.Receive(t, "on its way.txt", []byte("not published yet"))
	person := b.User
	id := askErasure(t, &b.Bench, erasures.Person, person, erasures.ParentRequest)
	require.NoError(t, erasing.Start(ctx, b.Client, b.Org, id))
	run := b.Client.GetWorkflow(ctx, erasing.WorkflowID(b.Org, id), "")
	var result erasing.EraseRecordsResult
	require.NoError(t, run.Get(ctx, &result))
	require.Equal(t, erasures.Certified, result.State)
	nothingOf(t, &b.Bench, first, second, open)
	v, err := files.GetVersion(ctx, b.Single(b.Org), shared.Version)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)

	c, err := erasures.GetCertificate(ctx, b.Single(b.Org), id)
	require.NoError(t, err)
	require.EqualValues(t, 3, c.Files)
	require.EqualValues(t, 3, c.Versions)
	for _, i := range c.Items {
		require.Equal(t, erasures.CryptographicErase, i.Method)
		require.Len(t, i.SHA256, 64)
	}
	require.Equal(t, []erasures.Kept{{File: shared.File, Reason: "other_people"}}, c.Kept)
	copied := read(t, b.Store.Audit, erasures.CertificateKey(b.Org, id))
	read, err := erasures.ReadCertificate(copied, signer(t).Public())
	require.NoError(t, err)
	require.Equal(t, c, read)
	_, err = erasures.ReadCertificate([]byte(strings.Replace(string(copied), c.Items[0].SHA256, strings.Repeat("0", 64), 1)), signer(t).Public())
	require.ErrorIs(t, err, erasures.ErrForged)
	_, another, err := audit.NewKey()
	require.NoError(t, err)
	_, err = erasures.ReadCertificate(copied, another.Public())
	require.ErrorIs(t, err, erasures.ErrForged)
	require.NotContains(t, string(copied), "notes.txt")
	require.Zero(t, b.Sweep(t, "start-erasures").Done, "nothing is left to start")
	b.RequireSettled(t)
}

// dyingErasure is the store of an erasure whose process dies at one of its calls: the call
// works, or not, and nothing after it does.
type dyingErasure struct {
	calls sync.Mutex // several are on their way at once
	at    string
	death context.CancelFunc
}

func (d *dyingErasure) dies(at string) error {
	d.calls.Lock()
	defer d.calls.Unlock()
	if d.at != at {
		return nil
	}
	d.at = ""
	d.death()
	return context.Canceled
}

func around(d *dyingErasure, name string, do func() error) error {
	if err := d.dies("before " + name); err != nil {
		return err
	}
	return errors.Join(do(), d.dies("after "+name))
}

type dyingParts struct {
	*dyingErasure
	erasure.Keys
	erasure.Objects
	erasure.Archive
}

func (d dyingParts) DropKey(ctx context.Context, key string) error {
	return around(d.dyingErasure, "key", func() error { return d.Keys.DropKey(ctx, key) })
}

func (d dyingParts) RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return around(d.dyingErasure, "objects", func() error { return d.Objects.RemoveVersion(ctx, org, version) })
}

func (d dyingParts) PutNew(ctx context.Context, key string, body *bytes.Reader, contentType string) error {
	name := strings.SplitN(key, "/", 2)[0] // erasures: the ledger; certificates
	return around(d.dyingErasure, name, func() error { return d.Archive.PutNew(ctx, key, body, contentType) })
}

// noErasures is a Temporal in which nothing runs.
type noErasures struct{ *pipelinetest.NoWorkflows }

func (noErasures) CancelUpload(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }
func (noErasures) StartErasure(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }

// eraser is the activities of an erasure; they die once where the test says.
func (a *activities) eraser(t *testing.T, d *dyingErasure) *erasure.Activities {
	t.Helper()
	p := wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t))
	dying := dyingParts{d, p.Keys, p.Objects, p.Archive}
	p.Keys, p.Objects, p.Archive, p.Workflows = dying, dying, dying, noErasures{a.Workflows}
	return erasure.New(p)
}

// steps runs the steps of an erasure in their order, as its workflow does, and gives its state.
// A process that dies is followed by one that begins at the step again.
func (a *activities) steps(t *testing.T, d *dyingErasure, id uuid.UUID) erasures.State {
	t.Helper()
	x, in := a.eraser(t, d), erasure.Input{Org: a.Org, Erasure: id}
	try := func(step func(ctx context.Context) error) {
		t.Helper()
		for attempt := range 2 {
			ctx, cancel := context.WithCancel(context.Background())
			d.death = cancel
			err := step(ctx)
			cancel()
			if err == nil {
				return
			}
			require.Zero(t, attempt, "%v", err)
		}
	}
	var state erasures.State
	try(func(ctx context.Context) error {
		_, err := x.BeginErasure(ctx, erasure.BeginErasureInput(in))
		return err
	})
	try(func(ctx context.Context) error {
		_, err := x.EraseVersions(ctx, erasure.EraseVersionsInput(in))
		return err
	})
	try(func(ctx context.Context) error {
		settled, err := x.SettleErasure(ctx, erasure.SettleErasureInput(in))
		state = settled.State
		return err
	})
	if state != erasures.Verifying {
		return state
	}
	try(func(ctx context.Context) error {
		_, err := x.VerifyErasure(ctx, erasure.VerifyErasureInput(in))
		return err
	})
	try(func(ctx context.Context) error {
		_, err := x.CertifyErasure(ctx, erasure.CertifyErasureInput(in))
		return err
	})
	return erasureOf(t, &a.Bench, id).State
}

// TestAnErasureThatDiesGoesOn kills the process before and after each call of the store, and
// demands the same end: nothing left of the person, and one certificate.
func TestAnErasureThatDiesGoesOn(t *testing.T) {
	t.Parallel()
	windows := []string{""}
	for _, call := range []string{"erasures", "key", "objects", "certificates"} {
		windows = append(windows, "before "+call, "after "+call)
	}
	for _, at := range windows {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			a := setupActivities(t)
			a.Delay(48 * time.Hour) // an erasure does not wait for it
			var tickets []files.Created
			for i := range 3 {
				tickets = append(tickets, a.publishNamed(t, fmt.Sprintf("%d.txt", i), fmt.Appendf(nil, "content %d", i)))
			}
			again := a.ScannedVersion(t, tickets[0].File, "0.txt", []byte("a second version"))
			_, err := a.Publish(again.Version)
			require.NoError(t, err)
			tickets = append(tickets, again, a.Scanned(t))
			export := a.beginExport(t)
			writeAll(t, a.exporter(t, 1<<20, nil), a.Org, export)
			pupil := a.User
			a.User = a.Member(t, a.Org, tenancy.Student)
			kept := a.publishNamed(t, "of another person.txt", []byte("kept"))

			id := askErasure(t, &a.Bench, erasures.Person, pupil, erasures.SchoolDirective)
			d := &dyingErasure{at: at}
			require.Equal(t, erasures.Certified, a.steps(t, d, id))
			require.Empty(t, d.at, "the process did not die there")
			nothingOf(t, &a.Bench, tickets...)
			require.Equal(t, []byte("kept"), read(t, a.Store.Clean, files.ContentKey(a.Org, kept.Version)))
			c, err := erasures.GetCertificate(t.Context(), a.Single(a.Org), id)
			require.NoError(t, err)
			require.EqualValues(t, 4, c.Files)
			require.EqualValues(t, 5, c.Versions)
			require.EqualValues(t, 1, c.Exports)
			for _, i := range c.Items {
				require.Equal(t, erasures.CryptographicErase, i.Method)
			}
			var copies int
			for _, key := range keys(t, a.Store.Audit) {
				if strings.HasPrefix(key, "certificates/") {
					copies++
				}
			}
			require.Equal(t, 1, copies)
			said, err := audit.List(t.Context(), a.Single(a.Org), audit.Filter{Action: "erasure.certify", Limit: 10})
			require.NoError(t, err)
			require.Len(t, said, 1)
			a.RequireSettled(t)
		})
	}
}

// TestAHoldBlocksAnErasure with its id: what it covers stays, in the trash and readable by
// no one; the rest is erased; and when two people have released it the erasure ends.
func TestAHoldBlocksAnErasure(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	pupil := a.User
	free, held := a.publishNamed(t, "free.txt", []byte("free")), a.publishNamed(t, "held.txt", []byte("held"))
	hold := tenancy.NewID()
	first, second := a.Member(t, a.Org, tenancy.Admin), a.Member(t, a.Org, tenancy.Owner)
	do := func(f func(tx *tenancy.Tx) error) {
		t.Helper()
		require.NoError(t, a.InTx(t.Context(), a.Org, f))
	}
	do(func(tx *tenancy.Tx) error {
		return holds.Place(t.Context(), tx, holds.New{ID: hold, By: first, Kind: holds.Legal, Scope: holds.File, Target: held.File, Reason: "a letter"})
	})
	id := askErasure(t, &a.Bench, erasures.Person, pupil, erasures.ParentRequest)
	d := &dyingErasure{}
	for range 2 { // again changes nothing
		require.Equal(t, erasures.Blocked, a.steps(t, d, id))
		e := erasureOf(t, &a.Bench, id)
		require.Equal(t, hold, *e.Hold)
		require.EqualValues(t, 1, e.Waits)
		require.EqualValues(t, 1, e.Erased)
	}
	nothingOf(t, &a.Bench, free)
	require.Equal(t, []byte("held"), read(t, a.Store.Clean, files.ContentKey(a.Org, held.Version)))
	v, err := files.Get(t.Context(), a.Single(a.Org), held.File)
	require.NoError(t, err)
	require.NotNil(t, v.TrashedAt)
	_, err = erasures.GetCertificate(t.Context(), a.Single(a.Org), id)
	require.ErrorIs(t, err, erasures.ErrNotCertified)
	due := func() int {
		t.Helper()
		found, err := a.DB.ErasuresDue(t.Context(), -time.Minute, 0, uuid.Nil, 10)
		require.NoError(t, err)
		return len(found)
	}
	require.Zero(t, due(), "it waits for the hold")
	do(func(tx *tenancy.Tx) error { return holds.AskRelease(t.Context(), tx, hold, first, "settled") })
	do(func(tx *tenancy.Tx) error { return holds.ApproveRelease(t.Context(), tx, hold, second) })
	require.Equal(t, 1, due())
	require.Equal(t, erasures.Certified, a.steps(t, d, id))
	nothingOf(t, &a.Bench, free, held)
	said, err := audit.List(t.Context(), a.Single(a.Org), audit.Filter{Action: "erasure.block", Limit: 10})
	require.NoError(t, err)
	require.Len(t, said, 2, "each look that found the hold")
	require.Zero(t, due())
	_, err = a.Single(a.Org).Exec(t.Context(), "update erasures set certificate = '{}'")
	require.Error(t, err, "a certificate is not changed")
}

// TestACacheIsToldBeforeTheCertificate: the verification waits for the purges of what was erased.
func TestACacheIsToldBeforeTheCertificate(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.publishNamed(t, "notes.txt", []byte("cached"))
	exec := func(sql string) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec("insert into edge_cursors (organization_id) values (app.org())")
	id := askErasure(t, &a.Bench, erasures.File, ticket.File, erasures.SchoolDirective)
	x, in := a.eraser(t, &dyingErasure{}), erasure.Input{Org: a.Org, Erasure: id}
	_, err := x.BeginErasure(t.Context(), erasure.BeginErasureInput(in))
	require.NoError(t, err)
	_, err = x.EraseVersions(t.Context(), erasure.EraseVersionsInput(in))
	require.NoError(t, err)
	_, err = x.SettleErasure(t.Context(), erasure.SettleErasureInput(in))
	require.NoError(t, err)
	_, err = x.VerifyErasure(t.Context(), erasure.VerifyErasureInput(in))
	require.ErrorContains(t, err, "cache_not_told")
	exec("select app.number_events()")
	exec("update edge_cursors set position = (select max(seq) from organization_events)")
	exec("insert into edge_purges (organization_id, key, state) values (app.org(), 'v-" + ticket.Version.String() + "', 'given_up')")
	_, err = x.VerifyErasure(t.Context(), erasure.VerifyErasureInput(in))
	require.ErrorContains(t, err, "cache_not_told", "an operator has it told again")
	exec("delete from edge_purges")
	_, err = x.VerifyErasure(t.Context(), erasure.VerifyErasureInput(in))
	require.NoError(t, err)
}

// TestThePersonsOwnRowIsEmptied when the person has left, and no hold covers them.
func TestThePersonsOwnRowIsEmptied(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	exec("insert into people (organization_id, user_id, kind, display_name, grade, identifiers, email_hash) values (app.org(), $1, 'student', 'Plum', '07', '{17}', sha256('a')) on conflict (organization_id, user_id) do update set display_name = 'Plum'", a.User)
	erase := func() erasures.PersonState {
		t.Helper()
		id := askErasure(t, &a.Bench, erasures.Person, a.User, erasures.StudentRequest)
		require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
		c, err := erasures.GetCertificate(t.Context(), a.Single(a.Org), id)
		require.NoError(t, err)
		return c.Person
	}
	name := func() (found string) {
		t.Helper()
		require.NoError(t, a.Single(a.Org).QueryRow(t.Context(), "select display_name || array_to_string(identifiers, '') || coalesce(email_hash::text, '') from people where user_id = $1", a.User).Scan(&found))
		return found
	}
	require.Equal(t, erasures.PersonMember, erase())
	exec("delete from members where user_id = $1", a.User)
	exec("update people set state = 'left' where user_id = $1", a.User)
	hold, first, second := tenancy.NewID(), a.Member(t, a.Org, tenancy.Admin), a.Member(t, a.Org, tenancy.Owner)
	do := func(f func(tx *tenancy.Tx) error) {
		t.Helper()
		require.NoError(t, a.InTx(t.Context(), a.Org, f))
	}
	do(func(tx *tenancy.Tx) error {
		return holds.Place(t.Context(), tx, holds.New{ID: hold, By: first, Kind: holds.AccessRequest, Scope: holds.Person, Target: a.User, Reason: "r"})
	})
	require.Equal(t, erasures.PersonHeld, erase())
	require.Contains(t, name(), "Plum")
	do(func(tx *tenancy.Tx) error { return holds.AskRelease(t.Context(), tx, hold, first, "over") })
	do(func(tx *tenancy.Tx) error { return holds.ApproveRelease(t.Context(), tx, hold, second) })
	require.Equal(t, erasures.PersonErased, erase())
	require.Empty(t, name())
}

// TestWhatAnOfficerKeepsGoesBeforeAParent and not before the school itself.
func TestWhatAnOfficerKeepsGoesBeforeAParent(t *testing.T) {
	t.Parallel()
	for basis, state := range map[erasures.Basis]bool{erasures.ParentRequest: true, erasures.SchoolDirective: false} {
		a := setupActivities(t)
		ticket := a.publishNamed(t, "report.txt", []byte("a report"))
		_, err := a.Single(a.Org).Exec(t.Context(), `insert into retention_reviews (organization_id, file_id, policy_id, state, keep_until, reason, decided_by, decided_at)
			values (app.org(), $1, app.new_id(), 'kept', now() + interval '1 year', 'state law', $2, now())`, ticket.File, a.User)
		require.NoError(t, err)
		id := askErasure(t, &a.Bench, erasures.File, ticket.File, basis)
		require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
		c, err := erasures.GetCertificate(t.Context(), a.Single(a.Org), id)
		require.NoError(t, err)
		_, err = files.Get(t.Context(), a.Single(a.Org), ticket.File)
		if state {
			require.NoError(t, err)
			require.Equal(t, []erasures.Kept{{File: ticket.File, Reason: "kept_until"}}, c.Kept)
			require.Zero(t, c.Files)
		} else {
			require.ErrorIs(t, err, files.ErrNotFound)
			require.EqualValues(t, 1, c.Files)
		}
	}
}

// TestRecordErasures writes the histories of an erasure that is certified, and of one that a hold blocks.
func TestRecordErasures(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	certified, blocked := b.published(t, "one"), b.published(t, "two")
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		by := b.Member(t, b.Org, tenancy.Admin)
		return holds.Place(t.Context(), tx, holds.New{ID: tenancy.NewID(), By: by, Kind: holds.Legal, Scope: holds.File, Target: blocked.File, Reason: "a letter"})
	}))
	for name, ticket := range map[string]files.Created{"certified": certified, "blocked": blocked} {
		id := askErasure(t, &b.Bench, erasures.File, ticket.File, erasures.SchoolDirective)
		require.NoError(t, erasing.Start(t.Context(), b.Client, b.Org, id))
		b.keepRun(t, erasing.WorkflowID(b.Org, id), "erasure", name)
	}
}
