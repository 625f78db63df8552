package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/consentpage"
	"satchel/api/public"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// unaudited are the routes that are no read by their method and still have no
// audit action, with the reason.
var unaudited = map[string]string{
	"PATCH " + tusUploadPath:                  "more bytes of an upload that the audit log has",
	"PUT " + filePath + "/star":               "a mark that only its person sees",
	"DELETE " + filePath + "/star":            "a mark that only its person sees",
	"POST " + notificationsPath + "/:id/read": "a mark that only its person sees",
	"POST " + notificationsPath + "/read-all": "a mark that only its person sees",
	"POST " + myMailPath:                      "an address of the person's own, which goes with them",
	"POST " + myMailPath + "/confirm":         "an address of the person's own, which goes with them",
	"DELETE " + myMailPath + "/:address":      "an address of the person's own, which goes with them",
	"PATCH " + myPreferencesPath:              "what a person wants to be told, which only they see",
	"POST " + unsubscribePath:                 "what a person wants to be told, which only they see",
	"POST " + filePath + "/link":              "an address; the read by it is recorded",
	"POST " + storagePath + "/links":          "addresses; the reads by them are recorded",
	"POST " + consentpage.Path + "/answer":    "recorded by what it says, as consent.request_agree or _refuse",
	"POST " + consentpage.Path + "/withdraw":  "recorded as consent.request_revoke",
	"POST " + public.PagePath + "/password":   "a proof; the record of the share's accesses has it",
	"POST " + public.PagePath + "/code":       "a proof; the record of the share's accesses has it",
	"POST " + public.PagePath + "/code/send":  "a mail; the code that comes back is recorded",
	"POST " + public.PagePath + "/download":   "an address; its first byte is recorded as share.download",
	"POST " + public.PagePath + "/all":        "an address; its first byte is recorded as share.download",
	"POST " + public.PagePath + "/files":      "each file is recorded as share.drop",
	"POST " + publicPath + "/password":        "a proof; the record of the share's accesses has it",
	"POST " + publicPath + "/code":            "a proof; the record of the share's accesses has it",
	"POST " + publicPath + "/code/send":       "a mail; the code that comes back is recorded",
	"POST " + publicPath + "/download":        "an address; its first byte is recorded as share.download",
	"POST " + publicPath + "/files":           "each file is recorded as share.drop",
	"POST " + publicTus:                       "each file is recorded as share.drop",
	"PATCH " + publicTus + "/:id":             "more bytes of an upload that the audit log has",
	"POST " + storagePath + "/zip":            "a list of files; the read of each is recorded",
	"POST " + robloxNotifyPath:                "a request to erase is recorded as roblox.erasure; the rest does nothing",
	"POST " + invitationsPath + "/look":       "a read whose token must be in no log",
}

// beside are the actions that a route records of something else that it makes too.
var beside = map[string]string{
	"POST " + generationPath + "/approve":                           "file.upload", // of the file that the draft becomes
	"POST /api/v1/organizations/:id/retention-reviews/:file/decide": "file.trash",  // of the file that is disposed of
}

// TestEveryRouteThatChangesSomethingIsRecorded reads the router: a new route is
// in this test on the day it is written.
func TestEveryRouteThatChangesSomethingIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range b.api.Routes() {
		key := r.Method + " " + r.Path
		action := r.Audit
		if !slices.Contains([]string{get, head, http.MethodOptions}, r.Method) {
			require.NotEqual(t, action == "", unaudited[key] == "", "%s: a route that changes something has an audit action, or a reason in unaudited", key)
		}
		if action == "" {
			continue
		}
		require.True(t, audit.Known(action), "%s: %s is not in the table of policies/audit", key, action)
		if slices.Contains(begun, action) {
			continue
		}
		recipe, ok := recipes[key]
		require.True(t, ok, "%s: say in recipes how it succeeds", key)
		s := b.scene()
		s.marks = map[tenancy.OrgID]int64{s.owner.org: b.auditHead(s.owner.org).Seq, tenancy.Platform: b.auditHead(tenancy.Platform).Seq}
		a, org := recipe(s)
		require.Less(t, a.status, 300, "%s: %s", key, a.body)
		found := b.since(org, s.marks[org])
		if other := beside[key]; other != "" {
			at := slices.IndexFunc(found, func(e recorded) bool { return e.Action == other })
			require.GreaterOrEqual(t, at, 0, "%s: %v", key, found)
			found = slices.Delete(found, at, at+1)
		}
		require.Len(t, found, 1, "%s: %v", key, found)
		require.Equal(t, action, found[0].Action, key)
		require.Equal(t, string(audit.Done), found[0].Result, key)
		require.Equal(t, org.String(), found[0].Organization, key)
		require.NotEmpty(t, found[0].ObjectID, key)
		another := strings.HasSuffix(r.Path, "/release/approve") || // than the owner, who asked for it
			strings.Contains(r.Path, "/erasure-requests") && !strings.HasSuffix(r.Path, "/decide") // a guardian asks
		if !strings.HasPrefix(r.Path, "/api/v1/invitations/") && !another { // anyone who holds the token
			require.Contains(t, []string{s.owner.id.String(), s.operator.id.String()}, found[0].Actor, key)
		}
	}
}

// TestEveryRefusalIsRecorded calls each route by a role that may not, and with
// ids of another organization.
func TestEveryRefusalIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs := b.scene()
	for _, r := range b.api.Routes() {
		if r.Action == anyone || r.Action == signedIn {
			continue
		}
		key := r.Method + " " + r.Path
		action := r.Audit
		for _, role := range tenancy.Roles {
			if role == tenancy.Operator || (tenancy.Actor{Role: role}).May(r.Action) {
				continue
			}
			p := b.person(b.organization(), role)
			p.call(r.Method, r.fill(uuid.NewString()), nil).is(http.StatusForbidden)
			found := b.since(p.org, 0)
			require.Len(t, found, 1, "%s as %s", key, role)
			require.Equal(t, recorded{Action: either(action, "access.refuse"), Actor: p.id.String(), Result: "denied", Code: "not_granted",
				Organization: p.org.String(), ObjectID: found[0].ObjectID}, found[0])
			break
		}
		if action == "" || !strings.HasPrefix(r.Path, filePath) {
			continue
		}
		before := b.auditHead(theirs.owner.org)
		stranger := b.person(b.organization(), tenancy.Owner)
		stranger.call(r.Method, r.fill(theirs.file.String()), nil).is(http.StatusNotFound)
		found := b.since(stranger.org, 0)
		require.Len(t, found, 1, key)
		require.Equal(t, recorded{Action: action, Actor: stranger.id.String(), Result: "denied", Code: notThere(r)[0],
			Organization: stranger.org.String(), ObjectID: theirs.file.String()}, found[0], key)
		require.Equal(t, before, b.auditHead(theirs.owner.org), "%s: the other organization's audit log knows nothing of it", key)
	}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// TestWhatFailsIsRecordedAsFailed: allowed, tried, and not possible.
func TestWhatFailsIsRecordedAsFailed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	small := b.person(b.db.Organization(t, 10), tenancy.Owner)
	body, contentType := form("a.txt", []byte(lorem), nil, nil)
	small.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusRequestEntityTooLarge)
	small.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "11", "Upload-Metadata", "filename YS50eHQ=").is(http.StatusRequestEntityTooLarge)
	for _, r := range b.since(small.org, 0) {
		require.Equal(t, recorded{Action: "file.upload", Actor: small.id.String(), Result: "failed", Code: "too_large", Organization: small.org.String()}, r)
	}
	require.EqualValues(t, 2, b.auditHead(small.org).Seq)
	small.call(patch, at(uuid.New(), ""), "{").is(http.StatusNotFound)
	require.EqualValues(t, 3, b.auditHead(small.org).Seq)
}

// TestManyRangesOfOneFileAreOneReading: a player asks for hundreds.
func TestManyRangesOfOneFileAreOneReading(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	other := b.person(s.owner.org, tenancy.Teacher)
	file := s.owner.publishedIn(s.owner.group(other.id), "song.txt", "la la la").ID
	before := b.auditHead(s.owner.org).Seq
	for range 5 {
		s.owner.call(get, at(file, "/content"), nil, "Range", "bytes=1-3").is(http.StatusPartialContent)
		s.owner.call(head, at(file, "/content"), nil).is(http.StatusOK)
	}
	require.Len(t, b.since(s.owner.org, before), 1)
	other.call(get, at(file, "/content"), nil, "Range", "bytes=1-3").is(http.StatusPartialContent)
	require.Len(t, b.since(s.owner.org, before), 2, "another reader is another reading")
}

func TestAuditLogIsListedFilteredAndVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	trail := "/api/v1/organizations/" + s.owner.org.String() + "/audit"
	all := read[request.Page[audit.Line]](s.owner.call(get, trail+"?limit=2", nil).is(200))
	require.Len(t, all.Items, 2)
	require.NotEmpty(t, all.NextCursor)
	older := read[request.Page[audit.Line]](s.owner.call(get, trail+"?limit=2&cursor="+all.NextCursor, nil).is(200))
	require.Less(t, older.Items[0].Seq, all.Items[1].Seq)
	only := read[request.Page[audit.Line]](s.owner.call(get, trail+"?action=file.publish", nil).is(200))
	require.Len(t, only.Items, 1)
	require.True(t, b.verified(s.owner.org).OK)
	for query, code := range map[string]string{"action=file.eat": "invalid_action", "result=maybe": "invalid_result", "from=yesterday": "invalid_from", "cursor=x": "invalid_cursor", "limit=0": "invalid_limit"} {
		s.owner.call(get, trail+"?"+query, nil).refused(400, code)
	}
	s.payFor("professional")
	lines := func(query string) []string {
		return strings.Split(strings.TrimSpace(string(s.owner.call(get, trail+"/export"+query, nil).is(200).body)), "\n")
	}
	require.Greater(t, len(lines("")), 4)
	require.Equal(t, []string{""}, lines("?from=2100-01-01T00:00:00Z"))
	require.Equal(t, []string{""}, lines("?to=2000-01-01T00:00:00Z"))
	require.Equal(t, lines("")[0], lines("?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")[0])
	s.owner.call(get, trail+"/export?from=yesterday", nil).refused(400, "invalid_from")
	s.owner.call(get, trail+"/export?to=tomorrow", nil).refused(400, "invalid_to")
	s.payFor("free")
	s.owner.call(get, trail+"/export", nil).refused(403, "feature_not_in_tier")
	b.person(b.organization(), tenancy.Owner).call(get, trail, nil).refused(404, "organization_not_found")
	s.operator.call(get, trail, nil).is(200)
}

// What leaves no byte is no reading, and what cannot be recorded leaves none.
func TestAReadingIsOfBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	before := b.auditHead(s.owner.org).Seq
	etag := s.owner.call(head, at(s.file, "/content"), nil).is(http.StatusOK).header.Get("ETag")
	s.owner.call(get, at(s.file, "/content"), nil, "If-None-Match", etag).is(http.StatusNotModified)
	s.owner.call(get, at(s.file, "/content"), nil, "Range", "bytes=99999-").is(http.StatusRequestedRangeNotSatisfiable)
	require.Empty(t, b.since(s.owner.org, before))
	_, err := b.db.Admin(t).Exec(context.Background(), "revoke insert (organization_id, event) on audit_events from satchel_app, satchel_people")
	require.NoError(t, err)
	a := s.owner.call(get, at(s.file, "/content"), nil).is(http.StatusServiceUnavailable)
	require.NotContains(t, string(a.body), planted)
	require.Empty(t, a.header.Get("Content-Disposition"))
}
