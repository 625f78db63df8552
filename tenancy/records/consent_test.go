package records_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/consent"
	"satchel/policies/disclosure"
	"satchel/tenancy"
	"satchel/tenancy/records"
)

type school struct {
	*pgtest.Database
	t     *testing.T
	org   tenancy.OrgID
	owner uuid.UUID
}

func (s school) exec(sql string, args ...any) error {
	_, err := s.Single(s.org).Exec(s.t.Context(), sql, args...)
	return err
}

// add makes the row of a file, as an upload does.
func (s school) add(by uuid.UUID) (uuid.UUID, error) {
	id := tenancy.NewID()
	return id, s.InTx(s.t.Context(), s.org, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(s.t.Context(), "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", id, by)
		return err
	})
}

// TestEachStudentOfARecordIsAskedAbout: of a file about several children the strictest answer
// counts, whichever of them it is about, and as long as they are named.
func TestEachStudentOfARecordIsAskedAbout(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	s := school{d, t, d.Organization(t, 1<<30), uuid.Nil}
	s.owner = d.Member(t, s.org, tenancy.Owner)
	pupil, other, grown := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Student)
	require.NoError(t, s.exec("insert into people (organization_id, user_id, kind, grade) values (app.org(), $1, 'student', '10')", grown))
	theirs, err := s.add(pupil)
	require.NoError(t, err)
	staffs, err := s.add(s.owner)
	require.NoError(t, err)
	name := func(file uuid.UUID, students ...uuid.UUID) {
		t.Helper()
		require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			return records.Classify(t.Context(), tx, records.Set{File: file, By: s.owner, Class: records.EducationRecord, Reason: "names them", Students: students})
		}))
	}
	decide := func(child uuid.UUID, kind string, scopes ...string) {
		t.Helper()
		require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			_, err := consent.Decide(t.Context(), tx, consent.NewDecision{ID: tenancy.NewID(), ChildID: child, Kind: kind, Method: "card", Scopes: append([]string{"collect_use"}, scopes...), RecordedBy: s.owner})
			return err
		}))
	}
	state := func(file uuid.UUID) (held, ends bool) {
		require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select held_since is not null, held_until is not null from files where id = $1", file).Scan(&held, &ends))
		return held, ends
	}
	link := func(file uuid.UUID) bool {
		found, err := disclosure.Check(t.Context(), s.Single(s.org), "link", disclosure.Target{File: file})
		require.NoError(t, err)
		return found.Allowed
	}
	require.NoError(t, s.exec("insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), 'link', 'education_record', true, 'ours')"))
	name(staffs, grown)
	require.True(t, link(staffs), "a student of grade 10 is no child")
	name(staffs, grown, other)
	held, _ := state(staffs)
	require.False(t, held)
	require.False(t, link(staffs), "by the school's authorization alone")
	decide(other, "grant", "disclose:link")
	require.True(t, link(staffs))
	decide(pupil, "grant", "disclose:link")
	require.True(t, link(theirs))
	name(theirs, other, pupil)
	require.True(t, link(theirs))
	decide(other, "grant")
	require.False(t, link(theirs), "a parent of the other gave no scope")
	decide(other, "deny")
	for _, file := range []uuid.UUID{staffs, theirs} {
		held, ends := state(file)
		require.True(t, held)
		require.False(t, ends, "a record of the school waits for a person")
	}
	decide(pupil, "grant")
	held, _ = state(theirs)
	require.True(t, held, "the consent of one child's parent releases nothing of another's")
	name(theirs, grown)
	held, _ = state(theirs)
	require.False(t, held, "the other is named no more")
	require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
		return records.Classify(t.Context(), tx, records.Set{File: staffs, By: s.owner, Class: records.NotRecord, Reason: "a worksheet"})
	}))
	held, _ = state(staffs)
	require.False(t, held, "it is no record")

	require.NoError(t, s.exec("update agreements set ended_at = now()"))
	decide(pupil, "void")
	late, err := s.add(s.owner)
	require.NoError(t, err)
	name(late, pupil)
	held, ends := state(late)
	require.True(t, held)
	require.False(t, ends, "what the staff had is not deleted for having been classified")
}
