package search_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/search"
	"satchel/tenancy"
)

// world is a school in which chance decides who is where.
type world struct {
	*school
	persons, spaces, folders, files []uuid.UUID
}

// times are a beginning and an end around now.
var times = []string{"'-infinity', 'infinity'", "now() - interval '1 hour', now() + interval '1 hour'", "'-infinity', now() - interval '1 hour'", "now() + interval '1 hour', 'infinity'"}

// build makes people of each kind, spaces with members of each level and time, files of
// each need and opening time, about people and about none, and links of files and folders.
func build(t *rapid.T, d *school) *world {
	w := &world{school: &school{Database: d.Database, t: t, org: d.Organization(d.t.(testing.TB), 1<<30), people: d.people, admin: d.admin}}
	pick := func(name string, ids []uuid.UUID) uuid.UUID { return rapid.SampledFrom(ids).Draw(t, name) }
	for _, role := range []tenancy.Role{tenancy.Owner, tenancy.Teacher, tenancy.Student, tenancy.Student, tenancy.Parent, tenancy.Parent} {
		w.persons = append(w.persons, d.Member(d.t.(testing.TB), w.org, role))
	}
	w.teacher = w.persons[1]
	w.key(rapid.Bool().Draw(t, "all spaces"))
	// What follows is what no process would make; no trigger may correct it.
	w.exec("set session_replication_role = replica")
	for range 4 {
		space := tenancy.NewID()
		w.exec("insert into spaces (organization_id, id, kind, name) values ($1, $2, 'group', 'Group')", w.org, space)
		w.spaces = append(w.spaces, space)
		top, below := tenancy.NewID(), tenancy.NewID()
		for i, folder := range []uuid.UUID{top, below} {
			w.exec("insert into folders (organization_id, id, space_id, name, created_by) values ($1, $2, $3, 'Folder' || $4::text, $5)", w.org, folder, space, fmt.Sprint(i), w.teacher)
			w.exec("insert into folder_paths (organization_id, folder_id, ancestor_id, depth) values ($1, $2, $2, 0)", w.org, folder)
		}
		w.exec("insert into folder_paths (organization_id, folder_id, ancestor_id, depth) values ($1, $2, $3, 1)", w.org, below, top)
		w.folders = append(w.folders, top, below)
	}
	for range rapid.IntRange(0, 12).Draw(t, "members") {
		w.exec(`insert into space_members (organization_id, space_id, user_id, via, source_id, level, begins_at, ends_at) values ($1, $2, $3, 'manual', $4, $5, `+rapid.SampledFrom(times).Draw(t, "time")+`)`,
			w.org, pick("space", w.spaces), pick("member", w.persons), tenancy.NewID(), rapid.IntRange(1, 4).Draw(t, "level"))
	}
	for range 2 {
		w.exec("insert into guardianships (organization_id, parent_id, student_id, created_by) select $1::uuid, $2::uuid, $3::uuid, $2::uuid where $2 <> $3 on conflict do nothing", w.org, pick("guardian", w.persons), pick("ward", w.persons))
	}
	w.exec("set session_replication_role = origin")
	for i := range 8 {
		w.putFile(t, i, pick)
	}
	w.exec("set session_replication_role = replica")
	for range rapid.IntRange(0, 3).Draw(t, "file links") {
		w.exec("insert into file_links (organization_id, file_id, space_id, added_by, starts_at, ends_at) values ($1, $2, $3, $4, "+rapid.SampledFrom(times).Draw(t, "time")+") on conflict do nothing", w.org, pick("file", w.files), pick("space", w.spaces), w.teacher)
	}
	for range rapid.IntRange(0, 3).Draw(t, "folder links") {
		w.exec("insert into folder_links (organization_id, folder_id, space_id, added_by, starts_at, ends_at) values ($1, $2, $3, $4, "+rapid.SampledFrom(times).Draw(t, "time")+") on conflict do nothing", w.org, pick("folder", w.folders), pick("space", w.spaces), w.teacher)
	}
	w.exec("set session_replication_role = origin")
	return w
}

// key is a service account, of all spaces or of none.
func (w *world) key(allSpaces bool) {
	id := tenancy.NewID()
	w.exec("insert into users (id) values ($1)", id)
	w.exec("insert into members (organization_id, user_id, role, service, all_spaces) values ($1, $2, 'teacher', true, $3)", w.org, id, allSpaces)
	w.persons = append(w.persons, id)
}

func (w *world) putFile(t *rapid.T, i int, pick func(string, []uuid.UUID) uuid.UUID) {
	n := rapid.IntRange(0, len(w.spaces)-1).Draw(t, "space of file")
	var subject *uuid.UUID
	if rapid.Bool().Draw(t, "is about someone") {
		about := pick("subject", w.persons)
		subject = &about
	}
	file := w.fileIn(w.spaces[n], fmt.Sprintf("paper %d.txt", i), subject)
	w.write(file, "english", "", "Houses of glass")
	w.exec("set session_replication_role = replica")
	folder := rapid.SampledFrom([]*uuid.UUID{nil, &w.folders[2*n], &w.folders[2*n+1]}).Draw(t, "folder")
	w.exec(`update files set needs = $2, folder_id = $3, visible_from = `+rapid.SampledFrom([]string{"null", "now() - interval '1 hour'", "now() + interval '1 hour'"}).Draw(t, "visible")+`,
		trashed_at = `+rapid.SampledFrom([]string{"null", "null", "now()"}).Draw(t, "trashed")+` where id = $1`, file, rapid.SampledFrom([]int{1, 3}).Draw(t, "needs"), folder)
	w.exec("set session_replication_role = origin")
	w.files = append(w.files, file)
}

// readable are the files that the policy lets a person read.
func (w *world) readable(person uuid.UUID) (ids []uuid.UUID) {
	err := w.people.InTx(w.as(person), w.org, func(tx *tenancy.Tx) error {
		rows, err := tx.Query(w.as(person), "select id from files where trashed_at is null order by id desc")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id uuid.UUID
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	require.NoError(w.t, err)
	return ids
}

// direct asks the definer function alone, without the policy of files behind it.
func (w *world) direct(person uuid.UUID, scope search.Scope, text string) (ids []uuid.UUID) {
	var found []uuid.UUID
	err := w.people.InTx(w.as(person), w.org, func(tx *tenancy.Tx) error {
		return tx.QueryRow(w.as(person), "select array_agg(file_id order by file_id desc) from app.search($1, $2, false, '{}', true, null, null, 100)", text, string(scope)).Scan(&found)
	})
	require.NoError(w.t, err)
	return found
}

// TestSearchAndPolicyAgree: of a file that matches, the search finds exactly what the
// policy lets each person read, by name and by text, and page by page.
func TestSearchAndPolicyAgree(t *testing.T) {
	d := newSchool(t)
	seen := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := build(t, d)
		for _, person := range w.persons {
			want := w.readable(person)
			seen[len(want) > 0]++
			require.Equal(t, want, w.direct(person, search.Names, "PAPER"), "by name")
			require.Equal(t, want, w.direct(person, search.Texts, "house"), "by text")
			for _, order := range []search.Order{search.Newest, search.Relevance} {
				var found []uuid.UUID
				for _, f := range w.find(person, search.Query{Text: "paper", Order: order}) {
					found = append(found, f.FileID)
				}
				require.ElementsMatch(t, want, found, order)
			}
			for _, space := range w.spaces {
				for _, f := range w.find(person, search.Query{Text: "paper", Narrowing: search.Narrowing{Space: &space}}) {
					require.Contains(t, want, f.FileID)
				}
			}
		}
	})
	require.NotZero(t, seen[true], "somebody reads something")
	require.NotZero(t, seen[false], "somebody reads nothing")
}
