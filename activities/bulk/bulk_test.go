package bulk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/bulk"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// temporal notes what was cancelled and started, and calls then with each.
type temporal struct {
	cancelled []uuid.UUID
	started   []tenancy.OperationRef
	then      func()
}

func (w *temporal) CancelUpload(_ context.Context, _ tenancy.OrgID, version uuid.UUID) error {
	w.cancelled = append(w.cancelled, version)
	if w.then != nil {
		w.then()
	}
	return nil
}

func (w *temporal) StartChange(_ context.Context, org tenancy.OrgID, change uuid.UUID) error {
	w.started = append(w.started, tenancy.OperationRef{Org: org, Operation: change})
	return nil
}

type bench struct {
	*pgtest.Database
	org              tenancy.OrgID
	teacher, student uuid.UUID
	temporal         *temporal
	activities       *bulk.Activities
}

func setup(t *testing.T) *bench {
	t.Helper()
	d := pgtest.New(t)
	b := &bench{Database: d, org: d.Organization(t, 1<<30), temporal: &temporal{}}
	b.teacher, b.student = d.Member(t, b.org, tenancy.Teacher), d.Member(t, b.org, tenancy.Student)
	b.activities = bulk.New(d.DB, b.temporal, b.temporal)
	return b
}

// file makes a published file of a person. With an open one, a version of it is in process.
func (b *bench) file(t *testing.T, person uuid.UUID, open bool) files.Created {
	t.Helper()
	var made files.Created
	for i := range 2 {
		if i == 1 && !open {
			break
		}
		require.NoError(t, b.InTx(t.Context(), b.org, func(tx *tenancy.Tx) (err error) {
			made, err = files.Create(t.Context(), tx, files.New{File: made.File, Name: "notes.txt", Size: 10, UploadedBy: person, TTL: time.Hour})
			return err
		}))
		state := `status = 'published', used_bytes = size, reserved_bytes = 0, scan_verdict = 'clean', scan_sha256 = repeat('0', 64), scanned_at = now(), published_at = now(), object_etag = 'e'`
		if i == 1 {
			state = `status = 'processing', started_at = now()`
		}
		_, err := b.Single(b.org).Exec(t.Context(), fmt.Sprintf(`update file_versions set received_at = now(), sha256 = repeat('0', 64), %s where id = $1`, state), made.Version)
		require.NoError(t, err)
	}
	return made
}

// ask makes the rows of a change, as a request does.
func (b *bench) ask(t *testing.T, change files.Bulk) uuid.UUID {
	t.Helper()
	change.ID = tenancy.NewID()
	if change.Actor == uuid.Nil {
		change.Actor = b.teacher
	}
	require.NoError(t, b.InTx(t.Context(), b.org, func(tx *tenancy.Tx) error {
		if err := files.InsertBulk(t.Context(), tx, change); err != nil {
			return err
		}
		return operations.Insert(t.Context(), tx, operations.Operation{ID: change.ID, Kind: "change_files", WorkflowID: "w", CreatedBy: &change.Actor})
	}))
	return change.ID
}

func (b *bench) run(t *testing.T, change uuid.UUID) bulk.ChangeFilesResult {
	t.Helper()
	result, err := activitytest.Run[bulk.ChangeFilesResult](t, b.activities, b.activities.ChangeFiles, bulk.ChangeFilesInput{Org: b.org, Change: change})
	require.NoError(t, err)
	return result
}

// results are the codes of the refused files, and the results of the others.
func (b *bench) results(t *testing.T, change uuid.UUID) (found []string) {
	t.Helper()
	items, err := files.BulkItems(t.Context(), b.Single(b.org), change)
	require.NoError(t, err)
	for _, i := range items {
		if i.Result == "refused" {
			require.NotEmpty(t, i.Detail)
			found = append(found, i.Code)
			continue
		}
		found = append(found, i.Result)
	}
	return found
}

func (b *bench) status(t *testing.T, file uuid.UUID) files.Status {
	t.Helper()
	v, err := files.Get(t.Context(), b.Single(b.org), file)
	require.NoError(t, err)
	return v.FileStatus
}

func (b *bench) entries(t *testing.T, action string) []audit.Line {
	t.Helper()
	lines, err := audit.List(t.Context(), b.Single(b.org), audit.Filter{Action: action, Limit: 100})
	require.NoError(t, err)
	return lines
}

// TestKilledInTheMiddleEndsWhole: the process dies behind the second of four files, whose
// commit it no longer hears of. The next attempt changes the others, and each file once.
func TestKilledInTheMiddleEndsWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, b.file(t, b.teacher, i == 1).File)
	}
	change := b.ask(t, files.Bulk{Action: files.BulkTrash, Files: ids})
	ctx, die := context.WithCancel(t.Context())
	b.temporal.then = die
	_, err := bulk.Changer{DB: b.DB, Workflows: b.temporal}.Change(ctx, b.org, change)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"ok", "ok", "pending", "pending"}, b.results(t, change))
	require.Len(t, b.temporal.cancelled, 1)

	require.Equal(t, bulk.ChangeFilesResult{OK: 4, Total: 4}, b.run(t, change))
	require.Equal(t, bulk.ChangeFilesResult{OK: 4, Total: 4}, b.run(t, change), "once more changes nothing")
	for _, id := range ids {
		require.Equal(t, files.Deleted, b.status(t, id))
	}
	lines := b.entries(t, "file.trash")
	require.Len(t, lines, 4, "one for each file")
	for _, l := range lines {
		require.Contains(t, string(l.Event), `"actor":"`+b.teacher.String()+`"`)
		require.Contains(t, string(l.Event), `"role":"teacher"`)
	}
	require.Len(t, b.temporal.cancelled, 1)
}

// TestTwoAtOnceChangeEachFileOnce: the request is slow, and the sweep starts the workflow
// beside it.
func TestTwoAtOnceChangeEachFileOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []uuid.UUID
	for range 10 {
		ids = append(ids, b.file(t, b.teacher, false).File)
	}
	change := b.ask(t, files.Bulk{Action: files.BulkTag, Add: []string{"algebra"}, Files: ids})
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() {
			_, err := bulk.Changer{DB: b.DB, Workflows: &temporal{}}.Change(context.Background(), b.org, change)
			errs <- err
		}()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	require.Len(t, b.entries(t, "file.tag"), 10)
	require.Equal(t, bulk.ChangeFilesResult{OK: 10, Total: 10}, b.run(t, change))
}

// TestRightsAreThoseOfTheMoment: what was allowed when it was asked for is refused when the
// person has lost it since.
func TestRightsAreThoseOfTheMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, theirs := b.file(t, b.teacher, false), b.file(t, b.student, false)
	ids := []uuid.UUID{mine.File, theirs.File, tenancy.NewID()}
	change := b.ask(t, files.Bulk{Action: files.BulkTrash, Files: ids})
	require.Equal(t, bulk.ChangeFilesResult{OK: 1, Refused: 2, Total: 3}, b.run(t, change))
	require.Equal(t, []string{"ok", "file_not_found", "file_not_found"}, b.results(t, change), "another's file is not there for a teacher who does not see it")

	back := b.ask(t, files.Bulk{Action: files.BulkRestore, Files: ids[:1]})
	_, err := b.Single(b.org).Exec(t.Context(), "update members set role = 'parent' where user_id = $1", b.teacher)
	require.NoError(t, err)
	b.run(t, back)
	require.Equal(t, []string{"no_longer_allowed"}, b.results(t, back))

	gone := b.ask(t, files.Bulk{Action: files.BulkRestore, Files: ids[:1]})
	_, err = b.Single(b.org).Exec(t.Context(), "delete from members where user_id = $1", b.teacher)
	require.NoError(t, err)
	b.run(t, gone)
	require.Equal(t, []string{"no_longer_allowed"}, b.results(t, gone))
	require.Equal(t, files.Deleted, b.status(t, mine.File))
}

func TestSuspendedOrganizationChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.file(t, b.teacher, false)
	change := b.ask(t, files.Bulk{Action: files.BulkTrash, Files: []uuid.UUID{f.File}})
	_, err := b.Admin(t).Exec(t.Context(), "update organizations set status = 'suspended' where id = $1", b.org)
	require.NoError(t, err)
	b.run(t, change)
	require.Equal(t, []string{"organization_suspended"}, b.results(t, change))
	require.Equal(t, files.Published, b.status(t, f.File))
}

func TestChangeThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := bulk.ChangeFilesInput{Org: b.org, Change: tenancy.NewID()}
	_, err := activitytest.Run[bulk.ChangeFilesResult](t, b.activities, b.activities.ChangeFiles, in)
	activitytest.RequireRefused(t, err, "bulk_change_not_found", false)
}

// TestLostChangesAreStartedAndOldOnesDeleted: neither a young one nor one that has ended.
func TestLostChangesAreStartedAndOldOnesDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := files.Bulk{Action: files.BulkTrash, Files: []uuid.UUID{tenancy.NewID()}}
	lost, ended, young := b.ask(t, one), b.ask(t, one), b.ask(t, one)
	require.NoError(t, operations.End(t.Context(), b.Single(b.org), ended, operations.Succeeded, nil, nil, nil))
	admin := b.Admin(t)
	_, err := admin.Exec(t.Context(), "update operations set created_at = now() - interval '1 minute' where id <> $1", young)
	require.NoError(t, err)
	swept, err := activitytest.Sweep(t, bulk.SweepsOf(b.activities), "restart-changes")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 1, Done: 1}, swept)
	require.Equal(t, []tenancy.OperationRef{{Org: b.org, Operation: lost}}, b.temporal.started)

	_, err = admin.Exec(t.Context(), "update bulk_changes set created_at = now() - interval '31 days' where id = $1", ended)
	require.NoError(t, err)
	swept, err = activitytest.Sweep(t, bulk.SweepsOf(b.activities), "delete-old-changes")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 1, Done: 1}, swept)
	_, err = files.GetBulk(t.Context(), b.Single(b.org), ended)
	require.ErrorIs(t, err, files.ErrNoBulk)
	_, err = files.GetBulk(t.Context(), b.Single(b.org), young)
	require.NoError(t, err)
	items, err := files.BulkItems(t.Context(), b.Single(b.org), ended)
	require.NoError(t, err)
	require.Empty(t, items)
}
