package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/rosters/generate"
)

// TestConsoleInABrowser runs the browser tests of web/ against this stack, with a
// school of their own: a journey for each role, the keyboard of the lists, axe in two
// color schemes and two widths, uploads under faults, the dialogs of those who manage,
// and a portal of another origin.
func TestConsoleInABrowser(t *testing.T) {
	chromium := browser(t)
	if _, err := os.Stat("../web/node_modules/@playwright/test"); err != nil {
		out, err := exec.CommandContext(t.Context(), "npm", "--prefix", "../web", "ci", "--no-fund", "--no-audit", "--ignore-scripts").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	s, subjects := consoleSchool(t)
	people, err := json.Marshal(subjects)
	require.NoError(t, err)
	owner, err := json.Marshal(map[string]string{"id": s.ID, "owner_token": s.Owner.Token})
	require.NoError(t, err)
	roster, err := os.Create(filepath.Join(t.TempDir(), "roster.zip"))
	require.NoError(t, err)
	require.NoError(t, generate.New(7, generate.Size{People: 60, Classes: 4, PerStudent: 2}).Write(roster, generate.V12))
	require.NoError(t, roster.Close())
	args := []string{"--prefix", "../web", "run", "--silent", "browser"}
	if some := strings.Fields(os.Getenv("BROWSER_TESTS")); len(some) > 0 { // parts of the names of files in web/tests, while one is written; make e2e takes SATCHEL_* away
		args = append(append(args, "--"), some...)
	}
	cmd := exec.CommandContext(t.Context(), "npm", args...)
	cmd.Env = append(os.Environ(), "SATCHEL_API_URL="+local.API, "SATCHEL_MAILBOX="+local.Mailbox, "CHROMIUM="+chromium, "SATCHEL_PEOPLE="+string(people), "SATCHEL_OWNER="+string(owner), "SATCHEL_ROSTER="+roster.Name())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// consoleSchool makes a class with a hand-in, and says who signs in as which role.
func consoleSchool(t *testing.T) (s school, subjects map[string]string) {
	t.Helper()
	ctx := testContext(t)
	s = newSchool(t)
	subjects = map[string]string{"operator": "operator"}
	clients, ids := map[string]*client.Client{}, map[string]string{}
	for _, role := range []string{"owner", "admin", "teacher", "student", "parent", "auditor"} {
		subjects[role] = "console-" + role + "-" + uuid.NewString()[:8]
		c, err := local.Member(ctx, s.ID, subjects[role], role)
		require.NoError(t, err)
		var me struct {
			User string `json:"user_id"`
		}
		require.NoError(t, c.Call(ctx, http.MethodGet, "/api/v1/me", nil, &me))
		clients[role], ids[role] = c, me.User
	}
	class, err := clients["admin"].CreateClass(ctx, "Class 7b", "7b")
	require.NoError(t, err)
	require.NoError(t, clients["admin"].SetClassMember(ctx, class.ID, ids["teacher"], client.ClassMember{Role: "teacher", Primary: true}))
	require.NoError(t, clients["admin"].SetClassMember(ctx, class.ID, ids["student"], client.ClassMember{Role: "student"}))
	link := map[string]string{"parent_id": ids["parent"], "student_id": ids["student"]}
	require.NoError(t, clients["owner"].Call(ctx, http.MethodPost, "/api/v1/organizations/"+s.ID+"/guardians", link, nil))
	_, err = clients["teacher"].CreateFolder(ctx, class.Space, client.NewFolder{Name: "Essay 1", Mode: "handin", Instructions: "One page about your favorite plant."})
	require.NoError(t, err)
	require.NoError(t, devstack.OwnWebhooks(ctx, clients["owner"], s.ID))
	require.NoError(t, devstack.Assure(ctx, clients["owner"], s.ID, "roblox"))
	return s, subjects
}
