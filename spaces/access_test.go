package spaces_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/spaces"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

func TestWhoReadsWhat(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	require.Equal(t, []string{"teacher"}, s.readers(s.mustPut(s.teacher, files.New{})), "a personal space is its person's alone, owners and admins included")
	require.Equal(t, []string{"ada", "guardian"}, s.readers(s.mustPut(s.ada, files.New{})), "what is in a student's personal space is about them")
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "ben"}, s.readers(s.mustPut(s.teacher, files.New{Space: s.room})))
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "ben"}, s.readers(s.mustPut(s.ben, files.New{Space: s.room})), "a student adds for all")

	for name, put := range map[string]struct {
		person uuid.UUID
		code   string
	}{"a colleague": {s.colleague, "folder_not_found"}, "a guardian": {s.guardian, "folder_not_found"}} {
		_, err := s.put(put.person, files.New{Space: s.room})
		require.Equal(t, put.code, fault.Of(err).Code, name)
	}
}

func TestHandOutOpensByItself(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	later := time.Now().Add(time.Hour)
	out := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Worksheets", Mode: spaces.HandOut, OpensAt: &later})
	sheet := s.mustPut(s.teacher, files.New{Folder: out})
	require.Equal(t, []string{"owner", "admin", "teacher"}, s.readers(sheet), "until it opens it is its staff's")
	_, err := s.put(s.ada, files.New{Folder: out})
	require.Equal(t, "staff_only", fault.Of(err).Code)

	now := time.Now().Add(-time.Second)
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.UpdateFolder(ctx, tx, out, spaces.FolderChange{SetsOpensAt: true, OpensAt: &now}))
	})
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "ben"}, s.readers(sheet), "no timer is waited for")
}

func TestHandIn(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	in := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Essays", Mode: spaces.HandIn})
	states := func() map[uuid.UUID]string {
		found := map[uuid.UUID]string{}
		s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
			rows, err := spaces.HandIns(ctx, tx, in, uuid.Nil, 100)
			require.NoError(t, err)
			for _, r := range rows {
				found[r.StudentID] = spaces.StateOf(spaces.Limit(r.HandedInAt), spaces.Limit(r.ReturnedAt), nil)
			}
		})
		return found
	}
	require.Equal(t, map[uuid.UUID]string{s.ada: "missing", s.ben: "missing"}, states())
	require.Equal(t, "nothing_to_hand_in", fault.Of(s.handIn(s.ada, in)).Code)

	essay := s.mustPut(s.ada, files.New{Folder: in})
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "guardian"}, s.readers(essay), "no classmate and no other guardian")
	s.mustPut(s.ben, files.New{Folder: in}) // of the same name: each student has their own
	require.NoError(t, s.handIn(s.ada, in))
	require.Equal(t, map[uuid.UUID]string{s.ada: "in", s.ben: "missing"}, states())

	rename := func(person uuid.UUID) error {
		name := "better.docx"
		return s.try(person, func(ctx context.Context, tx *tenancy.Tx) error {
			return files.Update(ctx, tx, essay, files.Change{Name: &name})
		})
	}
	require.Error(t, rename(s.ada), "what is handed in is not its writer's to change")
	require.NoError(t, rename(s.teacher))
	s.as(s.ada, func(ctx context.Context, tx *tenancy.Tx) { require.NoError(t, spaces.WithdrawHandIn(ctx, tx, in)) })
	require.NoError(t, rename(s.ada), "what is taken back is")
	require.NoError(t, s.handIn(s.ada, in))

	require.ErrorIs(t, s.try(s.ben, func(ctx context.Context, tx *tenancy.Tx) error { return spaces.ReturnHandIn(ctx, tx, in, s.ada, "") }), spaces.ErrNotHandIn, "a classmate returns nothing")
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.ReturnHandIn(ctx, tx, in, s.ada, "Well done."))
	})
	require.Equal(t, map[uuid.UUID]string{s.ada: "returned", s.ben: "missing"}, states())
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		rows, err := spaces.HandIns(ctx, tx, in, uuid.Nil, 100)
		require.NoError(t, err)
		for _, r := range rows {
			require.Equal(t, map[uuid.UUID]string{s.ada: "Well done."}[r.StudentID], r.Note)
		}
	})
	require.NoError(t, rename(s.ada), "what is returned may be gone on with")
	s.as(s.ada, func(ctx context.Context, tx *tenancy.Tx) {
		told, err := notifications.List(ctx, tx, true, uuid.Nil, 10)
		require.NoError(t, err)
		require.Len(t, told, 1)
		require.Equal(t, "handin.returned", told[0].Kind)
	})
}

func (s *school) handIn(person, folder uuid.UUID) error {
	return s.try(person, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.HandInNow(ctx, tx, folder)
		return err
	})
}

func TestHandInCloses(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	past := time.Now().Add(-time.Minute)
	in := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Essays", Mode: spaces.HandIn, ClosesAt: &past})
	_, err := s.put(s.ada, files.New{Folder: in})
	require.Equal(t, "hand_in_closed", fault.Of(err).Code)
	due := time.Now().Add(-time.Minute)
	in = s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Late ones", Mode: spaces.HandIn, DueAt: &due})
	s.mustPut(s.ada, files.New{Folder: in})
	require.NoError(t, s.handIn(s.ada, in), "late is not refused")
	require.ErrorIs(t, s.try(s.ada, func(ctx context.Context, tx *tenancy.Tx) error { return spaces.WithdrawHandIn(ctx, tx, in) }), spaces.ErrTooLate)
}

func TestAClassMoveTakesTheRoomAndLeavesTheWork(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	in := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Essays", Mode: spaces.HandIn})
	essay, sheet := s.mustPut(s.ada, files.New{Folder: in}), s.mustPut(s.teacher, files.New{Space: s.room})
	require.True(t, s.sees(s.ada, sheet))
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.RemoveClassMember(ctx, tx, s.class, s.ada, s.admin))
	})
	require.False(t, s.sees(s.ada, sheet), "access ends with the commit")
	require.True(t, s.sees(s.ada, essay), "own work stays readable")
	require.True(t, s.sees(s.guardian, essay))
}

func TestSubstituteEndsByItself(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	sheet := s.mustPut(s.teacher, files.New{Space: s.room})
	give := func(ends time.Time) (spaces.Grant, error) {
		var g spaces.Grant
		return g, s.try(s.admin, func(ctx context.Context, tx *tenancy.Tx) (err error) {
			g, err = spaces.Give(ctx, tx, spaces.NewGrant{ID: tenancy.NewID(), Space: s.room, User: s.colleague, Level: spaces.Staffs, Via: spaces.Substitute, EndsAt: &ends})
			return err
		})
	}
	_, err := give(time.Now().Add(spaces.MaxSubstitute + time.Hour))
	require.ErrorIs(t, err, spaces.ErrEnds)
	_, err = give(time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.True(t, s.sees(s.colleague, sheet))
	// The clock is moved by moving the row: no timer and no statement ends it.
	_, err = s.Admin(t).Exec(t.Context(), "update space_members set ends_at = now() where user_id = $1 and via = 'substitute'", s.colleague)
	require.NoError(t, err)
	require.False(t, s.sees(s.colleague, sheet))
	require.Error(t, s.try(s.ada, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.Give(ctx, tx, spaces.NewGrant{ID: tenancy.NewID(), Space: s.room, User: s.ada, Level: spaces.Manages, Via: spaces.ByGrant})
		return err
	}), "a student gives nothing")
}

func TestBreakGlass(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	letter := s.mustPut(s.teacher, files.New{})
	into := func(person uuid.UUID) error {
		return s.try(person, func(ctx context.Context, tx *tenancy.Tx) error {
			_, err := spaces.Break(ctx, tx, tenancy.NewID(), uuid.Nil, s.teacher, "A court order of 28 November")
			return err
		})
	}
	require.ErrorIs(t, into(s.colleague), spaces.ErrNoOneTo)
	require.False(t, s.sees(s.admin, letter))
	require.NoError(t, into(s.admin))
	require.True(t, s.sees(s.admin, letter))
	require.False(t, s.sees(s.owner, letter))
	for _, told := range []uuid.UUID{s.teacher, s.owner} {
		s.as(told, func(ctx context.Context, tx *tenancy.Tx) {
			list, err := notifications.List(ctx, tx, false, uuid.Nil, 10)
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, "space.breakglass", list[0].Kind)
		})
	}
}

func TestConfidentialNeedsASecondPerson(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	room := tenancy.NewID()
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: room, Kind: spaces.Confidential, Name: "Pastoral care", About: &s.ada})
		require.NoError(t, err)
	})
	note := s.mustPut(s.colleague, files.New{Space: room})
	require.Equal(t, []string{"colleague"}, s.readers(note), "neither the person it concerns nor owners and admins")
	grant := tenancy.NewID()
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.Break(ctx, tx, grant, room, uuid.Nil, "A court order of 28 November")
		require.NoError(t, err)
	})
	require.False(t, s.sees(s.admin, note), "one person alone does not open it")
	require.ErrorIs(t, s.try(s.admin, func(ctx context.Context, tx *tenancy.Tx) error { return spaces.Approve(ctx, tx, grant) }), spaces.ErrSecond)
	s.as(s.owner, func(ctx context.Context, tx *tenancy.Tx) { require.NoError(t, spaces.Approve(ctx, tx, grant)) })
	require.Equal(t, []string{"admin", "colleague"}, s.readers(note))
}

func TestLinks(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	group := tenancy.NewID()
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: group, Kind: spaces.Group, Name: "Science fair"})
		require.NoError(t, err)
		_, err = spaces.Give(ctx, tx, spaces.NewGrant{ID: tenancy.NewID(), Space: group, User: s.colleague, Level: spaces.Reads, Via: spaces.ByGrant})
		require.NoError(t, err)
	})
	sheet := s.mustPut(s.teacher, files.New{Space: s.room})
	link := func(f func(context.Context, *tenancy.Tx) error) { t.Helper(); require.NoError(t, s.try(s.teacher, f)) }
	link(func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.LinkFile(ctx, tx, sheet, spaces.NewLink{Space: group, Level: "read"})
	})
	require.True(t, s.sees(s.colleague, sheet))
	link(func(ctx context.Context, tx *tenancy.Tx) error { return spaces.UnlinkFile(ctx, tx, sheet, group) })
	require.False(t, s.sees(s.colleague, sheet), "lost with the commit that ends it")

	top := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Biology"})
	below := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Frogs", Parent: &top})
	frog := s.mustPut(s.teacher, files.New{Folder: below})
	link(func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.LinkFolder(ctx, tx, top, spaces.NewLink{Space: group, Level: "read"})
	})
	require.True(t, s.sees(s.colleague, frog), "a folder is shown with what is below it")
	elsewhere := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Elsewhere"})
	link(func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.UpdateFolder(ctx, tx, below, spaces.FolderChange{Moves: true, Parent: &elsewhere})
	})
	require.False(t, s.sees(s.colleague, frog), "lost with the commit that moves it away")
	link(func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.UpdateFolder(ctx, tx, below, spaces.FolderChange{Moves: true, Parent: &top})
	})
	require.True(t, s.sees(s.colleague, frog), "and gained with the one that moves it back")

	in := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Essays", Mode: spaces.HandIn})
	essay := s.mustPut(s.ada, files.New{Folder: in})
	require.Error(t, s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.LinkFile(ctx, tx, essay, spaces.NewLink{Space: group, Level: "read"})
	}), "what only the staff see is not shown elsewhere")
}

func TestNothingWithoutAnActor(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.mustPut(s.teacher, files.New{Space: s.room})
	require.ErrorIs(t, s.people.InTx(t.Context(), s.org, func(*tenancy.Tx) error { return nil }), tenancy.ErrNoActor)
	// Behind that: the role itself sees no row of any table.
	conn := s.Admin(t)
	_, err := conn.Exec(t.Context(), "select set_config('app.current_org_id', $1, false)", s.org.String())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "set role satchel_people")
	require.NoError(t, err)
	rows, err := conn.Query(t.Context(), `select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
		and has_any_column_privilege('satchel_people', c.oid, 'select') order by 1`)
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.Contains(t, tables, "files")
	for _, table := range tables {
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from (select 1 from "+table+" limit 1) x").Scan(&n), table)
		require.Zero(t, n, table)
	}
}

func TestArchivedClassIsItsStaffsToRead(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	sheet := s.mustPut(s.teacher, files.New{Space: s.room})
	archived := "archived"
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.UpdateClass(ctx, tx, s.class, nil, nil, &archived))
	})
	require.Equal(t, []string{"owner", "admin", "teacher"}, s.readers(sheet))
	_, err := s.put(s.teacher, files.New{Space: s.room, Name: "late.txt"})
	require.Equal(t, "space_closed", fault.Of(err).Code)
	active := "active"
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.UpdateClass(ctx, tx, s.class, nil, nil, &active))
	})
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "ben"}, s.readers(sheet), "back as before")
}
