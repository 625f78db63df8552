package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/operations"
	"satchel/api/problem"
	"satchel/api/usage"
	"satchel/tenancy"
)

func orgPath(org tenancy.OrgID, rest string) string {
	return organizationsPath + "/" + org.String() + rest
}

func TestCreateWithoutWaitGivesTheOperation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	b.workflows.holds = true
	a := operator.call(post, organizationsPath, map[string]any{"slug": "north", "name": "North"}).is(http.StatusAccepted)
	op := read[operations.OperationView](operator.call(get, a.header.Get("Location"), nil).is(200))
	require.Equal(t, "running", string(op.State))
	operator.call(post, organizationsPath+"?wait=1", map[string]any{"slug": "south", "name": "South"}).is(http.StatusAccepted)
	operator.call(post, organizationsPath, map[string]any{"slug": "north", "name": "North"}).refused(409, "slug_taken")
}

func TestCreateRefusesBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	for _, c := range []struct {
		code string
		in   map[string]any
	}{
		{"invalid_tier", map[string]any{"tier": "gold"}},
		{"invalid_slug", map[string]any{"slug": "-no-"}},
		{"invalid_contact_email", map[string]any{"contact_email": "no address"}},
		{"invalid_owner", map[string]any{"owner": map[string]string{}}},
		{"invalid_owner", map[string]any{"owner": map[string]string{"issuer": "only"}}},
		{"invalid_owner", map[string]any{"owner": map[string]string{"issuer": "i", "subject": "s", "email": "a@school.example"}}},
		{"invalid_owner", map[string]any{"owner": map[string]string{"email": "a@school.example"}}}, // no one invites here
		{"invalid_wait", nil},
	} {
		in, path := map[string]any{"slug": "x", "name": "X"}, organizationsPath
		for k, v := range c.in {
			in[k] = v
		}
		if c.in == nil {
			path += "?wait=soon"
		}
		operator.call(post, path, in).refused(400, c.code)
	}
	require.Empty(t, read[struct{ Items []any }](operator.call(get, organizationsPath+"?status=provisioning", nil).is(200)).Items)
}

func TestListIsPagedAndFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	for range 5 {
		b.organization()
	}
	type page struct {
		Items []tenancy.Organization
		Next  *string `json:"next_cursor"`
	}
	seen := map[tenancy.OrgID]bool{}
	path := organizationsPath + "?q=TEST+school&limit=2"
	for cursor := ""; ; {
		p := read[page](operator.call(get, path+cursor, nil).is(200))
		for _, o := range p.Items {
			require.False(t, seen[o.ID])
			seen[o.ID] = true
		}
		if p.Next == nil {
			break
		}
		require.NotEmpty(t, *p.Next)
		cursor = "&cursor=" + *p.Next
	}
	require.Len(t, seen, 5)
	require.NotContains(t, string(operator.call(get, organizationsPath, nil).is(200).body), "next_cursor", "it is absent at the end, as in all lists")
	operator.call(get, organizationsPath+"?status=gone", nil).refused(400, "invalid_status")
	operator.call(get, organizationsPath+"?cursor=x", nil).refused(400, "invalid_cursor")
}

func TestSuspendedOrganizationOnlyReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	operator.call(post, orgPath(owner.org, "/suspend"), map[string]string{"reason": "unpaid"}).is(202)
	owner.call(get, at(f.ID, "/content"), nil).is(200)
	owner.call(patch, at(f.ID, ""), map[string]string{"name": "b.txt"}).refused(403, "organization_suspended")
	body, contentType := form("c.txt", []byte("new"), nil, nil)
	owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).refused(403, "organization_suspended")
	operator.call(patch, orgPath(owner.org, ""), map[string]any{"reads_while_suspended": false}).is(200)
	owner.call(get, at(f.ID, "/content"), nil).refused(403, "organization_suspended")
	operator.call(post, orgPath(owner.org, "/resume"), nil).is(202)
	owner.call(patch, at(f.ID, ""), map[string]string{"name": "b.txt"}).is(200)
	operator.call(post, orgPath(tenancy.Platform, "/suspend"), nil).refused(409, "platform_organization")
}

func TestDeletionIsConfirmedAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.organization(), tenancy.Owner)
	path, slug := orgPath(owner.org, ""), "o-"+owner.org.String()
	operator.call(remove, path, map[string]string{"slug": "another"}).refused(400, "invalid_slug")
	operator.call(remove, path, map[string]any{"slug": slug, "grace": -1}).refused(400, "invalid_grace")
	operator.call(remove, path, map[string]any{"slug": slug, "grace": 365*86400 + 1}).refused(400, "invalid_grace")
	operator.call(remove, path, map[string]any{"slug": slug, "grace": "720h"}).refused(400, "invalid_body")
	operator.call(remove, path, map[string]string{"slug": slug}).is(202)
	owner.call(get, storagePath+"/files", nil).refused(403, "organization_deleting")
	operator.call(remove, path, map[string]string{"slug": slug}).refused(409, "wrong_status")
	o := read[tenancy.Organization](operator.call(post, path+"/keep", nil).is(200))
	require.Equal(t, tenancy.Active, o.Status)
	owner.call(get, storagePath+"/files", nil).is(200)
	operator.call(post, path+"/keep", nil).refused(409, "wrong_status")
}

func TestTierIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.organization(), tenancy.Owner)
	tier := map[string]any{"max_members": 1, "max_bytes": 100000, "max_file_size": 90000, "requests_per_minute": 100, "concurrent_uploads": 1,
		"concurrent_scans": 1, "renditions": false, "features": []string{}}
	operator.call(put, adminPath+"/tiers/tiny", tier).is(200)
	owner.call(patch, orgPath(owner.org, ""), map[string]string{"tier": "tiny"}).refused(403, "not_granted")
	operator.call(patch, orgPath(owner.org, ""), map[string]string{"tier": "gold"}).refused(400, "invalid_tier")
	f := owner.published("a.txt", strings.Repeat("x", 60000))
	operator.call(patch, orgPath(owner.org, ""), map[string]string{"tier": "tiny"}).is(200)
	quota := func() usage.QuotaView {
		return read[usage.QuotaView](owner.call(get, storagePath+"/quota", nil).is(200))
	}
	require.EqualValues(t, 1<<30, quota().Max, "its own limit stays")
	operator.call(put, adminPath+"/storage/quotas", map[string]any{"organization_id": owner.org.String(), "max": nil, "max_file_size": nil}).is(200)
	q := quota()
	require.Equal(t, []any{int64(100000), int64(90000), "tiny", true, true}, []any{q.Max, q.MaxFileSize, q.Tier, q.MaxOfTier, q.FileSizeOfTier})

	body, contentType := form("b.txt", []byte(strings.Repeat("y", 60000)), nil, nil)
	refused := owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).refused(507, "over_quota")
	require.Contains(t, string(refused.body), "100000 bytes, as of the tier tiny")
	tier["max_bytes"] = 1000
	operator.call(put, adminPath+"/tiers/tiny", tier).is(200)
	require.EqualValues(t, 1000, quota().Max)
	owner.call(get, at(f.ID, "/content"), nil).is(200)
	tier["max_members"] = 0
	operator.call(put, adminPath+"/tiers/tiny", tier).refused(400, "invalid_max_members")
}

func TestPoliciesTakeWhatIsEnforced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	path := orgPath(owner.org, "/policies")
	owner.call(get, path, nil).is(200)
	p := read[tenancy.Policies](owner.call(patch, path, map[string]any{"trash_days": 3, "allowed_types": []string{"text/plain"}}).is(200))
	require.Equal(t, []any{3, []string{"text/plain"}}, []any{*p.TrashDays, p.AllowedTypes})
	owner.call(patch, path, map[string]any{"allowed_types": []string{"made/up"}}).refused(400, "invalid_allowed_types")
	owner.call(patch, path, map[string]any{"trash_days": -1}).refused(400, "invalid_trash_days")
	owner.call(patch, path, map[string]any{"consent_gate": "pre_upload"}).refused(400, "invalid_body")
}

func TestMembersSeeLittleAndOthersNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, student, stranger := b.person(org, tenancy.Owner), b.person(org, tenancy.Student), b.person(b.organization(), tenancy.Owner)
	owner.call(patch, orgPath(org, ""), map[string]any{"contact_email": "office@school.example", "allowed_origins": []string{"https://school.example"}}).is(200)
	owner.call(patch, orgPath(org, ""), map[string]any{"allowed_origins": []string{"https://school.example/path"}}).refused(400, "invalid_allowed_origins")
	require.Equal(t, "office@school.example", read[tenancy.Organization](owner.call(get, orgPath(org, ""), nil).is(200)).ContactEmail)
	require.Empty(t, read[tenancy.Organization](student.call(get, orgPath(org, ""), nil).is(200)).ContactEmail)
	stranger.call(get, orgPath(org, ""), nil).refused(404, "organization_not_found")
}

// TestOriginsAreThoseThatCORSCanMatch: what is taken is what a browser sends, and
// a refusal says what is wrong.
func TestOriginsAreThoseThatCORSCanMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	change := func(origin string) answer {
		return owner.call(patch, orgPath(owner.org, ""), map[string]any{"allowed_origins": []string{"https://first.example", origin}})
	}
	for _, bad := range []string{
		"https://*", "https://*.school.example", "http://school.example", "https://School.example", "https://school.example:443", "https://a.test:99999", "https://school.example/", "null", "",
	} {
		a := change(bad).refused(400, "invalid_allowed_origins")
		require.Contains(t, read[problem.Problem](a).Detail, fmt.Sprintf("%q cannot be allowed. An origin is https://", bad))
	}
	for _, good := range []string{"https://school.example", "https://school.example:8443", "http://localhost:5173"} {
		change(good).is(200)
		require.Equal(t, good, owner.call(get, storagePath+"/quota", nil, "Origin", good).is(200).header.Get("Access-Control-Allow-Origin"))
	}
}

// TestNamesThatDeceiveAreRefused: an organization's name is shown to people who
// are invited, and to operators.
func TestNamesThatDeceiveAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, operator := b.person(b.professional(), tenancy.Owner), b.person(tenancy.Platform, tenancy.Operator)
	for _, bad := range []string{"School\r\nBcc: evil@evil.test", "School\u202e", "Sch\u200bool", "http://evil.test/reset your password", "evil.com", "  "} {
		owner.call(patch, orgPath(owner.org, ""), map[string]any{"name": bad}).refused(400, "invalid_name")
		operator.call(post, organizationsPath, map[string]any{"slug": "north", "name": bad}).refused(400, "invalid_name")
	}
	for _, bad := range []string{"key\r\n", "k\u202ey", "k\u200bey"} {
		create := map[string]any{"name": "a" + bad + "b", "role": "teacher", "scopes": []string{"files:read"}}
		owner.call(post, keysOf(owner.org), create).refused(400, "invalid_name")
	}
	owner.call(patch, orgPath(owner.org, ""), map[string]any{"name": "St.Mary's School"}).is(200)
}
