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

	apiroblox "satchel/api/roblox"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// playedCloud is Roblox as the API asks it.
type playedCloud struct {
	mu   sync.Mutex
	key  *roblox.Key // nil: it may do all
	err  error
	keys []string // that were asked with
}

type askedCloud struct {
	*playedCloud
	key string
}

func (p *playedCloud) open(key string) apiroblox.Cloud { return askedCloud{p, key} }

func (p *playedCloud) say(k *roblox.Key, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.err = k, err
}

func (a askedCloud) Introspect(context.Context) (roblox.Key, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = append(a.keys, a.key)
	if a.playedCloud.key != nil || a.err != nil {
		k := roblox.Key{}
		if a.playedCloud.key != nil {
			k = *a.playedCloud.key
		}
		return k, a.err
	}
	return roblox.Key{Enabled: true, Owner: 1, Scopes: []roblox.Scope{{Name: "asset", Operations: []string{"read", "write"}}, {Name: "asset-permissions", Operations: []string{"write"}},
		{Name: "universe-datastores.objects", Operations: []string{"create", "read", "update", "delete"}}, {Name: "universe-messaging-service", Operations: []string{"publish"}}}}, nil
}

func (a askedCloud) Quotas(_ context.Context, user int64) ([]roblox.Quota, error) {
	return []roblox.Quota{{AssetType: "audio", Period: "month", Used: 7 * user, Max: 10}}, nil
}

var newConnection = map[string]any{"name": "School", "universe_id": 99, "creator": map[string]any{"type": "group", "id": 5}, "api_key": "roblox-key", "space_ids": []string{}}

// robloxAt makes a connection.
func (s *scene) robloxAt(below string) string {
	made := read[apiroblox.View](s.owner.call(post, robloxPath, newConnection).is(http.StatusCreated))
	if s.marks != nil {
		s.mark(s.owner.org)
	}
	return robloxPath + "/" + made.ID.String() + below
}

// unsure plays an upload whose answer was lost.
func (b *testBundle) unsure(org tenancy.OrgID, at string) uuid.UUID {
	asset := tenancy.NewID()
	_, err := b.db.Single(org).Exec(context.Background(), `insert into roblox_assets (organization_id, id, connection_id, file_id, version_id, name, asset_type, sha256, state, code, next_at)
		select app.org(), $1, c.id, $1, $1, 'a.png', 'Image', repeat('a', 64), 'unsure', 'roblox_unsure', null from roblox_connections c where c.id = $2`, asset, uuid.MustParse(strings.TrimPrefix(at, robloxPath+"/")))
	require.NoError(b.t, err)
	return asset
}

// place is a published place.
func (b *testBundle) place(p *person) uuid.UUID {
	return p.published("world.rbxlx", `<roblox version="4"></roblox>`).ID
}

func TestConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	for field, bad := range map[string]any{"name": "", "universe_id": 0, "creator": map[string]any{"type": "school", "id": 1}, "api_key": "two words"} {
		in := map[string]any{}
		for k, v := range newConnection {
			in[k] = v
		}
		in[field] = bad
		require.Equal(t, http.StatusBadRequest, s.owner.call(post, robloxPath, in).status, field)
	}
	in := map[string]any{"space_ids": []string{uuid.NewString()}}
	for k, v := range newConnection {
		if k != "space_ids" {
			in[k] = v
		}
	}
	s.owner.call(post, robloxPath, in).refused(http.StatusBadRequest, "space_not_found")
	for code, k := range map[string]*roblox.Key{"roblox_key_refused": {Enabled: true, Expired: true}, "roblox_scope_missing": {Enabled: true}} {
		b.cloud.say(k, nil)
		s.owner.call(post, robloxPath, newConnection).refused(http.StatusForbidden, code)
	}
	b.cloud.say(nil, roblox.ErrDown)
	s.owner.call(post, robloxPath, newConnection).refused(http.StatusServiceUnavailable, "roblox_unavailable")
	b.cloud.say(nil, nil)

	made := s.owner.call(post, robloxPath, newConnection).is(http.StatusCreated)
	v := read[apiroblox.View](made)
	require.Len(t, v.Secret, 64)
	require.NotContains(t, made.text(), "roblox-key")
	require.Empty(t, v.Key.Missing)
	require.Equal(t, connections.Active, v.State)
	s.owner.call(post, robloxPath, newConnection).refused(http.StatusConflict, "roblox_universe_connected")
	at := robloxPath + "/" + v.ID.String()
	for _, answer := range []answer{s.owner.call(get, at, nil).is(200), s.owner.call(get, robloxPath, nil).is(200)} {
		require.NotContains(t, answer.text(), v.Secret, "it is shown once")
		require.NotContains(t, answer.text(), "roblox-key")
	}
	// The database alone gives no key away, and each row's opens in its place only.
	var row string
	require.NoError(t, b.db.Single(s.owner.org).QueryRow(t.Context(), "select c::text || encode(c.key_sealed, 'escape') from roblox_connections c").Scan(&row))
	require.NotContains(t, row, "roblox-key")

	s.owner.call(patch, at, map[string]any{"api_key": "other-key", "name": "Second"}).is(200)
	key, err := b.api.roblox.Vault.Key(t.Context(), b.db.DB, s.owner.org, v.ID)
	require.NoError(t, err)
	require.Equal(t, "other-key", key)
	s.owner.call(patch, at, map[string]any{"state": "stopped"}).refused(http.StatusBadRequest, "invalid_state")
	require.NoError(t, connections.Stop(t.Context(), b.db.DB, s.owner.org, v.ID, "roblox_user_moderated"))
	s.owner.call(post, at+"/sync", nil).refused(http.StatusConflict, "roblox_connection_stopped")
	require.Equal(t, "roblox_user_moderated", read[apiroblox.View](s.owner.call(get, at, nil)).Code)
	require.Equal(t, connections.Active, read[apiroblox.View](s.owner.call(patch, at, map[string]any{"state": "active"}).is(200)).State)

	type accepted struct {
		ID uuid.UUID `json:"operation_id"`
	}
	first := read[accepted](s.owner.call(post, at+"/sync", nil).is(http.StatusAccepted))
	require.Equal(t, first, read[accepted](s.owner.call(post, at+"/sync", nil).is(http.StatusAccepted)), "one sync at a time")
	s.owner.call(remove, at, nil).refused(http.StatusConflict, "roblox_sync_running")
	require.NoError(t, operations.End(t.Context(), b.db.Single(s.owner.org), first.ID, operations.Succeeded, nil, nil, nil))
	require.JSONEq(t, `{"items":[{"asset_type":"audio","period":"month","used":7,"max":10,"planned":0,"resets_at":null}]}`, s.owner.call(get, at+"/quota", nil).is(200).text())

	asset := b.unsure(s.owner.org, at)
	resolve := at + "/assets/" + asset.String() + "/resolve"
	for _, bad := range []map[string]any{{"outcome": "maybe"}, {"outcome": "there"}, {"outcome": "not_there", "asset_id": 3}} {
		s.owner.call(post, resolve, bad).refused(http.StatusBadRequest, "invalid_outcome")
	}
	resolved := read[apiroblox.AssetView](s.owner.call(post, resolve, map[string]any{"outcome": "there", "asset_id": 77}).is(200))
	require.Equal(t, connections.Reviewing, resolved.State)
	require.Equal(t, s.owner.id, *resolved.DecidedBy)
	s.owner.call(post, resolve, map[string]any{"outcome": "not_there"}).refused(http.StatusConflict, "roblox_asset_decided")
	second := b.unsure(s.owner.org, at)
	s.owner.call(post, at+"/assets/"+second.String()+"/resolve", map[string]any{"outcome": "there", "asset_id": 77}).refused(http.StatusConflict, "roblox_asset_known")

	s.owner.call(post, at+"/places/7", map[string]any{"file_id": s.file}).refused(http.StatusBadRequest, "not_a_place")
	s.owner.call(post, at+"/places/seven", map[string]any{"file_id": s.file}).refused(http.StatusBadRequest, "invalid_place")
	s.owner.call(post, at+"/places/7", map[string]any{"file_id": b.place(s.owner)}).is(http.StatusAccepted)

	s.owner.call(remove, at, nil).is(http.StatusNoContent)
	var rules int
	require.NoError(t, b.db.Single(s.owner.org).QueryRow(t.Context(), "select count(*) from disclosure_rules where way = 'connector'").Scan(&rules))
	require.Zero(t, rules, "with the last connection the way out is closed")
}

// TestOnlyManagersReachConnections: neither other roles, nor other organizations.
func TestOnlyManagersReachConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	at := s.robloxAt("")
	asset := b.unsure(s.owner.org, at)
	teacher, stranger, admin := b.person(s.owner.org, tenancy.Teacher), b.person(b.organization(), tenancy.Owner), b.person(s.owner.org, tenancy.Admin)
	for _, path := range []string{"", "/assets", "/lessons", "/quota", "/figures"} {
		teacher.call(get, at+path, nil).refused(http.StatusForbidden, "not_granted")
		stranger.call(get, at+path, nil).refused(http.StatusNotFound, "roblox_connection_not_found")
		admin.call(get, at+path, nil).is(200)
	}
	stranger.call(post, at+"/assets/"+asset.String()+"/resolve", map[string]any{"outcome": "not_there"}).refused(http.StatusNotFound, "roblox_connection_not_found")
	b.assured(stranger, stranger.published("assurance.txt", lorem).ID)
	theirs := stranger.call(post, robloxPath, newConnection).is(http.StatusCreated)
	stranger.call(post, robloxPath+"/"+id(theirs).String()+"/assets/"+asset.String()+"/resolve", map[string]any{"outcome": "not_there"}).refused(http.StatusNotFound, "roblox_asset_not_found")
}

// TestLessons: what documents became is listed and counted, without what is in them.
func TestLessons(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	at := s.robloxAt("")
	require.Nil(t, read[apiroblox.View](s.owner.call(get, at, nil).is(200)).ToldAt)
	file, told := tenancy.NewID(), "2026-11-30T05:00:00Z"
	for _, statement := range []string{
		`insert into roblox_lessons (organization_id, connection_id, file_id, version_id, name, kind, state, at_roblox, sha256, revision, written_at, next_at)
			select app.org(), c.id, $1, $1, 'water.html', 'quiz', 'live', true, repeat('b', 64), '7', '` + told + `', null from roblox_connections c`,
		`update roblox_connections set told_at = '` + told + `' where $1::uuid is not null`,
	} {
		_, err := b.db.Single(s.owner.org).Exec(t.Context(), statement, file)
		require.NoError(t, err)
	}
	v := read[apiroblox.View](s.owner.call(get, at, nil).is(200))
	require.Equal(t, map[connections.State]int64{connections.Live: 1}, v.Lessons)
	require.Equal(t, told, v.ToldAt.Format(time.RFC3339))
	found := read[struct{ Items []apiroblox.LessonView }](s.owner.call(get, at+"/lessons", nil).is(200)).Items
	require.Len(t, found, 1)
	require.Equal(t, "lesson-"+file.String(), found[0].Key)
	require.Equal(t, connections.Live, found[0].State)
}

// TestWhatRobloxSends: one row for a notification, and nothing without a signature over the
// very bytes, made within five minutes.
func TestWhatRobloxSends(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.scene()
	v := read[apiroblox.View](s.owner.call(post, robloxPath, newConnection).is(http.StatusCreated))
	require.True(t, strings.HasSuffix(v.WebhookURL, apiPath+"/roblox/notifications/"+v.ID.String()))
	path := apiPath + "/roblox/notifications/" + v.ID.String()
	body := `{"NotificationId": "n-1","EventType":"RightToErasureRequest","EventTime":"2026-11-29T13:00:00Z","EventPayload":{"UserId":123,"GameIds":[9]}}`
	send := func(path, body, signature string) answer {
		return b.call("", post, path, strings.NewReader(body), "Content-Type", "application/json", roblox.SignatureHeader, signature)
	}
	now := time.Now()
	for name, signature := range map[string]string{
		"none": "", "only a time": "t=1", "another secret": roblox.Sign("other", []byte(body), now), "old": roblox.Sign(v.Secret, []byte(body), now.Add(-6*time.Minute)),
		"of the future": roblox.Sign(v.Secret, []byte(body), now.Add(6*time.Minute)), "of other bytes": roblox.Sign(v.Secret, []byte(strings.ReplaceAll(body, " ", "")), now),
	} {
		send(path, body, signature).refused(http.StatusForbidden, "roblox_signature_refused")
		t.Log(name)
	}
	send(apiPath+"/roblox/notifications/"+uuid.NewString(), body, roblox.Sign(v.Secret, []byte(body), now)).refused(http.StatusForbidden, "roblox_signature_refused")
	send(apiPath+"/roblox/notifications/nonsense", body, roblox.Sign(v.Secret, []byte(body), now)).refused(http.StatusForbidden, "roblox_signature_refused")
	send(path, "{}", roblox.Sign(v.Secret, []byte("{}"), now)).refused(http.StatusBadRequest, "roblox_notification_invalid")
	for range 3 { // it is replayed
		send(path, body, roblox.Sign(v.Secret, []byte(body), now)).is(200)
	}
	sample := `{"NotificationId":"n-2","EventType":"SampleNotification","EventPayload":{}}`
	send(path, sample, roblox.Sign(v.Secret, []byte(sample), now)).is(200)
	b.workflows.mu.Lock()
	defer b.workflows.mu.Unlock()
	require.Len(t, b.workflows.erased, 1)
	require.Len(t, b.entriesOf(s.owner.org, "roblox.erasure"), 1)
}

// entriesOf are the lines of an action.
func (b *testBundle) entriesOf(org tenancy.OrgID, action string) (found []recorded) {
	for _, r := range b.since(org, 0) {
		if r.Action == action {
			found = append(found, r)
		}
	}
	return found
}
