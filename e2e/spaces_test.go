package e2e

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

func readerAt(b []byte) io.ReaderAt { return bytes.NewReader(b) }

func TestWhoIsInTheSpaceReadsTheFile(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	class := []string{"owner", "admin", "teacher", "ada", "ben", "carl"}
	require.Equal(t, class, s.readers(s.put(s.teacher, s.class.Space, "")))
	require.Equal(t, class, s.readers(s.put(s.ben, s.class.Space, "")), "a student adds for all")
	require.Equal(t, []string{"teacher"}, s.readers(s.put(s.teacher, "", "")), "a personal space is its person's alone")
	require.Equal(t, []string{"ada", "parent"}, s.readers(s.put(s.ada, "", "")), "of a student, the guardian's too")

	ctx := testContext(t)
	library, err := s.admin.CreateSpace(ctx, client.NewSpace{Kind: "library", Name: "Books"})
	require.NoError(t, err)
	require.Equal(t, []string{"owner", "admin", "teacher", "colleague", "ada", "ben", "carl"}, s.readers(s.put(s.colleague, library.ID, "")))
	staff, err := s.colleague.CreateSpace(ctx, client.NewSpace{Kind: "staff", Name: "Staff room"})
	require.NoError(t, err)
	require.Equal(t, []string{"owner", "admin", "teacher", "colleague"}, s.readers(s.put(s.teacher, staff.ID, "")))
	_, err = s.try(s.colleague, s.class.Space, "")
	refused(t, err, http.StatusNotFound, "folder_not_found")
	require.False(t, s.inSpaces(s.colleague, s.class.Space))
}

func TestHandOutOpensByItself(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	out := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Test", Mode: "handout", OpensAt: soon(time.Hour)})
	sheet := s.put(s.teacher, "", out.ID)
	require.Equal(t, []string{"owner", "admin", "teacher"}, s.readers(sheet), "until it opens it is its staff's")
	_, err := s.try(s.ada, "", out.ID)
	refused(t, err, http.StatusForbidden, "staff_only")
	s.must(s.teacher, http.MethodPatch, "/api/v1/folders/"+out.ID, map[string]any{"opens_at": soon(2 * time.Second)}, nil)
	require.Eventually(t, func() bool { _, err := s.ben.Get(testContext(t), sheet); return err == nil }, patience, 100*time.Millisecond, "no one opens it")
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "ben", "carl"}, s.readers(sheet))
}

func TestHandInHasAStateForEachStudent(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	in := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Essay", Mode: "handin", DueAt: soon(time.Hour), Accepted: []string{"txt"}})
	require.Equal(t, map[string]string{"ada": "missing", "ben": "missing", "carl": "missing"}, s.states(in.ID))
	_, err := s.ada.HandInWork(ctx, in.ID)
	refused(t, err, http.StatusConflict, "nothing_to_hand_in")

	essay := s.put(s.ada, "", in.ID)
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "parent"}, s.readers(essay), "no classmate")
	mine, err := s.ada.HandInWork(ctx, in.ID)
	require.NoError(t, err)
	require.Equal(t, "in", mine.HandIn.State)
	refused(t, s.rename(s.ada, essay), http.StatusForbidden, "not_yours")
	require.NoError(t, s.ada.WithdrawWork(ctx, in.ID))
	require.NoError(t, s.rename(s.ada, essay), "what is taken back is its writer's again")
	mine, err = s.ada.HandInWork(ctx, in.ID)
	require.NoError(t, err)

	due := mine.HandIn.HandedInAt.Add(time.Millisecond)
	s.must(s.teacher, http.MethodPatch, "/api/v1/folders/"+in.ID, map[string]any{"due_at": due}, nil)
	s.put(s.ben, "", in.ID)
	_, err = s.ben.HandInWork(ctx, in.ID)
	require.NoError(t, err, "late is not refused")
	refused(t, s.ben.WithdrawWork(ctx, in.ID), http.StatusConflict, "hand_in_final")
	require.Equal(t, map[string]string{"ada": "in", "ben": "late", "carl": "missing"}, s.states(in.ID))

	refused(t, s.ben.ReturnWork(ctx, in.ID, s.ada.id, ""), http.StatusForbidden, "not_granted")
	require.NoError(t, s.teacher.ReturnWork(ctx, in.ID, s.ada.id, "Well done."))
	require.Equal(t, map[string]string{"ada": "returned", "ben": "late", "carl": "missing"}, s.states(in.ID))
	seen, err := s.ada.Folder(ctx, in.ID)
	require.NoError(t, err)
	require.Equal(t, "Well done.", seen.HandIn.Note)
	require.Equal(t, []string{"handin.returned"}, s.told(s.ada))
	require.NoError(t, s.rename(s.ada, essay), "what is returned may be gone on with")

	s.must(s.teacher, http.MethodPatch, "/api/v1/folders/"+in.ID, map[string]any{"closes_at": time.Now().Add(-time.Second)}, nil)
	_, err = s.try(s.carl, "", in.ID)
	refused(t, err, http.StatusConflict, "hand_in_closed")
}

func (s *classroom) rename(p person, file string) error {
	return p.Call(testContext(s.t), http.MethodPatch, "/api/v1/storage/files/"+file, map[string]string{"name": uuid.NewString() + ".txt"}, nil)
}

// A substitute reads and works as staff, and from the end of their time on nothing, in
// the middle of a download too.
func TestSubstituteEndsByThemselves(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	sheet := s.put(s.teacher, s.class.Space, "")
	stand := func(by person, end *time.Time) (client.Grant, error) {
		return by.GiveAccess(ctx, s.class.Space, client.NewGrant{User: s.colleague.id, Level: 3, Via: "substitute", EndsAt: end})
	}
	_, err := stand(s.admin, nil)
	refused(t, err, http.StatusBadRequest, "invalid_ends_at")
	_, err = stand(s.admin, soon(31*24*time.Hour))
	refused(t, err, http.StatusBadRequest, "invalid_ends_at")
	_, err = stand(s.teacher, soon(time.Hour))
	refused(t, err, http.StatusForbidden, "not_allowed_here")

	first, err := stand(s.admin, soon(time.Hour))
	require.NoError(t, err)
	require.True(t, s.sees(s.colleague, sheet))
	require.NoError(t, s.rename(s.colleague, sheet), "staff change what others added")
	require.NoError(t, s.admin.EndAccess(ctx, s.class.Space, first.ID))
	require.False(t, s.sees(s.colleague, sheet), "revoked is over with the answer")

	_, err = stand(s.admin, soon(15*time.Second))
	require.NoError(t, err)
	var half bytes.Buffer
	_, err = s.colleague.Download(ctx, sheet, 2000, &half)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := s.colleague.Download(ctx, sheet, 2000, io.Discard)
		return code(err) == "file_not_found"
	}, patience, 200*time.Millisecond, "a download does not go on after the end")
	require.False(t, s.sees(s.colleague, sheet))
	require.False(t, s.inSpaces(s.colleague, s.class.Space))
	_, err = s.try(s.colleague, s.class.Space, "")
	refused(t, err, http.StatusNotFound, "folder_not_found")
}

func TestLinkOfAFolderEndsInMidUse(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	dora := s.person("dora", "student")
	s.everyone = append(s.everyone, dora)
	require.NoError(t, s.admin.SetClassMember(ctx, s.other.ID, dora.id, client.ClassMember{Role: "student"}))
	maps := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Maps"})
	below := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Old ones", Parent: maps.ID})
	sheet := s.put(s.teacher, "", below.ID)
	class := []string{"owner", "admin", "teacher", "ada", "ben", "carl"}
	require.Equal(t, class, s.readers(sheet))

	// A link needs both: staff of the folder's space, and of the space it goes to.
	refused(t, s.ada.LinkFolder(ctx, maps.ID, s.class.Space, client.NewLink{}), http.StatusForbidden, "not_allowed_here")
	refused(t, s.teacher.LinkFolder(ctx, maps.ID, s.other.Space, client.NewLink{}), http.StatusNotFound, "space_not_found")
	require.NoError(t, s.admin.LinkFolder(ctx, maps.ID, s.other.Space, client.NewLink{Level: "edit"}))
	require.Equal(t, append(append([]string{}, "owner", "admin", "teacher", "colleague", "ada", "ben", "carl"), "dora"), s.readers(sheet), "with all that is below it")
	shown, err := dora.Space(ctx, s.other.Space)
	require.NoError(t, err)
	require.Equal(t, maps.ID, shown.Linked[0].ID)
	hers := s.put(dora, "", maps.ID)
	require.NoError(t, s.rename(dora, hers))

	_, err = dora.Download(ctx, sheet, 2000, io.Discard)
	require.NoError(t, err)
	require.NoError(t, s.admin.UnlinkFolder(ctx, maps.ID, s.other.Space))
	_, err = dora.Download(ctx, sheet, 3000, io.Discard)
	refused(t, err, http.StatusNotFound, "file_not_found")
	require.Equal(t, class, s.readers(sheet))
	require.False(t, s.sees(dora, hers), "what she added there is the class's")
	_, err = s.try(dora, "", maps.ID)
	require.Error(t, err)

	require.NoError(t, s.admin.LinkFolder(ctx, maps.ID, s.other.Space, client.NewLink{EndsAt: soon(15 * time.Second)}))
	require.True(t, s.sees(dora, sheet))
	require.Eventually(t, func() bool { _, err := dora.Get(ctx, sheet); return code(err) == "file_not_found" }, patience, 200*time.Millisecond, "a link ends by itself")
	require.Equal(t, class, s.readers(sheet))
}

// A student who changes class reads the new one and no more of the old one; what they
// handed in stays theirs and their guardians'.
func TestStudentIsMovedToAnotherClass(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	in := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Essay", Mode: "handin"})
	essay := s.put(s.ada, "", in.ID)
	_, err := s.ada.HandInWork(ctx, in.ID)
	require.NoError(t, err)
	old, next := s.put(s.teacher, s.class.Space, ""), s.put(s.colleague, s.other.Space, "")
	require.True(t, s.sees(s.ada, old))
	require.False(t, s.sees(s.ada, next))

	require.NoError(t, s.admin.RemoveClassMember(ctx, s.class.ID, s.ada.id))
	require.NoError(t, s.admin.SetClassMember(ctx, s.other.ID, s.ada.id, client.ClassMember{Role: "student"}))
	require.False(t, s.sees(s.ada, old))
	require.True(t, s.sees(s.ada, next))
	require.False(t, s.inSpaces(s.ada, s.class.Space))
	require.True(t, s.inSpaces(s.ada, s.other.Space))
	require.Equal(t, []string{"owner", "admin", "teacher", "ada", "parent"}, s.readers(essay), "the new teacher does not read it")
	_, err = s.try(s.ada, s.class.Space, "")
	refused(t, err, http.StatusNotFound, "folder_not_found")
	refused(t, s.rename(s.ada, essay), http.StatusForbidden, "not_yours")
}
