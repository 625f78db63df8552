package pipeline_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/accessrequests"
	"satchel/tenancy/exports"
)

// TestPackageOfARequestHoldsWhatWasReleased makes the package of a request about one of two
// students: the records that are theirs, each in the manifest, the reason of what is withheld,
// the disclosures about them, and nothing of the other student.
func TestPackageOfARequestHoldsWhatWasReleased(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := t.Context()
	officer, pupil, other := a.Member(t, a.Org, tenancy.Admin), a.Member(t, a.Org, tenancy.Student), a.Member(t, a.Org, tenancy.Student)
	a.User = officer // the files of a student are about the student
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := a.Single(a.Org).Exec(ctx, sql, args...)
		require.NoError(t, err)
	}
	record := func(name string, students ...uuid.UUID) uuid.UUID {
		file := a.publishNamed(t, name, []byte("content of "+name)).File
		for _, s := range students {
			exec("insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", file, s)
		}
		return file
	}
	alone, both, theirs := record("report.txt", pupil), record("group.txt", pupil, other), record("theirs.txt", other)
	record("worksheet.txt")
	exec("select app.disclosure_note(app.org(), 'outside_person', $1, 'disclosed', '', '99.31(a)(2)', 'the next school', 'Office <office@else.example>', null, null, null, null)", alone)
	exec("select app.disclosure_note(app.org(), 'outside_person', $1, 'disclosed', '', '99.31(a)(2)', 'a secret of another student', 'Office', null, null, null, null)", theirs)

	for _, of := range []struct {
		file, student uuid.UUID
		text          string
	}{{alone, pupil, "the grade of March <is> wrong"}, {theirs, other, "a secret of another student"}} {
		id := tenancy.NewID()
		exec("insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $3, 'w')", id, of.file, of.student)
		exec("insert into record_statements (organization_id, amendment_id, file_id, student_id, statement) values (app.org(), $1, $2, $3, $4)", id, of.file, of.student, of.text)
	}

	request, op := tenancy.NewID(), tenancy.NewID()
	change := func(f func(tx *tenancy.Tx) error) {
		t.Helper()
		require.NoError(t, a.InTx(ctx, a.Org, f))
	}
	change(func(tx *tenancy.Tx) error {
		return accessrequests.Ask(ctx, tx, accessrequests.New{ID: request, By: pupil, Student: pupil, Note: "all of it"})
	})
	change(func(tx *tenancy.Tx) error { return accessrequests.Verify(ctx, tx, request, officer, "signed in") })
	err := a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error { return accessrequests.Release(ctx, tx, request, officer, op) })
	require.ErrorIs(t, err, accessrequests.ErrReview)
	change(func(tx *tenancy.Tx) error {
		return accessrequests.Decide(ctx, tx, request, both, officer, "withhold", "tells of another student")
	})
	late := record("late.txt", pupil)
	change(func(tx *tenancy.Tx) error { return accessrequests.Release(ctx, tx, request, officer, op) })
	newer := a.ScannedVersion(t, alone, "report.txt", []byte("written after the release"))
	_, err = a.Publish(newer.Version)
	require.NoError(t, err)
	another := tenancy.NewID()
	err = a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error { return exports.BeginOf(ctx, tx, another, request) })
	require.ErrorIs(t, err, exports.ErrBusy)

	result := writeAll(t, a.exporter(t, 1<<20, nil), a.Org, op)
	require.EqualValues(t, 2, result.Files)
	entries, problems := unpack(t, &a.Bench, op) // which holds each entry against its hash
	require.Empty(t, problems)
	require.Equal(t, "content of report.txt", string(entries["files/"+alone.String()+"/1/report.txt"]))
	require.Equal(t, "content of late.txt", string(entries["files/"+late.String()+"/1/late.txt"]), "what came since is in it")
	rows := jsonRows(t, entries["records.ndjson"])
	require.Len(t, rows, 3)
	for _, r := range rows {
		if r["file_id"] == both.String() {
			require.Equal(t, "withhold", r["decision"])
			require.Equal(t, "tells of another student", r["reason"])
			require.Nil(t, r["name"])
		}
	}
	told := jsonRows(t, entries["disclosures.ndjson"])
	require.Len(t, told, 1)
	require.Equal(t, "Office <office@else.example>", told[0]["party"])
	said := jsonRows(t, entries["statements.ndjson"])
	require.Len(t, said, 1)
	require.Equal(t, "the grade of March <is> wrong", said[0]["statement"], "it travels with the record")
	page := string(entries["index.html"])
	require.Contains(t, page, "the grade of March &lt;is&gt; wrong")
	require.Contains(t, page, "files/"+alone.String()+"/1/report.txt")
	require.Contains(t, page, "Office &lt;office@else.example&gt;")
	for name, content := range entries {
		for _, foreign := range []string{other.String(), "group.txt", "theirs.txt", "worksheet.txt", "a secret of another student", "written after the release"} {
			require.NotContains(t, string(content), foreign, name)
		}
	}
	r, err := accessrequests.Get(ctx, a.Single(a.Org), request)
	require.NoError(t, err)
	require.Equal(t, accessrequests.Ready, r.State)
	require.Equal(t, op, *r.Export)

	// A package that fails leaves the request where it can be released again.
	again := tenancy.NewID()
	change(func(tx *tenancy.Tx) error { return accessrequests.Release(ctx, tx, request, officer, again) })
	_, err = exports.End(ctx, a.Single(a.Org), again, exports.Failed)
	require.NoError(t, err)
	r, err = accessrequests.Get(ctx, a.Single(a.Org), request)
	require.NoError(t, err)
	require.Equal(t, accessrequests.Review, r.State)
}
