package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	apimembers "satchel/api/members"
	"satchel/api/request"
	"satchel/api/storage"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

func (p *person) orgPath(rest string) string {
	return "/api/v1/organizations/" + p.org.String() + rest
}

func (p *person) as() string { return "/members/" + p.id.String() }

// recorded counts the events of an action about a thing.
func (b *testBundle) recorded(org tenancy.OrgID, action string, id uuid.UUID) (n int) {
	b.t.Helper()
	err := b.db.Single(org).QueryRow(context.Background(), "select count(*) from audit_events where action = $1 and object_id = $2 and result = 'done'", action, id.String()).Scan(&n)
	require.NoError(b.t, err)
	return n
}

func TestMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, admin, teacher, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Admin), b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)

	first := read[request.Page[apimembers.MemberView]](owner.call(get, owner.orgPath("/members?limit=3"), nil).is(200))
	require.Len(t, first.Items, 3)
	require.NotEmpty(t, first.Items[0].Subject)
	rest := read[request.Page[apimembers.MemberView]](owner.call(get, owner.orgPath("/members?limit=3&cursor="+first.NextCursor), nil).is(200))
	require.Len(t, rest.Items, 1)
	require.Empty(t, rest.NextCursor)
	require.Len(t, read[request.Page[apimembers.MemberView]](owner.call(get, owner.orgPath("/members?role=student"), nil).is(200)).Items, 1)
	owner.call(get, owner.orgPath("/members?role=king"), nil).refused(400, "invalid_role")
	owner.call(get, owner.orgPath("/members?cursor=nonsense"), nil).refused(400, "invalid_cursor")
	require.Empty(t, read[apimembers.MemberView](teacher.call(get, owner.orgPath(pupil.as()), nil).is(200)).Subject, "a teacher needs not know")

	admin.call(put, owner.orgPath(pupil.as()), map[string]string{"role": "teacher"}).is(200)
	admin.call(put, owner.orgPath(pupil.as()), map[string]string{"role": "admin"}).refused(403, "owner_required")
	admin.call(put, owner.orgPath(pupil.as()), map[string]string{"role": "operator"}).refused(400, "invalid_role")
	admin.call(remove, owner.orgPath(owner.as()), nil).refused(403, "owner_required")
	owner.call(put, owner.orgPath("/members/"+uuid.NewString()), map[string]string{"role": "teacher"}).refused(404, "member_not_found")
	owner.call(post, owner.orgPath("/leave"), nil).refused(409, "last_owner")
	owner.call(put, owner.orgPath(owner.as()), map[string]string{"role": "admin"}).refused(409, "last_owner")
	require.Equal(t, 1, b.recorded(org, "member.change", pupil.id))

	owner.call(remove, owner.orgPath(teacher.as()), nil).is(204)
	owner.call(remove, owner.orgPath(teacher.as()), nil).refused(404, "member_not_found")
	teacher.call(get, storagePath+"/files", nil).refused(403, "no_membership")
	admin.call(post, owner.orgPath("/leave"), nil).is(204)
	require.Equal(t, 1, b.recorded(org, "member.remove", teacher.id))
	require.Equal(t, 1, b.recorded(org, "member.leave", admin.id))

	operator := b.person(tenancy.Platform, tenancy.Operator)
	operator.call(put, owner.orgPath(pupil.as()), map[string]string{"role": "owner"}).is(200)
	owner.call(post, owner.orgPath("/leave"), nil).is(204)
}

// TestUploadsOfAFormerMemberEnd: nothing more can be written to them, and their
// reservation is due at once.
func TestUploadsOfAFormerMemberEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Student)
	kept := pupil.publishedIn(b.class(pupil), "kept.txt", lorem)
	created := pupil.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "500", "Upload-Metadata", "filename YS50eHQ=").is(201)
	file := uuid.MustParse(created.header.Get("X-File-ID"))
	version := b.head(org, file).VersionID
	require.NoError(t, files.Lease(t.Context(), b.db.Single(org), version, "a request on its way"))
	owner.call(remove, owner.orgPath(pupil.as()), nil).is(204)

	err := b.db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		return files.Advance(t.Context(), tx, files.Progress{Upload: version, Holder: "a request on its way", To: 100, TTL: time.Hour})
	})
	require.ErrorIs(t, err, files.ErrLeaseLost)
	expired, err := b.db.UploadsExpired(t.Context(), uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, expired, 1)
	require.NoError(t, b.db.InTx(t.Context(), org, func(tx *tenancy.Tx) error { _, err := files.Expire(t.Context(), tx, expired[0].Upload); return err }))
	quota, err := files.GetQuota(t.Context(), b.db.Single(org))
	require.NoError(t, err)
	require.Zero(t, quota.ReservedBytes)
	require.EqualValues(t, "published", read[storage.FileView](owner.call(get, at(kept.ID, ""), nil).is(200)).Status)
}

func TestMe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	subject := uuid.NewString()
	token := b.issuer.Token(subject)
	me := read[apimembers.MeView](b.call(token, get, "/api/v1/me", nil).is(200))
	require.Nil(t, me.User, "reading creates no account")
	require.Equal(t, subject, me.Subject)
	require.Empty(t, me.Memberships)
	one, two := b.organization(), b.organization()
	user, err := b.db.EnsureUser(t.Context(), b.issuer.URL, subject)
	require.NoError(t, err)
	require.Equal(t, &user, read[apimembers.MeView](b.call(token, get, "/api/v1/me", nil).is(200)).User, "known, and nowhere a member")
	require.NoError(t, tenancy.SetMember(t.Context(), b.db.Single(one), user, tenancy.Owner))
	require.NoError(t, tenancy.SetMember(t.Context(), b.db.Single(two), user, tenancy.Parent))
	_, err = b.db.Single(two).Exec(t.Context(), "update organizations set status = 'suspended'")
	require.NoError(t, err)
	me = read[apimembers.MeView](b.call(token, get, "/api/v1/me", nil).is(200))
	require.Len(t, me.Memberships, 2)
	require.Equal(t, "suspended", me.Memberships[1].Status)
	b.call("", get, "/api/v1/me", nil).refused(401, "unauthenticated")
}

// mailed plays the mail: it gives an invitation a token.
func (b *testBundle) mailed(org tenancy.OrgID, id uuid.UUID) string {
	b.t.Helper()
	token := strings.ReplaceAll(uuid.NewString(), "-", "_")
	require.NoError(b.t, b.db.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
		_, open, err := members.RecordAttempt(context.Background(), tx, id, members.Hash(token))
		require.True(b.t, open)
		return err
	}))
	return token
}

func (p *person) invites(email string, role tenancy.Role) apimembers.InvitationView {
	p.b.t.Helper()
	return read[apimembers.InvitationView](p.call(post, p.orgPath("/invitations"), map[string]any{"email": email, "role": role}).is(201))
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, admin := b.person(org, tenancy.Owner), b.person(org, tenancy.Admin)
	invitations := owner.orgPath("/invitations")
	i := owner.invites("new@school.example", tenancy.Teacher)
	require.Equal(t, members.Pending, i.State)
	require.Equal(t, []uuid.UUID{i.ID}, b.inviting.started)
	owner.call(post, invitations, map[string]any{"email": "NEW@school.example", "role": "student"}).refused(409, "invitation_exists")
	admin.call(post, invitations, map[string]any{"email": "a@school.example", "role": "owner"}).refused(403, "owner_required")
	for field, in := range map[string]map[string]any{
		"email": {"email": "x", "role": "student"}, "role": {"email": "b@school.example", "role": "operator"},
		"expires_in": {"email": "b@school.example", "role": "student", "expires_in": 721 * 3600},
	} {
		owner.call(post, invitations, in).refused(400, "invalid_"+field)
	}
	token := b.mailed(org, i.ID)
	for range 3 {
		open := read[apimembers.OpenInvitationView](b.call("", get, "/api/v1/invitations/"+token, nil).is(200))
		require.Equal(t, open, read[apimembers.OpenInvitationView](b.call("", post, "/api/v1/invitations/look", map[string]string{"token": token}).is(200)))
		require.Equal(t, tenancy.Teacher, open.Role)
	}
	require.NotContains(t, string(owner.call(get, invitations+"/"+i.ID.String(), nil).is(200).body), token)
	owner.call(post, invitations+"/"+i.ID.String()+"/resend", nil).is(202)
	require.Equal(t, []uuid.UUID{i.ID}, b.inviting.sent)

	owner.call(remove, invitations+"/"+i.ID.String(), nil).is(204)
	owner.call(remove, invitations+"/"+i.ID.String(), nil).is(204)
	require.Equal(t, 1, b.recorded(org, "invitation.revoke", i.ID), "twice is once")
	b.toldAt(token, 410, "invitation_revoked")
	owner.call(post, invitations+"/"+i.ID.String()+"/resend", nil).refused(409, "invitation_ended")
	require.Nil(t, read[apimembers.InvitationView](owner.call(get, invitations+"/"+i.ID.String(), nil)).Email)

	second := owner.invites("new@school.example", tenancy.Student)
	list := read[request.Page[apimembers.InvitationView]](owner.call(get, invitations+"?limit=1", nil).is(200))
	require.Equal(t, second.ID, list.Items[0].ID)
	list = read[request.Page[apimembers.InvitationView]](owner.call(get, invitations+"?limit=1&cursor="+list.NextCursor, nil).is(200))
	require.Equal(t, i.ID, list.Items[0].ID)
	require.Len(t, read[request.Page[apimembers.InvitationView]](owner.call(get, invitations+"?state=revoked", nil)).Items, 1)
	old := b.mailed(org, second.ID)
	token = b.mailed(org, second.ID)
	b.toldAt(old, 404, "invitation_not_found") // a newer mail has replaced it
	b.call(b.issuer.Token("x"), post, "/api/v1/invitations/decline", map[string]string{"token": token}).is(204)
	b.toldAt(token, 410, "invitation_declined")
	owner.call(remove, invitations+"/"+second.ID.String(), nil).refused(409, "invitation_ended")
	require.Equal(t, 1, b.recorded(org, "invitation.decline", second.ID))
	for _, token := range []string{"", "short", strings.Repeat("a", 101)} {
		b.call(b.issuer.Token("x"), post, "/api/v1/invitations/accept", map[string]string{"token": token}).refused(404, "invitation_not_found")
	}
}

// toldAt asks every way that takes a token, and demands the same answer of each.
func (b *testBundle) toldAt(token string, status int, code string) {
	b.t.Helper()
	in := map[string]string{"token": token}
	b.call("", get, "/api/v1/invitations/"+token, nil).refused(status, code)
	b.call("", post, "/api/v1/invitations/look", in).refused(status, code)
	b.call(b.issuer.Token("x"), post, "/api/v1/invitations/accept", in).refused(status, code)
	b.call(b.issuer.Token("x"), post, "/api/v1/invitations/decline", in).refused(status, code)
}

// TestExpiredInvitation: by the database's clock, whatever its workflow has done yet.
func TestExpiredInvitation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	i := owner.invites("new@school.example", tenancy.Teacher)
	token := b.mailed(owner.org, i.ID)
	_, err := b.db.Admin(t).Exec(t.Context(), "update invitations set expires_at = now() where id = $1", i.ID)
	require.NoError(t, err)
	b.toldAt(token, 410, "invitation_expired")
	owner.call(post, owner.orgPath("/invitations/"+i.ID.String()+"/resend"), nil).refused(409, "invitation_ended")
}

// TestAcceptAtOnce: twenty requests of two people end in one membership.
func TestAcceptAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner := b.person(org, tenancy.Owner)
	i := owner.invites("new@school.example", tenancy.Teacher)
	in := map[string]string{"token": b.mailed(org, i.ID)}
	both := []string{b.issuer.Token(uuid.NewString()), b.issuer.Token(uuid.NewString())}
	statuses := make([]int, 20)
	var all sync.WaitGroup
	for n := range statuses {
		all.Go(func() { statuses[n] = b.call(both[n%2], post, "/api/v1/invitations/accept", in).status })
	}
	all.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusGone: 19}, count)
	b.toldAt(in["token"], 410, "invitation_used")
	require.Len(t, read[request.Page[apimembers.MemberView]](owner.call(get, owner.orgPath("/members?role=teacher"), nil)).Items, 1)
	require.Equal(t, 1, b.recorded(org, "invitation.accept", i.ID))
}

// TestInvitingWhileTemporalIsDown: the row is committed, and the schedule finds it.
func TestInvitingWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	b.inviting.err = context.DeadlineExceeded
	i := owner.invites("new@school.example", tenancy.Teacher)
	waiting, err := b.db.InvitationsWaiting(t.Context(), 0, time.Hour, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	require.Equal(t, i.ID, waiting[0].Invitation)
	owner.call(remove, owner.orgPath("/invitations/"+i.ID.String()), nil).is(204)
}

func TestInvitationPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.call("", get, "/invitations", nil).is(200)
	policy := a.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"))
	require.Equal(t, a.body, b.call("", get, "/invitations?code=x&state=y", nil).is(200).body, "it is the same for everybody, and takes nothing of the address")
}

// TestParentsReadFilesOfTheirStudents: exactly theirs, in lists of every order and page,
// and nothing once the link has ended.
func TestParentsReadFilesOfTheirStudents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, parent := b.person(org, tenancy.Owner), b.person(org, tenancy.Parent)
	one, two, other := b.person(org, tenancy.Student), b.person(org, tenancy.Student), b.person(org, tenancy.Student)
	var wanted []uuid.UUID
	for _, name := range []string{"b.txt", "a.txt", "c.txt"} {
		wanted = append(wanted, one.published(name, lorem).ID, two.published(name, lorem).ID)
		other.published(name, lorem)
	}
	list := func(query string) (ids []uuid.UUID) {
		cursor := ""
		for {
			p := read[request.Page[storage.FileView]](parent.call(get, storagePath+"/files?limit=2"+query+cursor, nil).is(200))
			for _, f := range p.Items {
				ids = append(ids, f.ID)
			}
			if p.NextCursor == "" {
				return ids
			}
			cursor = "&cursor=" + p.NextCursor
		}
	}
	require.Empty(t, list(""), "a parent without a student sees nothing")
	guardians := owner.orgPath("/guardians")
	for _, ward := range []*person{one, two} {
		in := map[string]any{"parent_id": parent.id, "student_id": ward.id}
		owner.call(post, guardians, in).is(201)
		owner.call(post, guardians, in).is(200)
		require.Equal(t, 1, b.recorded(org, "guardian.add", ward.id))
	}
	owner.call(post, guardians, map[string]any{"parent_id": one.id, "student_id": parent.id}).refused(409, "not_parent_and_student")
	require.Len(t, read[request.Page[apimembers.GuardianView]](owner.call(get, guardians, nil).is(200)).Items, 2)
	for of, wanted := range map[string]int{"?student_id=" + one.id.String(): 1, "?parent_id=" + parent.id.String(): 2, "?student_id=" + parent.id.String(): 0,
		"?limit=1&parent_id=" + parent.id.String() + "&student_id=" + two.id.String(): 1} {
		links := read[request.Page[apimembers.GuardianView]](owner.call(get, guardians+of, nil).is(200))
		require.Len(t, links.Items, wanted, of)
		require.Empty(t, links.NextCursor, of)
	}
	owner.call(get, guardians+"?student_id=one", nil).refused(400, "invalid_student_id")
	parent.call(get, guardians, nil).refused(403, "not_granted")

	for _, query := range []string{"", "&sort=created_at", "&sort=name", "&sort=-name"} {
		require.ElementsMatch(t, wanted, list(query), query)
	}
	require.IsIncreasing(t, texts(list("&sort=created_at")))
	require.Len(t, list("&q=a.txt"), 2)
	content := at(wanted[0], "/content")
	require.Equal(t, lorem, string(parent.call(get, content, nil).is(200).body))
	parent.call(http.MethodPatch, at(wanted[0], ""), map[string]any{"name": "mine.txt"}).refused(403, "not_granted")
	parent.call(remove, at(wanted[0], ""), nil).refused(403, "not_granted")
	parent.call(get, at(other.upload("d.txt", []byte(lorem)).ID, ""), nil).refused(404, "file_not_found")

	owner.call(remove, guardians+"/"+parent.id.String()+"/"+one.id.String(), nil).is(204)
	parent.call(get, content, nil).refused(404, "file_not_found")
	parent.call(get, at(wanted[0], "/versions"), nil).refused(404, "file_not_found")
	require.Len(t, list(""), 3)
	owner.call(remove, owner.orgPath(two.as()), nil).is(204)
	require.Empty(t, list(""))
	require.Empty(t, read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files?limit=50", nil).is(200)).Items, "what is in personal spaces is no one else's")
	require.Equal(t, 10, owner.count("files"), "the files stay")
}

func texts(ids []uuid.UUID) (all []string) {
	for _, id := range ids {
		all = append(all, id.String())
	}
	return all
}
