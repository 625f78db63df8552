package api

import (
	"encoding/json"
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	apimembers "satchel/api/members"
	apipeople "satchel/api/people"
	"satchel/api/request"
	"satchel/internal/oidc/oidctest"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/logins"
)

// known makes a person by hand.
func (p *person) known(name, kind string, fields ...string) uuid.UUID {
	p.b.t.Helper()
	in := map[string]any{"kind": kind, "display_name": name}
	for i := 0; i < len(fields); i += 2 {
		in[fields[i]] = fields[i+1]
	}
	return read[apipeople.PersonView](p.call(post, p.orgPath("/people"), in).is(201)).User
}

// believes sets the one login rule, of a domain that is the organization's id.
func (p *person) believes(fields map[string]any) uuid.UUID {
	p.b.t.Helper()
	rule := map[string]any{"issuer": p.b.issuer.URL, "tenant_claim": "hd", "tenant_value": p.org.String()}
	maps.Copy(rule, fields)
	set := read[struct{ Rules []apipeople.RuleView }](p.call(put, p.orgPath("/login-rules"), map[string]any{"rules": []any{rule}}).is(200))
	return set.Rules[0].ID
}

// confirmed is believes with the operator's confirmation.
func (b *testBundle) confirmed(p *person, fields map[string]any) {
	b.t.Helper()
	rule := p.believes(fields)
	b.person(tenancy.Platform, tenancy.Operator).call(post, p.orgPath("/login-rules/"+rule.String()+"/confirm"), nil).is(200)
}

// signed is the token of a login of a tenant, with a verified address.
func (b *testBundle) signed(subject, domain, email string) string {
	return b.issuer.Sign(map[string]any{"iss": b.issuer.URL, "sub": subject, "aud": oidctest.Audience, "exp": time.Now().Add(time.Hour).Unix(),
		"hd": domain, "email": email, "email_verified": true, "name": "Zoë Adams"})
}

// waits makes a login wait, and gives the address of its request.
func (b *testBundle) waits(p *person) string {
	b.t.Helper()
	b.confirmed(p, nil)
	b.call(b.signed(uuid.NewString(), p.org.String(), ""), get, storagePath+"/files", nil).refused(403, "login_waiting")
	page := read[request.Page[apipeople.RequestView]](p.call(get, p.orgPath("/login-requests?state=waiting"), nil).is(200))
	require.Len(b.t, page.Items, 1)
	return p.orgPath("/login-requests/" + page.Items[0].ID.String())
}

func TestPeopleByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	teacher, student := b.person(owner.org, tenancy.Teacher), b.person(owner.org, tenancy.Student)
	zoe := owner.known("Zoe\u0308 Müller", "student", "grade", "5", "email", "zoe@school.example", "username", "zoe")
	owner.known("Bob", "staff")
	at := owner.orgPath("/people/" + zoe.String())

	mine := read[apipeople.PersonView](owner.call(get, at, nil).is(200))
	require.Equal(t, "Zoë Müller", mine.Name)
	require.True(t, mine.Managed.HasEmail)
	require.True(t, mine.Managed.HasUsername)
	theirs := read[apipeople.PersonView](teacher.call(get, at, nil).is(200))
	require.Equal(t, "5", theirs.Grade)
	require.Nil(t, theirs.Managed, "by what a login finds a person is for those who manage")
	student.call(get, owner.orgPath("/people"), nil).refused(403, "not_granted")
	b.person(owner.org, tenancy.Auditor).call(get, at, nil).refused(403, "not_granted")
	teacher.call(patch, at, map[string]any{"grade": "6"}).refused(403, "not_granted")
	found := read[request.Page[apipeople.PersonView]](teacher.call(get, owner.orgPath("/people?q="+url.QueryEscape("MÜLLER")), nil).is(200))
	require.Len(t, found.Items, 1)

	changed := read[apipeople.PersonView](owner.call(patch, at, map[string]any{"display_name": "Zoë M", "email": "", "state": "leaving", "leaves_at": time.Now().Add(time.Hour)}).is(200))
	require.Equal(t, []string{"display_name", "email_hash", "state"}, changed.Managed.SetByHand)
	require.False(t, changed.Managed.HasEmail)
	require.NotNil(t, changed.LeavesAt)
	changed = read[apipeople.PersonView](owner.call(patch, at, map[string]any{"follow_roster": []string{"email", "state"}}).is(200))
	require.Equal(t, []string{"display_name"}, changed.Managed.SetByHand)

	list := owner.orgPath("/people")
	for code, in := range map[string]map[string]any{
		"invalid_kind": {"kind": "principal", "display_name": "A"}, "invalid_name": {"kind": "staff"}, "invalid_email": {"kind": "staff", "display_name": "A", "email": "a"},
		"invalid_identifiers": {"kind": "staff", "display_name": "A", "identifiers": []string{""}}, "invalid_body": {"kind": "staff", "name": "A"},
	} {
		owner.call(post, list, in).refused(400, code)
	}
	owner.call(post, list, map[string]any{"kind": "staff", "display_name": "A", "user_id": uuid.New()}).refused(404, "member_not_found")
	owner.call(post, list, map[string]any{"kind": "staff", "display_name": "A", "user_id": teacher.id}).is(201)
	owner.call(post, list, map[string]any{"kind": "staff", "display_name": "A", "user_id": teacher.id}).refused(409, "person_exists")
	owner.call(patch, owner.orgPath("/people/"+teacher.id.String()), map[string]any{"state": "left"}).is(200)
	teacher.call(get, storagePath+"/files", nil).refused(403, "no_membership")
	require.Equal(t, 1, b.recorded(owner.org, "member.remove", teacher.id))
	b.person(owner.org, tenancy.Admin).call(patch, owner.orgPath("/people/"+owner.id.String()), map[string]any{"state": "left"}).refused(404, "person_not_found")
}

// TestFirstSignIn: the first request of a person that a rule finds is answered as a
// member's.
func TestFirstSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	b.confirmed(owner, map[string]any{"may_verify_email": true})
	zoe := owner.known("Zoë", "student", "email", "zoe@school.example")
	token := b.signed("zoe", owner.org.String(), "ZOE@school.example")
	b.call(token, get, storagePath+"/files", nil, "X-Organization-ID", uuid.NewString()).refused(404, "organization_not_found")
	b.call(token, get, storagePath+"/quota", nil).is(200)
	me := read[apimembers.MeView](b.call(token, get, apiPath+"/me", nil).is(200))
	require.Equal(t, []apimembers.MembershipView{{Organization: owner.org, Name: me.Memberships[0].Name, User: zoe, Role: tenancy.Student, Status: "active"}}, me.Memberships)
	require.Equal(t, &zoe, me.User)
	require.False(t, me.Waits)
	require.Equal(t, 1, b.recorded(owner.org, "login.link", zoe))
	told := read[request.Page[events.Event]](owner.call(get, owner.orgPath("/events?type="+logins.EventLinked), nil).is(200))
	require.Len(t, told.Items, 1)
	require.JSONEq(t, `{"user_id":"`+zoe.String()+`","via":"verified"}`, string(told.Items[0].Data))

	// An address that the issuer has not verified finds no one.
	owner.known("Bob", "student", "email", "bob@school.example")
	for _, verified := range []any{false, "true", nil, 1} {
		claims := map[string]any{"iss": b.issuer.URL, "sub": "bob", "aud": oidctest.Audience, "exp": time.Now().Add(time.Hour).Unix(),
			"hd": owner.org.String(), "email": "bob@school.example", "email_verified": verified}
		b.call(b.issuer.Sign(claims), get, storagePath+"/files", nil).refused(403, "login_waiting")
	}
	me = read[apimembers.MeView](b.call(b.signed("somebody", owner.org.String(), "no@one.example"), get, apiPath+"/me", nil).is(200))
	require.True(t, me.Waits)
	require.Empty(t, me.Memberships)
	b.call(b.signed("x", "another.example", ""), get, storagePath+"/files", nil).refused(403, "no_membership")
}

// TestOnePersonOfTwoSchools: a login is another user in each, and the files of the one
// are not those of the other.
func TestOnePersonOfTwoSchools(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	token := b.signed("zoe", first.org.String(), "zoe@mail.example")
	one := first.known("Zoë", "student", "email", "zoe@mail.example")
	b.confirmed(first, map[string]any{"may_verify_email": true})
	b.call(token, get, storagePath+"/files", nil).is(200)
	invited := second.known("Zoë", "guardian")
	made := read[struct{ ID uuid.UUID }](second.call(post, second.orgPath("/invitations"), map[string]any{"email": "p@mail.example", "role": "parent", "person_id": invited}).is(201))
	secret := b.mailed(second.org, made.ID)
	accepted := read[struct {
		User uuid.UUID `json:"user_id"`
	}](b.call(token, post, invitationsPath+"/accept", map[string]string{"token": secret}).is(200))
	require.Equal(t, invited, accepted.User)
	require.Equal(t, 1, b.recorded(second.org, "login.link", invited))
	me := read[apimembers.MeView](b.call(token, get, apiPath+"/me", nil).is(200))
	require.ElementsMatch(t, []uuid.UUID{one, invited}, []uuid.UUID{me.Memberships[0].User, me.Memberships[1].User})
	b.call(token, get, storagePath+"/files", nil).refused(400, "organization_required")
	b.call(token, get, storagePath+"/files", nil, "X-Organization-ID", second.org.String()).is(200)
}

func TestLoginsThatWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	at, zoe := b.waits(owner), owner.known("Zoë", "guardian")
	waiting := read[request.Page[apipeople.RequestView]](owner.call(get, owner.orgPath("/login-requests"), nil).is(200)).Items[0]
	require.Equal(t, "Zoë Adams", waiting.Name)
	require.Equal(t, "no_person", waiting.Reason)
	b.person(owner.org, tenancy.Teacher).call(post, at+"/link", map[string]any{"user_id": zoe}).refused(403, "not_granted")
	owner.call(post, at+"/link", map[string]any{"user_id": uuid.New()}).refused(404, "person_not_found")
	owner.call(post, at+"/dismiss", nil).is(200)
	for range 2 {
		linked := read[apipeople.RequestView](owner.call(post, at+"/link", map[string]any{"user_id": zoe}).is(200))
		require.Equal(t, logins.Linked, linked.State)
	}
	token := b.signed(waiting.Subject, owner.org.String(), "")
	b.call(token, get, storagePath+"/files", nil).is(200)
	owner.call(post, at+"/dismiss", nil).refused(409, "login_request_decided")

	list := owner.orgPath("/people/" + zoe.String() + "/logins")
	login := read[request.Page[apipeople.LoginView]](owner.call(get, list, nil).is(200)).Items[0]
	require.Equal(t, "admin", login.Via)
	owner.call(remove, list+"/"+login.ID.String(), nil).is(204)
	b.call(token, get, storagePath+"/files", nil).refused(403, "login_waiting")
	owner.call(remove, list+"/"+login.ID.String(), nil).refused(404, "login_not_found")
}

// TestNoKeyLinks: a key that leaked must not let anyone in as somebody else.
func TestNoKeyLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	at := b.waits(owner)
	var made struct{ Key string }
	a := owner.call(post, owner.orgPath("/keys"), map[string]any{"name": "import", "role": "admin", "scopes": []string{"members:manage", "members:read"}, "expires_in": 3600}).is(201)
	require.NoError(t, json.Unmarshal(a.body, &made))
	b.call(made.Key, post, owner.orgPath("/people"), map[string]any{"kind": "student", "display_name": "A"}).is(201)
	for _, path := range []string{owner.orgPath("/login-rules"), owner.orgPath("/login-requests")} {
		b.call(made.Key, get, path, nil).refused(403, "not_granted_to_keys")
	}
	b.call(made.Key, post, at+"/dismiss", nil).refused(403, "not_granted_to_keys")
}

// TestAuditorReadsTheAuditLog and nothing of anyone else.
func TestAuditorReadsTheAuditLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	auditor := b.person(owner.org, tenancy.Auditor)
	f := owner.published("secret.txt", lorem)
	auditor.call(get, owner.orgPath("/audit"), nil).is(200)
	auditor.call(post, owner.orgPath("/audit/verify"), nil).is(202)
	auditor.call(get, owner.orgPath(""), nil).is(200)
	for _, path := range []string{storagePath + "/files", at(f.ID, ""), at(f.ID, "/content"), owner.orgPath("/members"), owner.orgPath("/people"), storagePath + "/quota"} {
		auditor.call(get, path, nil).refused(403, "not_granted")
	}
	auditor.call(post, owner.orgPath("/leave"), nil).is(204)
}
