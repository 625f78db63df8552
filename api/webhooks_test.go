package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/webhooks"
	"satchel/tenancy"
)

var newWebhook = map[string]any{"url": "https://hooks.school.example/satchel", "types": []string{"file.*"}}

// webhook makes one, and gives the path of what is below it.
func (s *scene) webhook(below string) string {
	made := read[webhooks.WebhookView](s.owner.call(post, s.school("/webhooks"), newWebhook).is(http.StatusCreated))
	if s.marks != nil {
		s.mark(s.owner.org)
	}
	return s.school("/webhooks/" + made.ID.String() + below)
}

// failedDelivery plays a delivery that failed.
func (s *scene) failedDelivery(at string) string {
	hook, id := uuid.MustParse(at[strings.LastIndex(at, "/")+1:]), tenancy.NewID()
	event := tenancy.NewID()
	for _, sql := range []string{
		"insert into organization_events (organization_id, seq, id, type, data) values (app.org(), 1000000, $1, 'file.published', '{}')",
		`insert into webhook_deliveries (organization_id, id, webhook_id, event_id, seq, lane, type, state, next_at, ended_at)
			values (app.org(), $2, $3, $1, 1000000, $1, 'file.published', 'failed', now(), now())`,
	} {
		args := []any{event, id, hook}
		_, err := s.db.Single(s.owner.org).Exec(context.Background(), sql, args[:min(strings.Count(sql, "$"), 3)]...)
		require.NoError(s.t, err, sql)
	}
	return id.String()
}

// TestWebhooks: what is made is shown with its secret once; addresses and types are
// checked; the state changes; the log shows and replays.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	path := s.school("/webhooks")
	made := read[webhooks.WebhookView](s.owner.call(post, path, map[string]any{"url": "https://hooks.school.example/a", "types": []string{"file.*", "usage.warning", "file.*"}, "description": " Grades "}).is(201))
	require.Regexp(t, "^whsec_", made.Secret)
	require.Equal(t, []string{"file.*", "usage.warning"}, made.Types)
	require.Equal(t, "Grades", made.Description)
	at := path + "/" + made.ID.String()
	shown := s.owner.call(get, at, nil).is(200)
	require.NotContains(t, string(shown.body), made.Secret)
	for field, in := range map[string]map[string]any{
		"url":         {"url": "http://hooks.school.example/a"},
		"types":       {"url": "https://hooks.school.example/a", "types": []string{"file.nothing"}},
		"kind":        {"url": "https://hooks.school.example/a", "kind": "rsa"},
		"description": {"url": "https://hooks.school.example/a", "description": "two\nlines"},
	} {
		s.owner.call(post, path, in).refused(400, "invalid_"+field)
	}
	for _, inside := range []string{"https://169.254.169.254/", "https://10.0.0.1/", "https://[fd00::1]/", "https://u:p@school.example/", "file:///etc/passwd"} {
		s.owner.call(patch, at, map[string]any{"url": inside}).refused(400, "invalid_url")
	}
	rotated := read[webhooks.WebhookView](s.owner.call(post, at+"/rotate", map[string]any{"kind": "ed25519"}).is(201))
	require.Regexp(t, "^whpk_", rotated.Secret)
	require.Len(t, rotated.Secrets, 2)
	s.owner.call(post, at+"/rotate", map[string]any{"overlap": 31 * 24 * 3600}).refused(400, "invalid_overlap")

	require.Equal(t, "disabled", string(read[webhooks.WebhookView](s.owner.call(patch, at, map[string]any{"state": "disabled"}).is(200)).State))
	s.owner.call(post, at+"/test", nil).refused(409, "webhook_disabled")
	require.Equal(t, "active", string(read[webhooks.WebhookView](s.owner.call(patch, at, map[string]any{"state": "active"}).is(200)).State))
	s.owner.call(post, at+"/test", nil).is(202)

	delivery := s.failedDelivery(at)
	log := read[request.Page[webhooks.DeliveryView]](s.owner.call(get, at+"/deliveries?state=failed", nil).is(200))
	require.Len(t, log.Items, 1)
	s.owner.call(get, at+"/deliveries?state=lost", nil).refused(400, "invalid_state")
	require.Equal(t, "pending", string(read[webhooks.DeliveryView](s.owner.call(post, at+"/deliveries/"+delivery+"/replay", nil).is(202)).State))
	s.owner.call(post, at+"/deliveries/"+delivery+"/replay", nil).refused(409, "delivery_pending")
	s.owner.call(get, at+"/deliveries/"+uuid.NewString(), nil).refused(404, "delivery_not_found")
	s.owner.call(post, at+"/replay", map[string]any{"since": time.Now().Add(time.Hour)}).refused(400, "invalid_since")
	s.owner.call(remove, at, nil).is(204)
	s.owner.call(get, at, nil).refused(404, "webhook_not_found")
}

// TestWebhooksAreTheAdministrators: the database itself shows them to no other person.
func TestWebhooksAreTheAdministrators(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	at := s.webhook("")
	teacher := s.person(s.owner.org, tenancy.Teacher)
	teacher.call(get, at, nil).refused(403, "not_granted")
	for _, who := range []*person{teacher, s.person(s.owner.org, tenancy.Student)} {
		var seen int
		ctx := tenancy.WithActor(t.Context(), tenancy.Actor{User: who.id, Org: s.owner.org, Role: tenancy.Teacher})
		require.NoError(t, s.db.ForPeople().Single(s.owner.org).QueryRow(ctx, "select (select count(*) from webhooks) + (select count(*) from webhook_secrets)").Scan(&seen))
		require.Zero(t, seen)
	}
}

// TestTierBoundsWebhooks at once when it changes.
func TestTierBoundsWebhooks(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	s.operator.call(put, adminPath+"/tiers/roomy", tierOf(map[string]any{"max_webhooks": 1})).is(200)
	s.operator.call(patch, s.school(""), map[string]any{"tier": "roomy"}).is(200)
	s.owner.call(post, s.school("/webhooks"), newWebhook).is(201)
	s.owner.call(post, s.school("/webhooks"), newWebhook).refused(409, "too_many_webhooks")
}

// webhooksAreMade is the part of the metamorphic script.
func (s *school) webhooksAreMade() {
	path := s.within("/webhooks")
	at := path + "/" + id(s.do(s.owner, post, path, newWebhook)).String()
	s.do(s.owner, get, path, nil)
	s.do(s.owner, get, at, nil)
	s.do(s.owner, patch, at, map[string]any{"description": "Grades"})
	s.do(s.owner, post, at+"/rotate", map[string]any{"overlap": 60})
	s.do(s.owner, post, at+"/test", nil)
	s.do(s.owner, post, at+"/replay", map[string]any{"since": time.Now().Add(-time.Hour)})
	s.do(s.owner, get, at+"/deliveries", nil)
	s.do(s.owner, get, at+"/deliveries/"+s.strange.String(), nil)
	s.do(s.owner, post, at+"/deliveries/"+s.strange.String()+"/replay", nil)
	s.do(s.owner, remove, at, nil)
}
