package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// person is somebody of a school, with the API as them.
type person struct {
	*client.Client
	name, id string
}

// classroom is a school with two classes: a teacher with two students and a third one
// who hands in nothing, a colleague with the other class, and a parent of Ada.
type classroom struct {
	school
	t                                                        *testing.T
	owner, admin, teacher, colleague, ada, ben, carl, parent person
	class, other                                             client.Class
	everyone                                                 []person
}

func newClassroom(t *testing.T) *classroom {
	t.Helper()
	s := &classroom{school: newSchool(t), t: t}
	for _, p := range []struct {
		to         *person
		name, role string
	}{
		{&s.owner, "owner", "owner"}, {&s.admin, "admin", "admin"}, {&s.teacher, "teacher", "teacher"}, {&s.colleague, "colleague", "teacher"},
		{&s.ada, "ada", "student"}, {&s.ben, "ben", "student"}, {&s.carl, "carl", "student"}, {&s.parent, "parent", "parent"},
	} {
		*p.to = s.person(p.name, p.role)
		s.everyone = append(s.everyone, *p.to)
	}
	s.class = s.newClass("5a", s.teacher, s.ada, s.ben, s.carl)
	s.other = s.newClass("5b", s.colleague)
	s.must(s.admin, http.MethodPost, "/api/v1/organizations/"+s.ID+"/guardians", map[string]string{"parent_id": s.parent.id, "student_id": s.ada.id}, nil)
	return s
}

func (s *classroom) person(name, role string) person {
	s.t.Helper()
	p := person{Client: s.member(s.t, role), name: name}
	var me struct {
		User string `json:"user_id"`
	}
	s.must(p, http.MethodGet, "/api/v1/me", nil, &me)
	p.id = me.User
	return p
}

func (s *classroom) newClass(title string, teacher person, students ...person) client.Class {
	s.t.Helper()
	ctx := testContext(s.t)
	k, err := s.admin.CreateClass(ctx, title, "")
	require.NoError(s.t, err)
	require.NoError(s.t, s.admin.SetClassMember(ctx, k.ID, teacher.id, client.ClassMember{Role: "teacher", Primary: true}))
	for _, p := range students {
		require.NoError(s.t, s.admin.SetClassMember(ctx, k.ID, p.id, client.ClassMember{Role: "student"}))
	}
	return k
}

func (s *classroom) must(p person, method, path string, in, out any) {
	s.t.Helper()
	require.NoError(s.t, p.Call(testContext(s.t), method, path, in, out), "%s: %s %s", p.name, method, path)
}

func (s *classroom) folder(p person, space string, n client.NewFolder) client.Folder {
	s.t.Helper()
	f, err := p.CreateFolder(testContext(s.t), space, n)
	require.NoError(s.t, err)
	return f
}

// try sends a file to a place; an empty folder is the top of the space, an empty space
// the person's own.
func (s *classroom) try(p person, space, folder string) (string, error) {
	content := text(4000)
	return p.Upload(testContext(s.t), client.Upload{
		Body: readerAt(content), Size: int64(len(content)),
		Metadata: map[string]string{"filename": p.name + ".txt", "space_id": space, "folder_id": folder},
	})
}

// put is try that must succeed, to the end of the pipeline.
func (s *classroom) put(p person, space, folder string) string {
	s.t.Helper()
	id, err := s.try(p, space, folder)
	require.NoError(s.t, err, p.name)
	f := settled(s.t, p.Client, id)
	require.Equal(s.t, "published", f.Status, f.StatusReason)
	return id
}

// sees says whether a person reads a file: by its id, its bytes, and in the lists of
// all that they see and of the place where it is, alike.
func (s *classroom) sees(p person, file string) bool {
	s.t.Helper()
	ctx := testContext(s.t)
	f, err := p.Get(ctx, file)
	if err != nil {
		refused(s.t, err, http.StatusNotFound, "file_not_found")
	}
	seen := err == nil
	_, err = download(s.t, p.Client, file)
	require.Equal(s.t, seen, err == nil, "%s: by id, and its bytes: %v", p.name, err)
	require.Equal(s.t, seen, s.lists(p, file, url.Values{}), "%s: by id, and in the list of all", p.name)
	if seen && f.Folder != "" {
		require.True(s.t, s.lists(p, file, url.Values{"folder_id": {f.Folder}}), "%s: by id, and in the list of its folder", p.name)
	}
	if seen {
		require.True(s.t, s.lists(p, file, url.Values{"space_id": {f.Space}}), "%s: by id, and in the list of its space", p.name)
	}
	return seen
}

func (s *classroom) lists(p person, file string, query url.Values) bool {
	s.t.Helper()
	all, err := client.All[client.File](testContext(s.t), p.Client, "/api/v1/storage/files", query)
	require.NoError(s.t, err, p.name)
	return slices.ContainsFunc(all, func(f client.File) bool { return f.ID == file })
}

// readers are the names of those who read a file.
func (s *classroom) readers(file string) (names []string) {
	s.t.Helper()
	for _, p := range s.everyone {
		if s.sees(p, file) {
			names = append(names, p.name)
		}
	}
	return names
}

// states are those of a hand-in, by the students' names, as its teacher sees them.
func (s *classroom) states(folder string) map[string]string {
	s.t.Helper()
	all, err := s.teacher.HandIns(testContext(s.t), folder)
	require.NoError(s.t, err)
	found := map[string]string{}
	for _, h := range all {
		i := slices.IndexFunc(s.everyone, func(p person) bool { return p.id == h.Student })
		found[s.everyone[i].name] = h.State
	}
	return found
}

// told are the kinds of what a person was notified of, the newest first.
func (s *classroom) told(p person) (kinds []string) {
	s.t.Helper()
	all, err := p.Notifications(testContext(s.t))
	require.NoError(s.t, err)
	for _, n := range all {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// inSpaces says whether a space is there for a person, by its id and in their list
// alike.
func (s *classroom) inSpaces(p person, space string) bool {
	s.t.Helper()
	ctx := testContext(s.t)
	_, err := p.Space(ctx, space)
	if err != nil {
		refused(s.t, err, http.StatusNotFound, "space_not_found")
	}
	all, listErr := p.Spaces(ctx, "")
	require.NoError(s.t, listErr)
	listed := slices.ContainsFunc(all, func(x client.Space) bool { return x.ID == space })
	require.Equal(s.t, err == nil, listed, "%s: the space by id, and in the list", p.name)
	return listed
}

func (s *classroom) personal(p person) string {
	s.t.Helper()
	all, err := p.Spaces(testContext(s.t), "personal")
	require.NoError(s.t, err)
	require.Len(s.t, all, 1)
	return all[0].ID
}

// soon is a time that comes within a test.
func soon(d time.Duration) *time.Time {
	at := time.Now().Add(d)
	return &at
}
