package spaces_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/spaces"
	"satchel/tenancy"
)

// school is an organization with a class 5a: a primary teacher, two students, and a
// colleague, an admin and a guardian outside of it.
type school struct {
	*pgtest.Database
	t                                                    *testing.T
	org                                                  tenancy.OrgID
	people                                               *tenancy.DB
	class, room                                          uuid.UUID // the class and its space
	owner, admin, teacher, colleague, ada, ben, guardian uuid.UUID
}

func newSchool(t *testing.T) *school {
	t.Helper()
	d := pgtest.New(t)
	s := &school{Database: d, t: t, org: d.Organization(t, 1<<30), people: d.ForPeople(), class: tenancy.NewID()}
	for id, role := range map[*uuid.UUID]tenancy.Role{
		&s.owner: tenancy.Owner, &s.admin: tenancy.Admin, &s.teacher: tenancy.Teacher, &s.colleague: tenancy.Teacher,
		&s.ada: tenancy.Student, &s.ben: tenancy.Student, &s.guardian: tenancy.Parent,
	} {
		*id = d.Member(t, s.org, role)
	}
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) {
		made, err := spaces.CreateClass(ctx, tx, s.class, "5a", "")
		require.NoError(t, err)
		require.NotNil(t, made.SpaceID)
		s.room = *made.SpaceID
		require.NoError(t, spaces.SetClassMember(ctx, tx, s.class, s.teacher, "teacher", true, nil))
		require.NoError(t, spaces.SetClassMember(ctx, tx, s.class, s.ada, "student", false, nil))
		require.NoError(t, spaces.SetClassMember(ctx, tx, s.class, s.ben, "student", false, nil))
	})
	_, err := d.Single(s.org).Exec(t.Context(), "insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $3)", s.guardian, s.ada, s.admin)
	require.NoError(t, err)
	return s
}

// try runs f in a transaction of a person.
func (s *school) try(person uuid.UUID, f func(context.Context, *tenancy.Tx) error) error {
	s.t.Helper()
	ctx := tenancy.WithActor(s.t.Context(), tenancy.Actor{Org: s.org, User: person})
	return s.people.InTx(ctx, s.org, func(tx *tenancy.Tx) error { return f(ctx, tx) })
}

func (s *school) as(person uuid.UUID, f func(context.Context, *tenancy.Tx)) {
	s.t.Helper()
	require.NoError(s.t, s.try(person, func(ctx context.Context, tx *tenancy.Tx) error { f(ctx, tx); return nil }))
}

// folder makes a folder as a person.
func (s *school) folder(person uuid.UUID, n spaces.NewFolder) uuid.UUID {
	s.t.Helper()
	n.ID = tenancy.NewID()
	if n.Mode == "" {
		n.Mode = spaces.Shared
	}
	s.as(person, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.CreateFolder(ctx, tx, n)
		require.NoError(s.t, err)
	})
	return n.ID
}

// put brings a file as a person, and publishes it as the pipeline would.
func (s *school) put(person uuid.UUID, n files.New) (uuid.UUID, error) {
	s.t.Helper()
	var made files.Created
	err := s.try(person, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		n.Size, n.UploadedBy, n.TTL = 10, person, time.Hour
		if n.Name == "" {
			n.Name = "essay.docx"
		}
		made, err = files.Create(ctx, tx, n)
		return err
	})
	if err != nil {
		return uuid.Nil, err
	}
	_, err = s.Admin(s.t).Exec(s.t.Context(), `update file_versions set status = 'published', scan_verdict = 'clean', sha256 = repeat('0', 64), scan_sha256 = repeat('0', 64),
		scanned_at = now(), published_at = now(), object_etag = 'e', reserved_bytes = 0 where id = $1`, made.Version)
	require.NoError(s.t, err)
	return made.File, nil
}

func (s *school) mustPut(person uuid.UUID, n files.New) uuid.UUID {
	s.t.Helper()
	id, err := s.put(person, n)
	require.NoError(s.t, err)
	return id
}

// sees says whether a person reads a file, by its id and in their list alike.
func (s *school) sees(person, file uuid.UUID) bool {
	s.t.Helper()
	var byID, listed bool
	s.as(person, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := files.Get(ctx, tx, file)
		byID = err == nil
		for _, mine := range []bool{true, false} {
			page, err := files.List(ctx, tx, files.Filter{Mine: mine, Limit: 200})
			require.NoError(s.t, err)
			found := false
			for _, v := range page {
				found = found || v.FileID == file
			}
			if mine {
				listed = found
			} else {
				require.Equal(s.t, listed, found, "the list by places and the list by the policy")
			}
		}
	})
	require.Equal(s.t, byID, listed, "by id, and in the list")
	return byID
}

// readers are those of the school who read a file.
func (s *school) readers(file uuid.UUID) (names []string) {
	s.t.Helper()
	for _, p := range []struct {
		name string
		id   uuid.UUID
	}{{"owner", s.owner}, {"admin", s.admin}, {"teacher", s.teacher}, {"colleague", s.colleague}, {"ada", s.ada}, {"ben", s.ben}, {"guardian", s.guardian}} {
		if s.sees(p.id, file) {
			names = append(names, p.name)
		}
	}
	return names
}
