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

	"satchel/api/request"
	apishares "satchel/api/shares"
	"satchel/shares"
	"satchel/tenancy"
)

// playedMails notes which mails were asked for.
type playedMails struct {
	mu    sync.Mutex
	asked []uuid.UUID // recipients
	err   error
}

func (p *playedMails) MailShare(_ context.Context, _ tenancy.OrgID, _, recipient uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, recipient)
	return p.err
}

func TestShareByLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("plan.txt", lorem)
	in := map[string]any{"kind": "link", "file_id": f.ID, "password": "correct horse", "max_downloads": 3, "label": "for the printer"}
	a := owner.call(post, storagePath+"/share", in, "Idempotency-Key", "once").is(201)
	made := read[apishares.ShareView](a)
	require.Equal(t, sharesPath+"/"+made.ID.String(), a.header.Get("Location"))
	address, token, found := strings.Cut(made.URL, "/s/")
	require.True(t, found, made.URL)
	require.Len(t, token, 43)
	require.NotContains(t, address, "/api")
	require.True(t, made.HasPassword)
	require.WithinDuration(t, time.Now().Add(shares.DefaultLife), *made.ExpiresAt, time.Minute)

	again := owner.call(post, storagePath+"/share", in, "Idempotency-Key", "once").is(409)
	require.Equal(t, "share_made", again.refusal().code, "a token is shown once")
	shown := owner.call(get, sharesPath+"/"+made.ID.String(), nil).is(200)
	require.NotContains(t, string(shown.body), token)
	require.NotContains(t, string(shown.body), "argon2id")
	page := read[request.Page[apishares.ShareView]](owner.call(get, at(f.ID, "/shares"), nil).is(200))
	require.Len(t, page.Items, 1)

	changed := read[apishares.ShareView](owner.call(patch, sharesPath+"/"+made.ID.String(), map[string]any{"password": "", "max_downloads": 0, "expires_at": nil}).is(200))
	require.False(t, changed.HasPassword)
	require.Nil(t, changed.MaxDownloads)
	owner.call(remove, sharesPath+"/"+made.ID.String(), nil).is(204)
	owner.call(remove, sharesPath+"/"+made.ID.String(), nil).is(204)
	require.Equal(t, "share_is_over", owner.call(patch, sharesPath+"/"+made.ID.String(), map[string]any{"label": "x"}).is(409).refusal().code)
	require.Equal(t, shares.Revoked, read[apishares.ShareView](owner.call(get, sharesPath+"/"+made.ID.String(), nil).is(200)).Status)
}

func TestShareWithMembersAndTheirReplay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	teacher, pupil := b.person(owner.org, tenancy.Teacher), b.person(owner.org, tenancy.Student)
	f := teacher.published("sheet.txt", lorem)
	pupil.call(get, at(f.ID, "/content"), nil).is(404)
	in := map[string]any{"kind": "members", "file_id": f.ID, "with": []map[string]any{{"user_id": pupil.id}}}
	one := read[apishares.ShareView](teacher.call(post, storagePath+"/share", in, "Idempotency-Key", "k").is(201))
	two := read[apishares.ShareView](teacher.call(post, storagePath+"/share", in, "Idempotency-Key", "k").is(201))
	require.Equal(t, one.ID, two.ID)
	pupil.call(get, at(f.ID, "/content"), nil).is(200)
	require.Len(t, read[request.Page[apishares.ShareView]](pupil.call(get, sharesPath+"?which=received", nil).is(200)).Items, 1)
	require.Empty(t, read[request.Page[apishares.ShareView]](pupil.call(get, sharesPath+"?which=outside", nil).is(200)).Items, "for who administers")
	require.Equal(t, "share_not_allowed", pupil.call(remove, sharesPath+"/"+one.ID.String(), nil).is(403).refusal().code)
	teacher.call(remove, sharesPath+"/"+one.ID.String(), nil).is(204)
	pupil.call(get, at(f.ID, "/content"), nil).is(404)
	pupil.call(get, sharesPath+"/"+one.ID.String(), nil).is(404)
}

func TestShareWithPeopleOutside(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("report.txt", lorem)
	b.mailing.err = context.DeadlineExceeded // a schedule makes up for it
	in := map[string]any{"kind": "people", "file_id": f.ID, "with": []map[string]any{{"email": "aunt@else.test", "name": "Aunt May"}}}
	made := read[apishares.ShareView](owner.call(post, storagePath+"/share", in).is(201))
	require.Empty(t, made.URL, "each has an address of their own, by mail")
	require.Equal(t, []uuid.UUID{made.Recipients[0].ID}, b.mailing.asked)
	require.Equal(t, shares.Queued, *made.Recipients[0].Delivery)
	waiting, err := b.db.ShareMailsWaiting(t.Context(), 0, time.Hour, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, waiting, 1)

	recipient := sharesPath + "/" + made.ID.String() + "/recipients/" + made.Recipients[0].ID.String()
	owner.call(post, recipient+"/resend", nil).is(202)
	_, err = b.db.Single(owner.org).Exec(t.Context(), "update share_recipients set delivery = 'sent', sent_at = now()")
	require.NoError(t, err)
	require.Equal(t, "resend_too_soon", owner.call(post, recipient+"/resend", nil).is(http.StatusTooManyRequests).refusal().code)
	owner.call(remove, recipient, nil).is(204)
	owner.call(remove, recipient, nil).is(404)
	ended := read[apishares.ShareView](owner.call(get, sharesPath+"/"+made.ID.String(), nil).is(200))
	require.Equal(t, shares.RecipientsLeft, ended.Status)
	require.Nil(t, ended.Recipients[0].Email, "the address is forgotten")
}

func TestBadShares(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	for code, in := range map[string]map[string]any{
		"invalid_kind":          {"kind": "everybody", "file_id": f.ID},
		"invalid_target":        {"kind": "link"},
		"invalid_max_downloads": {"kind": "link", "file_id": f.ID, "max_downloads": 0},
		"invalid_expires_at":    {"kind": "link", "file_id": f.ID, "expires_at": "2020-01-01T00:00:00Z"},
		"invalid_body":          {"kind": "link", "file_id": f.ID, "max_downloads": 9007199254740992},
	} {
		require.Equal(t, code, owner.call(post, storagePath+"/share", in).refusal().code, code)
	}
	require.Equal(t, "invalid_which", owner.call(get, sharesPath+"?which=all", nil).is(400).refusal().code)
}
