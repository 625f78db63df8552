package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// visit is one person's way through the pages, and seen what they saw.
type visit struct {
	Name     string `json:"name"`
	To       string `json:"to,omitempty"`   // opens the newest mail to this address
	Link     string `json:"link,omitempty"` // or this address
	Phone    bool   `json:"phone"`
	Script   bool   `json:"script"`
	Pictures string `json:"pictures,omitempty"`
	Steps    []step `json:"steps"`
}

type step struct {
	Press  string `json:"press,omitempty"`
	Stays  bool   `json:"stays,omitempty"` // the button leads nowhere else
	As     string `json:"as,omitempty"`
	Cancel bool   `json:"cancel,omitempty"`
}

type seen struct {
	Name  string
	Shown []struct {
		Step, Title, Text string
		Buttons           []string
		Wide              bool // goes beyond the screen
	}
	Wrong, Asked []string
}

const (
	accepting = "Sign in and accept"
	declining = "Sign in and decline"
	another   = "Sign in with another account"
)

func through(press string, who string) []step { return []step{{Press: press}, {As: who}} }

// browse runs all visits in one browser.
func browse(t *testing.T, visits []visit) map[string]seen {
	t.Helper()
	if _, err := os.Stat("browser/node_modules/playwright-core"); err != nil {
		out, err := exec.CommandContext(t.Context(), "npm", "--prefix", "browser", "ci", "--no-fund", "--no-audit", "--ignore-scripts").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	chromium := browser(t)
	if dir := os.Getenv("SATCHEL_PICTURES"); dir != "" {
		for n := range visits {
			visits[n].Pictures = dir + "/" + strings.ReplaceAll(visits[n].Name, " ", "-")
		}
	}
	in, err := json.Marshal(map[string]any{"chromium": chromium, "mailbox": local.Mailbox, "origins": []string{local.API, local.Issuer, local.Mailbox}, "visits": visits})
	require.NoError(t, err)
	cmd := exec.CommandContext(testContext(t), "node", "browser/invitations.mjs")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []seen
	require.NoError(t, json.Unmarshal(out, &all))
	found := map[string]seen{}
	for _, s := range all {
		found[s.Name] = s
	}
	return found
}

// browser finds the one that `make e2e` installs, or another of its kind. The headless shell is Chromium without the windows,
// which are pages of their own and take as long to open as what is tested.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	release, _ := os.ReadFile("/etc/os-release")
	if strings.Contains(string(release), "\nID=ubuntu") {
		t.Skip("Ubuntu has Chromium as a snap only, which does not run everywhere: put chromium-headless-shell or google-chrome on the PATH")
	}
	require.FailNow(t, "no chromium-headless-shell: run `make e2e`, which installs it")
	return ""
}

// mailTo invites and waits until the mail has arrived.
func (s school) mailTo(t *testing.T, role string, expires time.Duration) (i invitation, address, link string) {
	t.Helper()
	address = uuid.NewString() + "@school.example"
	i = s.invite(t, address, role, expires)
	return i, address, local.API + "/invitations#token=" + token(t, address, 1)
}

// TestInvitationsInABrowser is what a teacher does with the mail, and what each
// end looks like. None of it leaves the token in an address, a Referer or the
// browser's storage, asks a stranger, or breaks a rule of the page's policy.
func TestInvitationsInABrowser(t *testing.T) {
	t.Parallel()
	s, other := newSchool(t), newSchool(t)
	newcomer, known := "newcomer-"+uuid.NewString(), "known-"+uuid.NewString()
	_, err := local.Member(testContext(t), other.ID, known, "student")
	require.NoError(t, err)

	first, toFirst, firstLink := s.mailTo(t, "teacher", 0)
	second, toSecond, _ := s.mailTo(t, "parent", 0)
	declined, toDeclined, declinedLink := s.mailTo(t, "student", 0)
	expired, _, expiredLink := s.mailTo(t, "student", 5*time.Second)
	revoked, _, revokedLink := s.mailTo(t, "student", 0)
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodDelete, "/api/v1/organizations/"+s.ID+"/invitations/"+revoked.ID, nil, nil))
	low, toLow, _ := s.mailTo(t, "student", 0)
	waiting, toWaiting, _ := s.mailTo(t, "student", 0)
	_, toPlain, _ := s.mailTo(t, "teacher", 0)
	suspended := newSchool(t)
	_, toSuspended, _ := suspended.mailTo(t, "teacher", 0)
	suspend(t, suspended.ID)
	full := fullSchool(t)
	require.Eventually(t, func() bool { return s.invitation(t, expired.ID).State == "expired" }, patience, 200*time.Millisecond)

	found := browse(t, []visit{
		{Name: "new person", To: toFirst, Phone: true, Script: true, Steps: through(accepting, newcomer)},
		{Name: "known person", To: toSecond, Script: true, Steps: through(accepting, known)},
		{Name: "declines", To: toDeclined, Script: true, Steps: through(declining, "newcomer-"+uuid.NewString())},
		{Name: "used", Link: firstLink, Phone: true, Script: true},
		{Name: "declined before", Link: declinedLink, Script: true},
		{Name: "expired", Link: expiredLink, Phone: true, Script: true},
		{Name: "revoked", Link: revokedLink, Script: true},
		{Name: "not whole", Link: firstLink[:len(firstLink)-3], Script: true},
		{Name: "no token", Link: local.API + "/invitations", Script: true},
		{Name: "wrong person", To: toLow, Phone: true, Script: true, Steps: append(through(accepting, newcomer), through(another, "newcomer-"+uuid.NewString())...)},
		{Name: "changes their mind", To: toWaiting, Script: true, Steps: []step{{Press: accepting}, {Cancel: true}}},
		{Name: "seats full", Link: full, Script: true, Steps: append(through(accepting, "newcomer-"+uuid.NewString()), step{Press: "Look again", Stays: true})},
		{Name: "suspended", To: toSuspended, Script: true, Steps: through(accepting, "newcomer-"+uuid.NewString())},
		{Name: "not asked for", Link: local.API + "/invitations?code=somebodys&state=somebodys", Script: true},
		{Name: "without JavaScript", To: toPlain, Phone: true},
	})
	for name, wanted := range map[string]struct{ title, text string }{
		"new person":         {"Welcome to Test school", "You are now a teacher of Test school"},
		"known person":       {"Welcome to Test school", "linked you to your child"},
		"declines":           {"You declined", "your address was deleted"},
		"used":               {"This invitation was used already", "works once"},
		"declined before":    {"This invitation was declined", "ask the person who invited you"},
		"expired":            {"The time of this invitation is over", "Ask the person who invited you"},
		"revoked":            {"This invitation was withdrawn", "Ask the person who invited you"},
		"not whole":          {"There is no such invitation", "not whole"},
		"no token":           {"There is no such invitation", "not whole"},
		"wrong person":       {"Welcome to Test school", "You are now a student"},
		"changes their mind": {"You are invited to Test school", "You did not sign in, so nothing has happened"},
		"seats full":         {"You are invited to Test school", "Nothing has happened yet"},
		"suspended":          {"The organization is suspended", "waits until its time is over"},
		"not asked for":      {"This sign-in was not begun here", "Open the link of the mail again"},
		"without JavaScript": {"Invitation", "satchel invite accept"},
	} {
		f := found[name]
		require.Empty(t, f.Wrong, name)
		require.NotEmpty(t, f.Shown, name)
		last := f.Shown[len(f.Shown)-1]
		require.Equal(t, wanted.title, last.Title, name)
		require.Contains(t, last.Text, wanted.text, name)
		for _, shown := range f.Shown {
			require.False(t, shown.Wide, "%s: %s is wider than the screen", name, shown.Step)
		}
	}
	require.Equal(t, "You are a member already", found["wrong person"].Shown[2].Title)
	require.Equal(t, []string{another}, found["wrong person"].Shown[2].Buttons)
	require.Equal(t, "There is no free seat", found["seats full"].Shown[2].Title)
	require.Contains(t, found["new person"].Shown[0].Text, "teacher")
	require.NotContains(t, fmt.Sprint(found["changes their mind"].Asked), "/accept", "GET has no effect, nor has signing in alone")

	require.Equal(t, "accepted", s.invitation(t, first.ID).State)
	require.Equal(t, "accepted", s.invitation(t, second.ID).State)
	require.Equal(t, "accepted", s.invitation(t, low.ID).State)
	require.Equal(t, "declined", s.invitation(t, declined.ID).State)
	require.Equal(t, "pending", s.invitation(t, waiting.ID).State)
	require.ElementsMatch(t, []string{"student " + other.ID, "parent " + s.ID}, places(t, known))
	require.Equal(t, []string{"teacher " + s.ID}, places(t, newcomer))
}

// places lists where a subject belongs.
func places(t *testing.T, subject string) (all []string) {
	t.Helper()
	c := newcomerNamed(t, subject)
	var me struct {
		Memberships []struct {
			Organization string `json:"organization_id"`
			Role         string
		}
	}
	require.NoError(t, c.Call(testContext(t), http.MethodGet, "/api/v1/me", nil, &me))
	for _, m := range me.Memberships {
		all = append(all, m.Role+" "+m.Organization)
	}
	return all
}

func suspend(t *testing.T, org string) {
	t.Helper()
	require.NoError(t, local.Operator().Call(testContext(t), http.MethodPost, "/api/v1/organizations/"+org+"/suspend", map[string]string{"reason": "a test"}, nil))
}

// fullSchool gives a link to a school that has filled up since the mail went out.
func fullSchool(t *testing.T) (link string) {
	t.Helper()
	ctx := testContext(t)
	id, err := local.ProvisionTier(ctx, "e2e-"+uuid.NewString(), "Test school", "free")
	require.NoError(t, err)
	s := school{ID: id}
	s.Owner = s.member(t, "owner")
	_, _, link = s.mailTo(t, "student", 0)
	var tiers struct {
		Items []struct {
			Name       string
			MaxMembers int `json:"max_members"`
		}
	}
	require.NoError(t, local.Operator().Call(ctx, http.MethodGet, "/api/v1/admin/tiers", nil, &tiers))
	free := slices.IndexFunc(tiers.Items, func(tier struct {
		Name       string
		MaxMembers int `json:"max_members"`
	}) bool {
		return tier.Name == "free"
	})
	require.GreaterOrEqual(t, free, 0)
	for range tiers.Items[free].MaxMembers - 1 {
		s.member(t, "student")
	}
	return link
}
