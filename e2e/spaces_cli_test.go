package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// shell runs the command line as people of a classroom.
type shell struct {
	*classroom
	dir, program string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{classroom: newClassroom(t), dir: t.TempDir()}
	s.program = filepath.Join(s.dir, "satchel")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, "../cmd/satchel").CombinedOutput()
	require.NoError(t, err, string(out))
	return s
}

func (s *shell) try(p person, args ...string) (string, error) {
	cmd := exec.CommandContext(s.t.Context(), s.program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+s.dir+"/cache", "SATCHEL_API="+local.API, "SATCHEL_TOKEN="+p.Token, "SATCHEL_ORGANIZATION="+s.ID)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *shell) run(p person, args ...string) string {
	s.t.Helper()
	said, err := s.try(p, args...)
	require.NoError(s.t, err, "%s: satchel %s: %s", p.name, strings.Join(args, " "), said)
	return said
}

// TestSpacesOnTheCommandLine is a week of a class, by names alone.
func TestSpacesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, name := range []string{"sheet.txt", "essay.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), text(2000), 0o600))
	}
	require.Contains(t, s.run(s.teacher, "space", "list"), "5a")
	require.Contains(t, s.run(s.teacher, "space", "show", "5A"), s.ada.id)

	s.run(s.teacher, "folder", "create", "5a/Maps")
	s.run(s.teacher, "upload", "sheet.txt")
	require.NotContains(t, s.run(s.ada, "ls"), "sheet.txt")
	s.run(s.teacher, "mv", "sheet.txt", "5a/maps")
	require.Contains(t, s.run(s.ada, "ls", "--in", "5a/Maps"), "sheet.txt")
	s.run(s.teacher, "folder", "rename", "5a/Maps", "Atlas")
	said, err := s.try(s.ada, "ls", "--in", "5a/Maps")
	require.Error(t, err)
	require.Contains(t, said, "satchel folder list '5a'")

	s.run(s.teacher, "folder", "create", "5a/Essay", "--mode", "handin", "--due", "3d", "--accept", "txt")
	said, err = s.try(s.ada, "handin", "submit", "5a/Essay")
	require.Error(t, err)
	require.Contains(t, said, "satchel upload FILE --to FOLDER", "what to do is said")
	s.run(s.ada, "upload", "essay.txt", "--to", "5a/Essay")
	require.Contains(t, s.run(s.ada, "handin", "submit", "5a/Essay"), "in")
	s.run(s.ada, "handin", "withdraw", "5a/Essay")
	s.run(s.ada, "handin", "submit", "5a/Essay")
	s.run(s.teacher, "handin", "return", "5a/Essay", s.ada.id, "--note", "Well done")
	require.Contains(t, s.run(s.ada, "handin", "list", "5a/Essay"), "Well done")
	var states []client.HandIn
	require.NoError(t, json.Unmarshal([]byte(s.run(s.teacher, "handin", "list", "5a/Essay", "--json")), &states))
	require.Len(t, states, 3)
}

// TestAccessOnTheCommandLine lets people in and out again.
func TestAccessOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	atlas := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Atlas"})
	sheet := s.put(s.teacher, "", atlas.ID)

	s.run(s.admin, "space", "substitute", "5a", s.colleague.id, "--until", "2d", "--reason", "illness")
	require.True(t, s.sees(s.colleague, sheet))
	s.run(s.admin, "space", "revoke", "5a", s.colleague.id)
	require.False(t, s.sees(s.colleague, sheet))
	s.run(s.admin, "space", "link", "5a/Atlas", "5b", "--until", "2d")
	require.True(t, s.sees(s.colleague, sheet))
	require.Contains(t, s.run(s.colleague, "folder", "list", "5b"), "shown from space")
	s.run(s.admin, "space", "unlink", "5a/Atlas", "5b")
	require.False(t, s.sees(s.colleague, sheet))

	s.run(s.teacher, "space", "create", "Chess club")
	s.run(s.teacher, "space", "grant", "Chess club", s.ada.id, "--level", "add")
	require.Contains(t, s.run(s.ada, "space", "list"), "Chess club")
	s.run(s.teacher, "folder", "move", "5a/Atlas", "Chess club")
	require.True(t, s.sees(s.ada, sheet))
	require.False(t, s.sees(s.ben, sheet), "it moved with its files")

	said, err := s.try(s.teacher, "space", "break-glass", "--person", s.ada.id, "--reason", "a reason of ten characters")
	require.Error(t, err)
	require.Contains(t, said, "satchel whoami")
	require.Contains(t, s.run(s.admin, "space", "break-glass", "--person", s.teacher.id, "--reason", "a safeguarding request"), "You are staff of space")
	s.run(s.owner, "space", "report", "--csv", "report.csv")
	report, err := os.ReadFile(filepath.Join(s.dir, "report.csv"))
	require.NoError(t, err)
	require.Contains(t, string(report), s.colleague.id)
	_, err = s.try(s.owner, "space", "report", "--csv", "report.csv")
	require.Error(t, err, "a report is not overwritten")
}
