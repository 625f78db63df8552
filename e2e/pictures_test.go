package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/internal/devstack/pictures"
)

// docsPictures is where the guides have their pictures, and newPictures what is left of those
// that differ, to be looked at.
const (
	docsPictures = "../docs/pictures"
	newPictures  = "../.local/pictures"
)

// TestPicturesOfTheGuides takes the pictures of docs/pictures again, of a school of the
// demonstration, and fails on each that shows something else than the console does now, on one
// that is taken no more, and on one that is not there. `make pictures-check` runs it, and `make
// pictures` is the same test writing what it takes. ADR 0056 says what is compared.
func TestPicturesOfTheGuides(t *testing.T) {
	mode := os.Getenv("PICTURES")
	if mode == "" {
		t.Skip("it takes minutes and needs a stack that no other test works in: make pictures-check")
	}
	chromium := browser(t)
	if _, err := os.Stat("../web/node_modules/@playwright/test"); err != nil {
		out, err := exec.CommandContext(t.Context(), "npm", "--prefix", "../web", "ci", "--no-fund", "--no-audit", "--ignore-scripts").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	org, subjects := pictureSchool(t)
	people, err := json.Marshal(subjects)
	require.NoError(t, err)
	owner, err := json.Marshal(map[string]string{"id": org.ID, "owner_token": org.OwnerToken})
	require.NoError(t, err)
	taken, only := t.TempDir(), os.Getenv("PICTURES_ONLY")
	args := []string{"--prefix", "../web", "run", "--silent", "browser"}
	if only != "" { // the beginning of the names of the pictures, which is in the title of the test that takes them
		args = append(args, "--", "-g", only)
	}
	cmd := exec.CommandContext(t.Context(), "npm", args...)
	cmd.Env = append(os.Environ(), "SATCHEL_API_URL="+local.API, "SATCHEL_MAILBOX="+local.Mailbox, "CHROMIUM="+chromium, "SATCHEL_TAKE_PICTURES="+taken, "SATCHEL_PEOPLE="+string(people), "SATCHEL_OWNER="+string(owner))
	out, err := cmd.CombinedOutput()
	if mode == "write" {
		writePictures(t, taken) // also what a script took before it failed: it is looked at to find out why
	}
	require.NoError(t, err, string(out))
	if mode == "write" {
		removePictures(t, taken, only)
	} else {
		comparePictures(t, taken, only)
	}
}

// ofDocs gives the pictures of the guides that a run is about.
func ofDocs(t *testing.T, only string) []string {
	t.Helper()
	all, err := pictures.In(docsPictures)
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, only) })
}

// comparePictures fails on each picture of the docs that is not what was taken now.
func comparePictures(t *testing.T, taken, only string) {
	t.Helper()
	now, err := pictures.In(taken)
	require.NoError(t, err)
	assert.Equal(t, ofDocs(t, only), now, "the pictures of docs/pictures, and those that web/pictures takes: run `make pictures`, and commit what it writes and removes")
	require.NoError(t, os.RemoveAll(newPictures))
	for _, name := range now {
		if !comparePicture(t, taken, name) {
			require.NoError(t, os.MkdirAll(newPictures, 0o700))
			require.NoError(t, os.Rename(filepath.Join(taken, name+".png"), filepath.Join(newPictures, name+".png")))
		}
	}
}

// ordersVary are the pictures whose rows stand in the order of times of the run, or of ids that were made side by
// side: their words are not compared.
var ordersVary = map[string]bool{"operator-schedules": true, "operator-organizations": true}

func comparePicture(t *testing.T, taken, name string) bool {
	t.Helper()
	old, err := pictures.ReadRecord(docsPictures, name)
	require.NoError(t, err)
	said, err := os.ReadFile(filepath.Join(taken, name+".txt"))
	require.NoError(t, err)
	same := ordersVary[name] || assert.Equal(t, old.Words, pictures.Words(string(said)), "%s.png is stale: the page says something else now (.local/pictures/%[1]s.png); %[2]s", name, pictures.Again(name))
	before, err := pictures.Open(filepath.Join(docsPictures, name+".png"))
	require.NoError(t, err)
	after, err := pictures.Open(filepath.Join(taken, name+".png"))
	require.NoError(t, err)
	part, where := pictures.Look(before, after)
	t.Logf("%s: %.3f of its cells look different, in %v", name, part, where)
	return assert.False(t, pictures.LooksStale(part), "%s.png is stale: the page looks different now, %.1f %% of it, in %v (.local/pictures/%[1]s.png); %[4]s", name, 100*part, where, pictures.Again(name)) && same
}

// writePictures puts what was taken into the docs.
func writePictures(t *testing.T, taken string) {
	t.Helper()
	catalog, err := pictures.Catalog("../web/src/locales/en/messages.po")
	require.NoError(t, err)
	now, err := pictures.In(taken)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(docsPictures, 0o755))
	for _, name := range now {
		img, err := pictures.Open(filepath.Join(taken, name+".png"))
		require.NoError(t, err)
		picture, err := pictures.Small(img)
		require.NoError(t, err)
		said, err := os.ReadFile(filepath.Join(taken, name+".txt"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(docsPictures, name+".png"), picture, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(docsPictures, name+".txt"), pictures.NewRecord(name, picture, string(said), catalog).Text(), 0o644))
	}
}

// removePictures removes what is taken no more.
func removePictures(t *testing.T, taken, only string) {
	t.Helper()
	now, err := pictures.In(taken)
	require.NoError(t, err)
	for _, name := range ofDocs(t, only) {
		if !slices.Contains(now, name) {
			require.NoError(t, os.Remove(filepath.Join(docsPictures, name+".png")))
			_ = os.Remove(filepath.Join(docsPictures, name+".txt"))
		}
	}
}

// pictureSchool makes the school that the pictures show, and says who signs in as which role.
// Everything has a name of its own there: a picture shows no random word.
func pictureSchool(t *testing.T) (devstack.Organization, map[string]string) {
	t.Helper()
	ctx := testContext(t)
	org, err := local.Provision(ctx, "riverside", "Riverside School")
	require.NoError(t, err)
	for slug, name := range map[string]string{"riverside-hill": "Riverside Hill School", "riverside-lake": "Riverside Lake School"} {
		_, err := local.ProvisionTier(ctx, slug, name, "professional")
		require.NoError(t, err)
	}
	owner, err := local.Member(ctx, org, "owner-pictures", "owner")
	require.NoError(t, err)
	require.NoError(t, owner.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/people", map[string]string{"user_id": me(t, owner), "kind": "staff", "display_name": "Owner 1"}, nil))
	school := devstack.Organization{ID: org, Name: "Riverside School", OwnerToken: owner.Token}
	demonstrate(ctx, t, school)
	member := func(subject, role string) *client.Client {
		c, err := local.Member(ctx, org, subject, role)
		require.NoError(t, err)
		return c
	}
	whatATeacherHas(ctx, t, member("teacher-pictures", "teacher"))
	whatAnOwnerDid(ctx, t, org, owner)
	return school, map[string]string{
		"owner": "owner-pictures", "admin": "admin-pictures", "teacher": "teacher-pictures", "student": "student-pictures4", "parent": "parent-pictures", "operator": "operator",
	}
}

func me(t *testing.T, c *client.Client) string {
	t.Helper()
	var me struct {
		User string `json:"user_id"`
	}
	require.NoError(t, c.Call(testContext(t), http.MethodGet, "/api/v1/me", nil, &me))
	return me.User
}

// demonstrate runs the program of the demonstration, which makes a class with its people and
// what they handed in, for this organization.
func demonstrate(ctx context.Context, t *testing.T, org devstack.Organization) {
	t.Helper()
	dir := t.TempDir()
	program, file := filepath.Join(dir, "demo"), filepath.Join(dir, "satchel.json")
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "../deploy/local/demo").CombinedOutput()
	require.NoError(t, err, string(out))
	stack := *local
	stack.Organizations = []devstack.Organization{org}
	b, err := json.Marshal(stack)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, b, 0o600))
	out, err = exec.CommandContext(ctx, program, "school", "--stack", file, "--people", "pictures").CombinedOutput()
	require.NoError(t, err, string(out))
}

// putFile sends a file to the place of an id, and waits until it is there.
func putFile(ctx context.Context, t *testing.T, c *client.Client, space, folder, name string, content []byte) client.File {
	t.Helper()
	id, err := c.Upload(ctx, client.Upload{Body: bytes.NewReader(content), Size: int64(len(content)), Retries: 12, Metadata: map[string]string{"filename": name, "space_id": space, "folder_id": folder}})
	require.NoError(t, err)
	f := settled(t, c, id)
	require.Equal(t, "published", f.Status, name)
	return f
}

// slope is a picture of a hill under a sky.
func slope(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			c := color.RGBA{170, 205, 235, 255}
			if y > 60+abs(x-160)*2/3 {
				c = color.RGBA{110, 90, 80, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

func abs(n int) int { return max(n, -n) }

// whatATeacherHas are files of their own, and a report of their class.
func whatATeacherHas(ctx context.Context, t *testing.T, teacher *client.Client) {
	t.Helper()
	for _, f := range [][2]string{ // one after the other: the list of recent files has them in this order
		{"Leaves and roots.txt", "Leaves make sugar of light.\nRoots bring water.\n"}, {"Timetable.csv", "Day,First,Second\nMonday,Biology,Music\nTuesday,Art,Maths\n"},
		{"Excursion to the lake.txt", "Excursion to the lake\n\nBring boots, a coat and something to drink.\n"},
	} {
		putFile(ctx, t, teacher, "", "", f[0], []byte(f[1]))
	}
	classes, err := teacher.Classes(ctx)
	require.NoError(t, err)
	require.Len(t, classes, 1)
	reported(ctx, t, teacher, client.NewReport{Kind: "class", Format: "json", Class: classes[0].ID})
}

// reported asks for a report and waits for its end.
func reported(ctx context.Context, t *testing.T, c *client.Client, n client.NewReport) {
	t.Helper()
	r, err := c.RequestReport(ctx, n)
	require.NoError(t, err)
	for r.State == "waiting" {
		r, err = c.Report(ctx, r.ID, 20)
		require.NoError(t, err)
	}
	require.Equal(t, "ready", r.State, r.Code)
}

// whatAnOwnerDid are directory information, an erasure with its certificate, a connection to
// Roblox with an asset there, and reports.
func whatAnOwnerDid(ctx context.Context, t *testing.T, org string, owner *client.Client) {
	t.Helper()
	require.NoError(t, owner.Call(ctx, http.MethodPut, "/api/v1/organizations/"+org+"/directory-policy", map[string]any{"categories": []string{"name", "photograph"}, "notice_at": "2026-09-01", "opt_out_until": "2099-09-30"}, nil))
	library, err := owner.Spaces(ctx, "library")
	require.NoError(t, err)
	require.Len(t, library, 1)
	putFile(ctx, t, owner, library[0].ID, "", "volcano.png", slope(t))
	require.NoError(t, devstack.Assure(ctx, owner, org, "roblox"))
	c, err := owner.ConnectRoblox(ctx, client.NewRobloxConnection{Name: "Our world", UniverseID: time.Now().UnixNano(), Creator: client.RobloxCreator{Type: "group", ID: 5}, APIKey: "key", SpaceIDs: []string{library[0].ID}})
	require.NoError(t, err)
	sync, err := owner.SyncRoblox(ctx, c.ID)
	require.NoError(t, err)
	succeeded(ctx, t, owner, sync)
	reported(ctx, t, owner, client.NewReport{Kind: "storage", Format: "json"})

	letter := putFile(ctx, t, owner, "", "", "Old list.txt", []byte("A list that a parent asks to have destroyed.\n"))
	var erasure struct{ ID, State string }
	require.NoError(t, owner.Call(ctx, http.MethodPost, "/api/v1/erasures", map[string]string{"scope": "file", "target_id": letter.ID, "basis": "parent_request", "reference": "Letter 12"}, &erasure))
	require.Eventually(t, func() bool {
		return owner.Call(ctx, http.MethodGet, "/api/v1/erasures/"+erasure.ID, nil, &erasure) == nil && erasure.State == "certified"
	}, patience, 200*time.Millisecond)
}

func succeeded(ctx context.Context, t *testing.T, c *client.Client, operation string) {
	t.Helper()
	var op struct{ State string }
	require.Eventually(t, func() bool {
		return c.Call(ctx, http.MethodGet, "/api/v1/operations/"+operation, nil, &op) == nil && op.State != "running"
	}, patience, 200*time.Millisecond)
	require.Equal(t, "succeeded", op.State)
}
