package shares_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/shares"
	"satchel/tenancy"
)

// model is who has what by which share: what the rows of links must come to, kept without
// looking at them.
type model struct {
	*school
	files  []uuid.UUID
	where  map[uuid.UUID]uuid.UUID // file → space
	gone   map[uuid.UUID]bool      // deleted files
	shares []*modelShare
	here   map[uuid.UUID]bool // members
	active bool               // the class
	staff  bool               // the teacher teaches it
}

type modelShare struct {
	id, file uuid.UUID
	alive    bool
	people   map[uuid.UUID]bool
	class    bool
}

func (m *model) mayShare(file uuid.UUID) bool {
	own := m.where[file] == m.room
	return m.here[m.teacher] && !m.gone[file] && (!own || m.staff)
}

// settle ends what cannot be any more.
func (m *model) settle() {
	for _, s := range m.shares {
		s.alive = s.alive && m.mayShare(s.file) && (s.class || len(s.people) > 0)
	}
}

// links is what the rows must be, as "share person-or-class".
func (m *model) links() map[string]bool {
	want := map[string]bool{}
	for _, s := range m.shares {
		if !s.alive {
			continue
		}
		for p := range s.people {
			want[s.id.String()+" "+p.String()] = true
		}
		if s.class {
			want[s.id.String()+" "+m.class.String()] = true
		}
	}
	return want
}

func (m *model) check(t *rapid.T) {
	rows, err := m.Single(m.org).Query(m.t.Context(), `select l.share_id::text || ' ' || coalesce(s.owner_id, s.class_id)::text from file_links l join spaces s on s.id = l.space_id`)
	require.NoError(t, err)
	defer rows.Close()
	got := map[string]bool{}
	for rows.Next() {
		var key string
		require.NoError(t, rows.Scan(&key))
		got[key] = true
	}
	require.NoError(t, rows.Err())
	require.Equal(t, m.links(), got, "the links are those of the shares that are alive")
	for _, s := range m.shares {
		require.Equal(t, s.alive, m.status(s.id) == shares.Open, "share %s is %s", s.id, m.status(s.id))
	}
	require.Zero(t, m.count("share_recipients r join shares s on s.id = r.share_id where s.ended_at is not null and (r.ended_at is null or r.email is not null)"))
}

// TestLinksFollowShares walks shares, people, files and the class through everything that
// can happen to them.
func TestLinksFollowShares(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	rapid.Check(t, func(t *rapid.T) {
		s.exec("delete from shares")
		s.exec("delete from file_links")
		m := &model{school: s, where: map[uuid.UUID]uuid.UUID{}, gone: map[uuid.UUID]bool{}, active: true, staff: true,
			here: map[uuid.UUID]bool{s.teacher: true, s.colleague: true, s.ada: true, s.guardian: true}}
		for p := range m.here {
			s.exec("insert into members (organization_id, user_id, role) values (app.org(), $1, $2) on conflict do nothing", p, s.roles[p])
		}
		s.exec("update classes set state = 'active' where id = $1", s.class)
		s.exec("update class_members set ends_at = 'infinity' where class_id = $1", s.class)
		for i := range 3 {
			place := []uuid.UUID{uuid.Nil, s.room, s.room}[i]
			f := s.put(s.admin, s.room, fmt.Sprintf("f%d.pdf", i))
			if place == uuid.Nil {
				f = s.put(s.teacher, uuid.Nil, fmt.Sprintf("own%d-%s.pdf", i, tenancy.NewID()))
			}
			m.files, m.where[f] = append(m.files, f), place
		}
		t.Repeat(m.actions())
		for p := range m.here { // the next walk begins with everybody
			s.exec("insert into members (organization_id, user_id, role) values (app.org(), $1, $2) on conflict do nothing", p, s.roles[p])
		}
	})
}

func (m *model) actions() map[string]func(*rapid.T) {
	person := rapid.SampledFrom([]uuid.UUID{m.colleague, m.ada, m.guardian})
	pick := func(t *rapid.T) *modelShare {
		if len(m.shares) == 0 {
			t.Skip("no share yet")
		}
		return rapid.SampledFrom(m.shares).Draw(t, "share")
	}
	return map[string]func(*rapid.T){
		"share": func(t *rapid.T) {
			file, toClass := rapid.SampledFrom(m.files).Draw(t, "file"), rapid.Bool().Draw(t, "class")
			n := shares.New{Kind: shares.Members, Target: ofFile(file), With: members(person.Draw(t, "with"))}
			if toClass {
				n.Kind, n.With = shares.Classes, []shares.Person{{Class: m.class}}
			}
			made, err := m.share(m.teacher, n)
			reachable := toClass && m.active || !toClass && m.here[n.With[0].User]
			require.Equal(t, m.mayShare(file) && reachable, err == nil, "%v", err)
			if err == nil {
				x := &modelShare{id: made.ID, file: file, alive: true, class: toClass, people: map[uuid.UUID]bool{}}
				if !toClass {
					x.people[n.With[0].User] = true
				}
				m.shares = append(m.shares, x)
			}
		},
		"add": func(t *rapid.T) {
			s, p := pick(t), person.Draw(t, "with")
			if s.class || !m.here[m.teacher] {
				t.Skip("not of people")
			}
			err := m.try(m.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
				_, err := shares.Update(ctx, tx, s.id, shares.Change{Add: members(p)})
				return err
			})
			if ok := s.alive && m.here[p] && !s.people[p]; ok {
				require.NoError(t, err)
				s.people[p] = true
			} else {
				require.Error(t, err)
			}
		},
		"revoke": func(t *rapid.T) {
			s := pick(t)
			m.as(m.admin, func(ctx context.Context, tx *tenancy.Tx) error { _, err := shares.Revoke(ctx, tx, s.id); return err })
			s.alive = false
		},
		"leave": func(t *rapid.T) {
			p := rapid.SampledFrom([]uuid.UUID{m.teacher, m.colleague, m.ada, m.guardian}).Draw(t, "who")
			m.exec("delete from members where user_id = $1", p)
			m.here[p] = false
			for _, s := range m.shares {
				delete(s.people, p)
			}
			m.settle()
		},
		"come back": func(t *rapid.T) {
			p := rapid.SampledFrom([]uuid.UUID{m.teacher, m.colleague, m.ada, m.guardian}).Draw(t, "who")
			m.exec("insert into members (organization_id, user_id, role) values (app.org(), $1, $2) on conflict do nothing", p, m.roles[p])
			m.here[p] = true
		},
		"stop teaching": func(*rapid.T) {
			m.exec("update class_members set ends_at = now() where user_id = $1", m.teacher)
			m.staff = false
			m.settle()
		},
		"teach again": func(*rapid.T) {
			m.exec("update class_members set ends_at = 'infinity' where user_id = $1", m.teacher)
			m.staff = true
		},
		"archive": func(*rapid.T) {
			m.exec("update classes set state = 'archived' where id = $1", m.class)
			m.active = false
			for _, s := range m.shares {
				s.alive = s.alive && !s.class
			}
		},
		"go on": func(*rapid.T) {
			m.exec("update classes set state = 'active' where id = $1", m.class)
			m.active = true
		},
		"delete a file": func(t *rapid.T) {
			f := rapid.SampledFrom(m.files).Draw(t, "file")
			m.exec("update files set current_id = null, head_id = null where id = $1", f)
			m.exec("delete from file_versions where file_id = $1", f)
			m.exec("delete from files where id = $1", f)
			m.gone[f] = true
			m.settle()
		},
		"": m.check,
	}
}
