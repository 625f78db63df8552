package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

func TestPlaceIsTheLongestNameOfASpace(t *testing.T) {
	t.Parallel()
	spaces := []client.Space{
		{ID: "1", Name: "Class 7b"}, {ID: "2", Name: "7b/8a together"}, {ID: "3", Name: "Übung"}, {ID: "4", Name: "My files"}, {ID: "5", Name: "My files"},
	}
	for text, want := range map[string][2]string{
		"class 7B":              {"1", ""},
		"Class 7b/Maps/Old":     {"1", "Maps/Old"},
		"Class 7b/":             {"1", ""},
		"7b/8a together":        {"2", ""},
		"7b/8a together/Essay":  {"2", "Essay"},
		"U\u0308bung/Blatt 1":   {"3", "Blatt 1"},
		"5/Found by its id too": {"5", "Found by its id too"},
	} {
		s, rest, err := splitPlace(spaces, text)
		require.NoError(t, err, text)
		require.Equal(t, want, [2]string{s.ID, rest}, text)
	}
	_, _, err := splitPlace(spaces, "My files/Maps")
	require.ErrorContains(t, err, "give the id of the space: 4, 5")
	_, _, err = splitPlace(spaces, "Class 9/Maps")
	require.ErrorIs(t, err, errNone)
	require.ErrorContains(t, err, "`satchel space list`")
}

func TestMoments(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("", 3600)
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, berlin)
	for text, want := range map[string]string{
		"2026-12-01T08:00:00Z": "2026-12-01T08:00:00Z",
		"2026-12-01 08:00":     "2026-12-01T08:00:00+01:00",
		"2026-12-01":           "2026-12-01T23:59:59+01:00",
		"90m":                  "2026-11-28T13:30:00+01:00",
		"14d":                  "2026-12-12T12:00:00+01:00",
	} {
		got, err := parseMoment(text, now, true)
		require.NoError(t, err, text)
		require.Equal(t, want, got.Format(time.RFC3339), text)
	}
	begins, err := parseMoment("2026-12-01", now, false)
	require.NoError(t, err)
	require.Equal(t, "2026-12-01T00:00:00+01:00", begins.Format(time.RFC3339))
	for _, text := range []string{"", "tomorrow", "-3d", "0d", "-1h", "2026-13-01", "d"} {
		_, err := parseMoment(text, now, true)
		require.ErrorContains(t, err, "14d", text)
	}
}

func TestOnlyLiveGrantsEnd(t *testing.T) {
	t.Parallel()
	before, after := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	all := []client.Grant{{ID: "1", User: "u"}, {ID: "2", User: "u", EndsAt: &before}, {ID: "3", User: "u", EndsAt: &after}, {ID: "4", User: "v"}}
	require.Equal(t, []string{"1", "3"}, liveGrants(all, "u"))
	require.Equal(t, []string{"4"}, liveGrants(all, "4"))
	require.Empty(t, liveGrants(all, "2"))
}

// TestHelpTeaches: who asks for help of a command of spaces sees it used.
func TestHelpTeaches(t *testing.T) {
	t.Parallel()
	seen := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			walk(c)
		}
		if cmd.HasSubCommands() {
			require.Contains(t, cmd.Long, "satchel "+cmd.Name()+" ", cmd.CommandPath())
			return
		}
		seen++
		require.Contains(t, cmd.Example, cmd.CommandPath(), cmd.CommandPath())
	}
	for _, cmd := range root().Commands() {
		if name := cmd.Name(); name == "space" || name == "folder" || name == "handin" || name == "mv" {
			walk(cmd)
		}
	}
	require.GreaterOrEqual(t, seen, 20)
}

// spacesAPI has the space "Class 7b" with the folder "Maps", and two files of one name.
func spacesAPI(t *testing.T, args ...string) (string, error) {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	answer("GET /api/v1/spaces", `{"items": [{"id": "s", "name": "Class 7b", "kind": "class", "my_level": 3}]}`)
	answer("GET /api/v1/spaces/s", `{"id": "s", "name": "Class 7b", "linked_folders": []}`)
	answer("GET /api/v1/spaces/s/folders", `{"items": [{"id": "d", "space_id": "s", "name": "Maps"}]}`)
	answer("GET /api/v1/storage/files", `{"items": [{"id": "1", "name": "a.pdf"}, {"id": "2", "name": "a.pdf"}, {"id": "3", "name": "another a.pdf"}]}`)
	mux.HandleFunc("PATCH /api/v1/storage/files/3", func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		_ = json.NewDecoder(r.Body).Decode(&in)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "3", "space_id": in["space_id"], "folder_id": in["folder_id"]})
	})
	mux.HandleFunc("POST /api/v1/storage/files/bulk", func(w http.ResponseWriter, r *http.Request) {
		var in client.NewBulk
		_ = json.NewDecoder(r.Body).Decode(&in)
		done := client.Bulk{ID: "1", Action: in.Action, State: "done", Total: len(in.IDs)}
		for _, id := range in.IDs {
			if in.Action == "move" && in.Space == "s" && in.Folder == "d" {
				done.Items = append(done.Items, client.BulkItem{ID: id, Result: "ok"})
			}
		}
		_ = json.NewEncoder(w).Encode(done)
	})
	return command(t, mux, args...)
}

// TestFoldersHaveSlashesInTheirNames: a path is read in every way in which it names folders, and one that leads to two
// is refused with their ids.
func TestFoldersHaveSlashesInTheirNames(t *testing.T) {
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	answer("GET /api/v1/spaces", `{"items": [{"id": "s", "name": "Class 7b"}]}`)
	answer("GET /api/v1/spaces/s", `{"id": "s", "name": "Class 7b", "linked_folders": [{"id": "shown", "space_id": "t", "name": "Maths/Physics"}]}`)
	answer("GET /api/v1/spaces/t/folders", `{"items": [{"id": "inside", "space_id": "t", "name": "Week 1"}]}`)
	mux.HandleFunc("GET /api/v1/spaces/s/folders", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(map[string]string{
			"":  `{"items": [{"id": "1", "space_id": "s", "name": "a"}, {"id": "2", "space_id": "s", "name": "a/b"}, {"id": "3", "space_id": "s", "name": "2026/27"}, {"id": "4", "space_id": "s", "name": "a/c"}]}`,
			"1": `{"items": [{"id": "5", "space_id": "s", "name": "b"}]}`,
			"5": `{"items": [{"id": "6", "space_id": "s", "name": "only here"}]}`,
			"2": `{"items": []}`, "3": `{"items": [{"id": "7", "space_id": "s", "name": "x/y/z"}]}`,
		}[r.URL.Query().Get("parent_id")]))
	})
	mux.HandleFunc("DELETE /api/v1/folders/{id}", func(http.ResponseWriter, *http.Request) {})
	deleted := func(path string) (string, error) { return command(t, mux, "folder", "delete", path, "--json") }
	for path, id := range map[string]string{
		"Class 7b/2026/27": "3", "class 7B/2026/27/X/Y/Z": "7", "Class 7b/a/c": "4", "Class 7b/a/b/only here": "6", "Class 7b/maths/physics/week 1": "inside", "Class 7b/a": "1",
	} {
		printed, err := deleted(path)
		require.NoError(t, err, path)
		require.JSONEq(t, `{"deleted": "`+id+`"}`, printed, path)
	}
	_, err := deleted("Class 7b/a/b")
	require.ErrorContains(t, err, "names 2 folders: give the id of the folder: 2, 5")
	_, err = deleted("Class 7b/2026/27/x")
	require.ErrorContains(t, err, `there is no folder "x" for you: `+"`satchel folder list 'Class 7b/2026/27'`")
	_, err = deleted("Class 7b/2026")
	require.ErrorContains(t, err, `there is no folder "2026" for you`)
}

func TestFilesMoveByTheirNames(t *testing.T) {
	printed, err := spacesAPI(t, "mv", "Another A.pdf", "class 7b/maps", "--json")
	require.NoError(t, err)
	var moved client.File
	require.NoError(t, json.Unmarshal([]byte(printed), &moved))
	require.Equal(t, "s", moved.Space)
	require.Equal(t, "d", moved.Folder)

	id := "01a2229b-459d-74fd-a0f5-95d00ddbd838"
	printed, err = spacesAPI(t, "mv", "another a.pdf", id, "Class 7b/Maps")
	require.NoError(t, err)
	require.Contains(t, printed, "Done: 2 of 2.")

	printed, err = spacesAPI(t, "mv", "another a.pdf", "a.pdf", "Class 7b/Maps")
	require.ErrorContains(t, err, "give the id of the file: 1, 2")
	require.NotContains(t, printed, "Done", "nothing moves before each is found")

	_, err = spacesAPI(t, "mv", "another a.pdf", "Class 7b/Atlas")
	require.ErrorContains(t, err, "`satchel folder list 'Class 7b'`")
	_, err = spacesAPI(t, "folder", "delete", "Class 7b")
	require.ErrorContains(t, err, "name a folder in it")
	_, err = spacesAPI(t, "space", "grant", "Class 7b", "x", "--level", "all")
	require.ErrorContains(t, err, "read, add, staff or manage")
}

// TestHandInsShowTheirNotes: a note of several lines is one line of the table.
func TestHandInsShowTheirNotes(t *testing.T) {
	mux := http.NewServeMux()
	id := "01a2229b-459d-74fd-a0f5-95d00ddbd838"
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	mux.HandleFunc("GET /api/v1/spaces/"+id, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"code": "space_not_found", "status": 404}`))
	})
	answer("GET /api/v1/folders/"+id+"/hand-ins", `{"items": [{"student_id": "1", "display_name": "Student 12", "state": "returned", "files": 2, "note": "Well done.\nGo on."}, {"student_id": "2", "state": "missing"}]}`)
	answer("GET /api/v1/folders/"+id, `{"id": "`+id+`", "space_id": "s", "name": "Essay"}`)
	answer("GET /api/v1/spaces/s", `{"id": "s", "name": "Class 7b", "linked_folders": []}`)
	printed, err := command(t, mux, "handin", "list", id)
	require.NoError(t, err)
	require.Contains(t, printed, "NOTE")
	require.Regexp(t, `Student 12 +returned .* 2 +Well done\. Go on\.\n`, printed)
}

func TestRefusalsNameTheNextStep(t *testing.T) {
	t.Parallel()
	for code, step := range nextSteps {
		said := advised(&client.Problem{Status: http.StatusConflict, Code: code, Title: "No"}).Error()
		require.True(t, strings.HasSuffix(said, step), said)
	}
	require.ErrorContains(t, advised(&client.Problem{Status: http.StatusForbidden, Code: "not_allowed"}), "satchel whoami")
}

func TestReportIsNoFormula(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, reportCSV(&b, []client.TeacherAccess{{User: "u", Name: "=1+1", Readable: 3, Hidden: map[string]int64{"class": 2}}}))
	require.Equal(t, "user_id,display_name,readable,hidden_personal,hidden_class,hidden_group,hidden_library,hidden_staff,hidden_confidential\r\nu,'=1+1,3,0,2,0,0,0,0\r\n", b.String())
}
