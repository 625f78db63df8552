package shares_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/shares"
	"satchel/spaces"
	"satchel/tenancy"
)

// school is an organization with a class 5a of a teacher and two students, a colleague,
// an admin and a parent outside of it, and a library.
type school struct {
	*pgtest.Database
	t                                          *testing.T
	org                                        tenancy.OrgID
	people                                     *tenancy.DB
	class, room, group                         uuid.UUID
	owner, admin, teacher, colleague, ada, ben uuid.UUID
	guardian                                   uuid.UUID
	roles                                      map[uuid.UUID]tenancy.Role
	tables                                     *pgx.Conn // as the owner of the tables
}

func newSchool(t *testing.T) *school {
	t.Helper()
	d := pgtest.New(t)
	s := &school{Database: d, t: t, org: d.Organization(t, 1<<30), people: d.ForPeople(), class: tenancy.NewID(), group: tenancy.NewID(), roles: map[uuid.UUID]tenancy.Role{}, tables: d.Admin(t)}
	for id, role := range map[*uuid.UUID]tenancy.Role{
		&s.owner: tenancy.Owner, &s.admin: tenancy.Admin, &s.teacher: tenancy.Teacher, &s.colleague: tenancy.Teacher,
		&s.ada: tenancy.Student, &s.ben: tenancy.Student, &s.guardian: tenancy.Parent,
	} {
		*id = d.Member(t, s.org, role)
		s.roles[*id] = role
	}
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		made, err := spaces.CreateClass(ctx, tx, s.class, "5a", "")
		if err != nil {
			return err
		}
		s.room = *made.SpaceID
		if err := spaces.SetClassMember(ctx, tx, s.class, s.teacher, "teacher", true, nil); err != nil {
			return err
		}
		if err := spaces.SetClassMember(ctx, tx, s.class, s.ada, "student", false, nil); err != nil {
			return err
		}
		return spaces.SetClassMember(ctx, tx, s.class, s.ben, "student", false, nil)
	})
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: s.group, Kind: spaces.Group, Name: "Chess"})
		return err
	})
	return s
}

// try runs f in a transaction of a person.
func (s *school) try(person uuid.UUID, f func(context.Context, *tenancy.Tx) error) error {
	ctx := tenancy.WithActor(s.t.Context(), tenancy.Actor{Org: s.org, User: person, Role: s.roles[person]})
	return s.people.InTx(ctx, s.org, func(tx *tenancy.Tx) error { return f(ctx, tx) })
}

func (s *school) as(person uuid.UUID, f func(context.Context, *tenancy.Tx) error) {
	s.t.Helper()
	require.NoError(s.t, s.try(person, f))
}

// exec runs a statement as the owner of the tables.
func (s *school) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.Single(s.org).Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err, sql)
}

func (s *school) count(sql string, args ...any) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.Single(s.org).QueryRow(s.t.Context(), "select count(*) from "+sql, args...).Scan(&n))
	return n
}

// put brings a published file of a person into a space, or into their own.
func (s *school) put(person, space uuid.UUID, name string) uuid.UUID {
	s.t.Helper()
	var made files.Created
	s.as(person, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		made, err = files.Create(ctx, tx, files.New{Name: name, Size: 10, UploadedBy: person, TTL: time.Hour, Space: space})
		return err
	})
	_, err := s.tables.Exec(s.t.Context(), `update file_versions set status = 'published', scan_verdict = 'clean', sha256 = repeat('0', 64), scan_sha256 = repeat('0', 64),
		scanned_at = now(), published_at = now(), object_etag = 'e', reserved_bytes = 0 where id = $1`, made.Version)
	require.NoError(s.t, err)
	return made.File
}

// share makes one as a person.
func (s *school) share(person uuid.UUID, n shares.New) (shares.Share, error) {
	var made shares.Share
	n.ID = tenancy.NewID()
	err := s.try(person, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		made, _, err = shares.Create(ctx, tx, n)
		return err
	})
	return made, err
}

func (s *school) mustShare(person uuid.UUID, n shares.New) shares.Share {
	s.t.Helper()
	made, err := s.share(person, n)
	require.NoError(s.t, err)
	return made
}

// sees says whether a person reads a file.
func (s *school) sees(person, file uuid.UUID) bool {
	s.t.Helper()
	err := s.try(person, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := files.Get(ctx, tx, file)
		return err
	})
	if err != nil {
		require.Equal(s.t, fault.NotFound, fault.KindOf(err))
	}
	return err == nil
}

// status reads how a share is, and why.
func (s *school) status(share uuid.UUID) (status shares.Status) {
	s.t.Helper()
	require.NoError(s.t, s.Single(s.org).QueryRow(s.t.Context(), "select app.share_status(app.org(), $1)", share).Scan(&status))
	return status
}

func ofFile(id uuid.UUID) shares.Target { return shares.Target{File: id} }

func members(ids ...uuid.UUID) (with []shares.Person) {
	for _, id := range ids {
		with = append(with, shares.Person{User: id})
	}
	return with
}

func requireCode(t *testing.T, err error, code string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.Of(err).Code, err.Error())
}
