package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

// No owner and no admin sees a personal or confidential space; with a reason one goes
// in for two hours, and the people it concerns are told.
func TestBreakGlassIntoAPersonalSpace(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	diary := s.put(s.teacher, "", "")
	space := s.personal(s.teacher)
	require.Equal(t, []string{"teacher"}, s.readers(diary))
	for _, p := range []person{s.owner, s.admin, s.colleague} {
		require.False(t, s.inSpaces(p, space), p.name)
	}
	_, err := s.admin.BreakGlass(ctx, client.NewBreakGlass{User: s.teacher.id, Reason: "curious"})
	refused(t, err, http.StatusBadRequest, "reason_required")
	_, err = s.colleague.BreakGlass(ctx, client.NewBreakGlass{User: s.teacher.id, Reason: "a colleague may not do this"})
	refused(t, err, http.StatusForbidden, "not_granted")

	g, err := s.admin.BreakGlass(ctx, client.NewBreakGlass{User: s.teacher.id, Reason: "a safeguarding request of today"})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), *g.EndsAt, 5*time.Minute)
	require.Equal(t, []string{"admin", "teacher"}, s.readers(diary), "the one who asked, and no other owner or admin")
	require.True(t, s.inSpaces(s.admin, space))
	require.Equal(t, []string{"space.breakglass"}, s.told(s.teacher))
	require.Equal(t, []string{"space.breakglass"}, s.told(s.owner))
	require.Empty(t, s.told(s.admin))
	require.Equal(t, 1, s.recorded("space.break_glass"))

	// Two hours are not made longer, nor given to others, from inside.
	for _, via := range []string{"grant", "substitute"} {
		_, err = s.admin.GiveAccess(ctx, space, client.NewGrant{User: s.colleague.id, Level: 1, Via: via, EndsAt: soon(24 * time.Hour)})
		refused(t, err, http.StatusForbidden, "not_allowed_here")
		_, err = s.admin.GiveAccess(ctx, space, client.NewGrant{User: s.admin.id, Level: 3, Via: via, EndsAt: soon(24 * time.Hour)})
		refused(t, err, http.StatusForbidden, "not_allowed_here")
	}
	require.NoError(t, s.admin.EndAccess(ctx, space, g.ID))
	require.Equal(t, []string{"teacher"}, s.readers(diary))
	require.False(t, s.inSpaces(s.admin, space))
}

func TestConfidentialSpaceOpensByTwo(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	plan, err := s.teacher.CreateSpace(ctx, client.NewSpace{Kind: "confidential", Name: "Support plan", About: s.ada.id})
	require.NoError(t, err)
	record := s.put(s.teacher, plan.ID, "")
	require.Equal(t, []string{"teacher"}, s.readers(record), "the person it is about does not read it by that")
	g, err := s.teacher.GiveAccess(ctx, plan.ID, client.NewGrant{User: s.colleague.id, Level: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"teacher", "colleague"}, s.readers(record))
	require.NoError(t, s.teacher.EndAccess(ctx, plan.ID, g.ID))

	asked, err := s.admin.BreakGlass(ctx, client.NewBreakGlass{Space: plan.ID, Reason: "a court order of today"})
	require.NoError(t, err)
	require.Equal(t, []string{"teacher"}, s.readers(record), "not before the second person's word")
	require.Equal(t, []string{"space.breakglass"}, s.told(s.teacher), "those concerned are told at once")
	refused(t, s.admin.ApproveBreakGlass(ctx, asked.ID), http.StatusConflict, "second_person_required")
	refused(t, s.teacher.ApproveBreakGlass(ctx, asked.ID), http.StatusForbidden, "not_granted")
	require.NoError(t, s.owner.ApproveBreakGlass(ctx, asked.ID))
	require.Equal(t, []string{"admin", "teacher"}, s.readers(record), "the one who asked, and not the one who approved")
	require.Equal(t, 1, s.recorded("space.approve"))
}

// recorded counts an action in the school's audit log.
func (s *classroom) recorded(action string) int {
	s.t.Helper()
	var page client.Page[struct {
		Event struct{ Action, Result string }
	}]
	s.must(s.owner, http.MethodGet, "/api/v1/organizations/"+s.ID+"/audit?limit=200&action="+action, nil, &page)
	n := 0
	for _, e := range page.Items {
		if e.Event.Action == action && e.Event.Result == "done" {
			n++
		}
	}
	return n
}

// TestStudentWritesNothingOfOthers tries every write that a student may not do, with
// things of a class that they are in and of one that they are not in.
func TestStudentWritesNothingOfOthers(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	theirs := s.put(s.teacher, s.class.Space, "")
	folder := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Maps"})
	out := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Test", Mode: "handout"})
	sheet := s.put(s.teacher, "", out.ID)
	in := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Essay", Mode: "handin"})
	bens := s.put(s.ben, "", in.ID)
	_, err := s.ben.HandInWork(ctx, in.ID)
	require.NoError(t, err)
	hidden := s.put(s.colleague, s.other.Space, "")
	hiddenFolder := s.folder(s.colleague, s.other.Space, client.NewFolder{Name: "Hidden"})
	library, err := s.admin.CreateSpace(ctx, client.NewSpace{Kind: "library", Name: "Books"})
	require.NoError(t, err)
	grant, err := s.teacher.GiveAccess(ctx, s.class.Space, client.NewGrant{User: s.colleague.id, Level: 1})
	require.NoError(t, err)
	own := s.put(s.ada, "", "")

	const files, folders, spaces, classes = "/api/v1/storage/files/", "/api/v1/folders/", "/api/v1/spaces/", "/api/v1/classes"
	named := map[string]any{"name": "mine.txt"}
	type body = map[string]any
	for _, w := range []struct {
		method, path string
		in           any
		code         string
	}{
		// files of others in her class, of a hand-out, of a classmate's hand-in, of another class
		{http.MethodPatch, files + theirs, named, "not_yours"},
		{http.MethodDelete, files + theirs, nil, "not_yours"},
		{http.MethodPatch, files + theirs, body{"space_id": s.personal(s.ada), "folder_id": nil}, "not_yours"},
		{http.MethodPost, files + theirs + "/versions/1/restore", nil, "not_yours"},
		{http.MethodPatch, files + sheet, named, "not_yours"},
		{http.MethodPatch, files + bens, named, "file_not_found"},
		{http.MethodDelete, files + bens, nil, "file_not_found"},
		{http.MethodPut, files + bens + "/star", nil, "file_not_found"},
		{http.MethodPatch, files + hidden, named, "file_not_found"},
		{http.MethodPost, files + hidden + "/restore", nil, "file_not_found"},
		{http.MethodPut, files + theirs + "/links/" + s.class.Space, body{}, "not_allowed_here"},
		{http.MethodDelete, files + theirs + "/links/" + s.class.Space, nil, "link_not_found"},
		// her own files into places that are not hers
		{http.MethodPatch, files + own, body{"space_id": s.other.Space}, "folder_not_found"},
		{http.MethodPatch, files + own, body{"space_id": library.ID}, "not_allowed_here"},
		{http.MethodPatch, files + own, body{"space_id": s.personal(s.ben)}, "folder_not_found"},
		{http.MethodPatch, files + own, body{"folder_id": out.ID}, "staff_only"},
		{http.MethodPatch, files + own, body{"folder_id": hiddenFolder.ID}, "folder_not_found"},
		{http.MethodPut, files + own + "/links/" + library.ID, body{}, "not_allowed_here"},
		{http.MethodPut, files + own + "/links/" + s.other.Space, body{}, "space_not_found"},
		// folders
		{http.MethodPatch, folders + folder.ID, named, "not_allowed_here"},
		{http.MethodDelete, folders + folder.ID, nil, "not_allowed_here"},
		{http.MethodPatch, folders + out.ID, body{"opens_at": nil}, "not_allowed_here"},
		{http.MethodPatch, folders + hiddenFolder.ID, named, "folder_not_found"},
		{http.MethodDelete, folders + hiddenFolder.ID, nil, "folder_not_found"},
		{http.MethodPut, folders + folder.ID + "/links/" + s.class.Space, body{}, "not_allowed_here"},
		{http.MethodPost, spaces + s.class.Space + "/folders", body{"name": "Hers", "mode": "handout"}, "not_allowed_here"},
		{http.MethodPost, spaces + s.class.Space + "/folders", body{"name": "Hers", "mode": "handin"}, "not_allowed_here"},
		{http.MethodPost, spaces + library.ID + "/folders", body{"name": "Hers"}, "not_allowed_here"},
		{http.MethodPost, spaces + s.other.Space + "/folders", body{"name": "Hers"}, "space_not_found"},
		{http.MethodPost, folders + hiddenFolder.ID + "/hand-in", nil, "folder_not_found"},
		{http.MethodDelete, folders + in.ID + "/hand-in", nil, "hand_in_final"}, // she handed nothing in
		{http.MethodPost, folders + in.ID + "/hand-ins/" + s.ben.id + "/return", body{"note": "x"}, "not_granted"},
		// spaces, people, classes
		{http.MethodPost, "/api/v1/spaces", body{"kind": "group", "name": "Hers"}, "not_granted"},
		{http.MethodPatch, spaces + s.class.Space, named, "not_granted"},
		{http.MethodPost, spaces + s.class.Space + "/grants", body{"user_id": s.ada.id, "level": 4}, "not_granted"},
		{http.MethodDelete, spaces + s.class.Space + "/grants/" + grant.ID, nil, "not_granted"},
		{http.MethodPost, "/api/v1/break-glass", body{"user_id": s.teacher.id, "reason": "because I want to"}, "not_granted"},
		{http.MethodPost, classes, body{"title": "Hers"}, "not_granted"},
		{http.MethodPatch, classes + "/" + s.class.ID, body{"state": "archived"}, "not_granted"},
		{http.MethodPut, classes + "/" + s.other.ID + "/members/" + s.ada.id, body{"role": "student"}, "not_granted"},
		{http.MethodDelete, classes + "/" + s.class.ID + "/members/" + s.ben.id, nil, "not_granted"},
	} {
		err := s.ada.Call(ctx, w.method, w.path, w.in, nil)
		require.Equal(t, w.code, code(err), "%s %s %v: %v", w.method, w.path, w.in, err)
	}
	_, err = s.try(s.ada, library.ID, "")
	require.Equal(t, "not_allowed_here", code(err))
	for _, place := range []string{s.other.Space, s.personal(s.ben), uuid.NewString()} { // what is hidden answers as what is not there
		_, err := s.try(s.ada, place, "")
		require.Equal(t, "folder_not_found", code(err), "%s: %v", place, err)
	}
	_, err = s.try(s.ada, "", hiddenFolder.ID)
	require.Equal(t, "folder_not_found", code(err))

	// Nothing of it left a trace.
	class := []string{"owner", "admin", "teacher", "colleague", "ada", "ben", "carl"}
	for file, readers := range map[string][]string{
		theirs: class, sheet: class, hidden: {"owner", "admin", "colleague"}, own: {"ada", "parent"}, bens: {"owner", "admin", "teacher", "ben"},
	} {
		require.Equal(t, readers, s.readers(file))
		f, err := s.owner.Get(ctx, file)
		if err == nil {
			require.NotEqual(t, "mine.txt", f.Name)
		}
	}
	require.Equal(t, "in", s.states(in.ID)["ben"])
}
