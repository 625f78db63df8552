package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	apiapikeys "satchel/api/apikeys"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

// professional is an organization whose tier has API keys.
func (b *testBundle) professional() tenancy.OrgID {
	b.t.Helper()
	org := b.organization()
	_, err := b.db.Single(org).Exec(context.Background(), "update organizations set tier = 'enterprise'")
	require.NoError(b.t, err)
	return org
}

func keysOf(org tenancy.OrgID) string { return "/api/v1/organizations/" + org.String() + "/keys" }

var allScopes = []apikeys.Scope{apikeys.FilesRead, apikeys.FilesWrite, apikeys.MembersRead, apikeys.MembersManage, apikeys.UsageRead, apikeys.AuditRead, apikeys.OrganizationRead}

// key makes a key and gives it as someone who calls.
func (p *person) key(role tenancy.Role, scopes ...apikeys.Scope) (*person, apiapikeys.KeyView) {
	p.b.t.Helper()
	v := read[apiapikeys.KeyView](p.call(post, keysOf(p.org), map[string]any{"name": "sync", "role": role, "scopes": scopes}).is(http.StatusCreated))
	return &person{b: p.b, org: p.org, id: v.User, token: v.Key, role: role}, v
}

func TestKeyLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	machine, made := owner.key(tenancy.Teacher, apikeys.FilesRead, apikeys.FilesWrite)
	f := machine.published("by-key.txt", lorem)
	require.Equal(t, made.User, f.UploadedBy)
	machine.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
	machine.call(get, at(f.ID, "/events"), nil).is(http.StatusOK)

	list := owner.call(get, keysOf(owner.org), nil).is(http.StatusOK)
	require.NotContains(t, string(list.body), made.Key)
	require.Equal(t, apikeys.Active, read[request.Page[apiapikeys.KeyView]](list).Items[0].State)

	second := read[apiapikeys.KeyView](owner.call(post, keysOf(owner.org)+"/"+made.ID.String()+"/rotate", map[string]any{"overlap": 3600}).is(http.StatusCreated))
	require.NotEqual(t, made.Key, second.Key)
	require.Equal(t, made.User, second.User)
	for _, token := range []string{made.Key, second.Key} {
		b.call(token, get, at(f.ID, ""), nil).is(http.StatusOK)
	}
	owner.call(post, keysOf(owner.org)+"/"+made.ID.String()+"/rotate", nil).refused(http.StatusConflict, "key_replaced")
	_, err := b.db.Admin(t).Exec(t.Context(), "update api_keys set expires_at = now() where id = $1", made.ID)
	require.NoError(t, err)
	machine.call(get, at(f.ID, ""), nil).refused(http.StatusUnauthorized, "invalid_token")
	for range 2 {
		owner.call(remove, keysOf(owner.org)+"/"+second.ID.String(), nil).is(http.StatusNoContent)
	}
	b.call(second.Key, get, at(f.ID, ""), nil).refused(http.StatusUnauthorized, "invalid_token")
	owner.call(remove, keysOf(owner.org)+"/"+uuid.NewString(), nil).refused(http.StatusNotFound, "key_not_found")
	owner.call(remove, keysOf(owner.org)+"/nonsense", nil).refused(http.StatusNotFound, "key_not_found")

	rows, err := b.db.Single(owner.org).Query(t.Context(), "select action from audit_events where object = 'key' and result = 'done' order by seq")
	require.NoError(t, err)
	actions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"key.create", "key.rotate", "key.revoke"}, actions, "each once, and a repeated revocation is none")
}

func TestKeyRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	good := func(change map[string]any) map[string]any {
		in := map[string]any{"name": "sync", "role": "teacher", "scopes": []string{"files:read"}}
		for k, v := range change {
			in[k] = v
		}
		return in
	}
	for _, c := range []struct {
		in   map[string]any
		code string
	}{
		{good(map[string]any{"name": " "}), "invalid_name"},
		{good(map[string]any{"name": strings.Repeat("x", 101)}), "invalid_name"},
		{good(map[string]any{"role": "owner"}), "invalid_role"},
		{good(map[string]any{"scopes": []string{}}), "invalid_scopes"},
		{good(map[string]any{"scopes": []string{"keys:manage"}}), "invalid_scopes"},
		{good(map[string]any{"expires_in": 0}), "invalid_expires_in"},
		{good(map[string]any{"expires_in": -1}), "invalid_expires_in"},
		{good(map[string]any{"expires_in": 366 * 86400}), "invalid_expires_in"},
		{good(map[string]any{"expires_in": int64(1) << 62}), "invalid_expires_in"},
		{good(map[string]any{"hash": "x"}), "invalid_body"},
	} {
		owner.call(post, keysOf(owner.org), c.in).refused(http.StatusBadRequest, c.code)
	}
	_, made := owner.key(tenancy.Student, apikeys.FilesRead)
	owner.call(post, keysOf(owner.org)+"/"+made.ID.String()+"/rotate", map[string]any{"overlap": 8 * 86400}).refused(http.StatusBadRequest, "invalid_overlap")
	owner.call(get, keysOf(owner.org)+"?cursor=x", nil).refused(http.StatusBadRequest, "invalid_cursor")

	poor := b.person(b.db.OrganizationOf(t, "free", 1<<30), tenancy.Owner)
	poor.call(post, keysOf(poor.org), good(nil)).refused(http.StatusForbidden, "feature_not_in_tier")
	poor.call(get, keysOf(poor.org), nil).is(http.StatusOK)
	_, err := b.db.Single(owner.org).Exec(t.Context(), "update organizations set tier = 'free'")
	require.NoError(t, err)
	owner.call(post, keysOf(owner.org)+"/"+made.ID.String()+"/rotate", nil).refused(http.StatusForbidden, "feature_not_in_tier")
	owner.call(remove, keysOf(owner.org)+"/"+made.ID.String(), nil).is(http.StatusNoContent)
}

// Every route × every scope: the role and the scope both have to grant it, and
// no key reaches keys.
func TestEveryRouteAsksTheScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	for _, scope := range allScopes {
		machine, _ := owner.key(tenancy.Admin, scope)
		actor := tenancy.Actor{Role: tenancy.Admin, Scopes: apikeys.Actions([]string{string(scope)})}
		for _, r := range b.api.Routes() {
			if r.Action == anyone || r.Action == signedIn {
				continue
			}
			a := machine.call(r.Method, r.fill(uuid.NewString()), nil)
			require.Equal(t, actor.May(r.Action), a.status != http.StatusForbidden, "%s %s with %s: %d %s", r.Method, r.Path, scope, a.status, a.body)
			require.NotEqual(t, http.StatusInternalServerError, a.status, "%s %s: %s", r.Method, r.Path, a.body)
			require.NotEqual(t, http.StatusUnauthorized, a.status)
		}
	}
	all, _ := owner.key(tenancy.Admin, allScopes...)
	all.call(get, keysOf(owner.org), nil).refused(http.StatusForbidden, "not_granted_to_keys")
	all.call(put, adminPath+"/storage/quotas", nil).refused(http.StatusForbidden, "not_granted")
	reader, _ := owner.key(tenancy.Admin, apikeys.FilesRead)
	body, contentType := form("a.txt", []byte(lorem), nil, nil)
	reader.call(post, storagePath+"/upload", body, "Content-Type", contentType).refused(http.StatusForbidden, "insufficient_scope")
	member := map[string]any{"issuer": b.issuer.URL, "subject": "new-head", "role": "owner"}
	all.call(post, "/api/v1/organizations/"+owner.org.String()+"/members", member).refused(http.StatusForbidden, "not_granted_to_keys")
	member["issuer"] = tenancy.ServiceIssuer
	owner.call(post, "/api/v1/organizations/"+owner.org.String()+"/members", member).refused(http.StatusConflict, "service_account")
}

// A key of one organization with the ids of another: not found, on every route
// with an id.
func TestKeyStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := b.person(b.professional(), tenancy.Owner), b.person(b.professional(), tenancy.Owner)
	f := owner.published("secret.txt", lorem)
	_, theirs := owner.key(tenancy.Admin, allScopes...)
	machine, _ := stranger.key(tenancy.Admin, allScopes...)
	for _, r := range b.api.Routes() {
		if !strings.Contains(r.Path, ":id") || r.Action == anyone || !(tenancy.Actor{Role: tenancy.Admin, Key: theirs.ID, Scopes: apikeys.Actions(names(allScopes))}).May(r.Action) {
			continue
		}
		for _, id := range []string{f.ID.String(), owner.org.String(), theirs.ID.String()} {
			path := strings.Replace(r.Path, ":id", id, 1)
			a := machine.call(r.Method, Route{Path: path}.fill(id), map[string]any{}, "Tus-Resumable", "1.0.0")
			require.Equal(t, http.StatusNotFound, a.status, "%s %s: %s", r.Method, path, a.body)
		}
	}
	machine.call(get, storagePath+"/quota", nil, "X-Organization-ID", owner.org.String()).refused(http.StatusNotFound, "organization_not_found")
	machine.call(get, storagePath+"/quota", nil, "X-Organization-ID", stranger.org.String()).is(http.StatusOK)
	stranger.call(remove, keysOf(stranger.org)+"/"+theirs.ID.String(), nil).refused(http.StatusNotFound, "key_not_found")
	stranger.call(post, keysOf(stranger.org)+"/"+theirs.ID.String()+"/rotate", nil).refused(http.StatusNotFound, "key_not_found")
	stranger.call(get, keysOf(owner.org), nil).refused(http.StatusNotFound, "organization_not_found")
}

func names(scopes []apikeys.Scope) (out []string) {
	for _, s := range scopes {
		out = append(out, string(s))
	}
	return out
}

// Keys that are tried out, mistyped, expired or revoked read the same to the
// last byte, but for the request's id.
func TestRefusedKeysAreAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	revoked, v := owner.key(tenancy.Teacher, apikeys.FilesRead)
	owner.call(remove, keysOf(owner.org)+"/"+v.ID.String(), nil).is(http.StatusNoContent)
	expired, v := owner.key(tenancy.Teacher, apikeys.FilesRead)
	_, err := b.db.Admin(t).Exec(t.Context(), "update api_keys set expires_at = now() where id = $1", v.ID)
	require.NoError(t, err)
	tokens := []string{revoked.token, expired.token, "stl_", expired.token[:50], expired.token + "x", strings.ToUpper(expired.token)[4:], apikeys.Prefix + strings.Repeat("0", 49)}
	for range 50 {
		tokens = append(tokens, apikeys.Generate().Reveal())
	}
	want := ""
	for _, token := range tokens {
		if !apikeys.HasPrefix(token) {
			continue
		}
		a := b.call(token, get, storagePath+"/quota", nil, "X-Request-ID", "same-request-id").refused(http.StatusUnauthorized, "invalid_token")
		if want == "" {
			want = string(a.body)
		}
		require.Equal(t, want, string(a.body))
	}
	suspended, _ := owner.key(tenancy.Teacher, apikeys.FilesRead)
	_, err = b.db.Single(owner.org).Exec(t.Context(), "update organizations set status = 'suspended', reads_while_suspended = false")
	require.NoError(t, err)
	suspended.call(get, storagePath+"/quota", nil).refused(http.StatusForbidden, "organization_suspended")
}

// A revocation that was answered is known to every request that comes after,
// whatever runs at the time.
func TestRevokeWhileRequestsRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	machine, v := owner.key(tenancy.Teacher, apikeys.FilesRead)
	started, revoked := make(chan struct{}, 4), make(chan struct{})
	failures := make(chan string, 4)
	var all sync.WaitGroup
	for range cap(failures) {
		all.Go(func() {
			for first := true; ; first = false {
				after := false
				select {
				case <-revoked:
					after = true
				default:
				}
				status, err := b.status(machine.token, storagePath+"/quota")
				if first {
					started <- struct{}{}
				}
				switch {
				case err != nil || after && status != http.StatusUnauthorized || status != http.StatusOK && status != http.StatusUnauthorized:
					failures <- fmt.Sprint(status, err)
					return
				case after:
					return
				}
			}
		})
	}
	for range cap(started) {
		<-started
	}
	owner.call(remove, keysOf(owner.org)+"/"+v.ID.String(), nil).is(http.StatusNoContent)
	close(revoked)
	all.Wait()
	close(failures)
	for f := range failures {
		require.Fail(t, f)
	}
}

// status asks outside of the test's own goroutine.
func (b *testBundle) status(token, path string) (int, error) {
	req, err := http.NewRequestWithContext(b.t.Context(), get, b.server.URL+path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := b.server.Client().Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestLastUseIsWrittenBesideTheRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	machine, v := owner.key(tenancy.Teacher, apikeys.FilesRead)
	require.Nil(t, v.LastUsedAt)
	machine.call(get, storagePath+"/quota", nil).is(http.StatusOK)
	require.Eventually(t, func() bool {
		k, err := apikeys.Get(context.Background(), b.db.Single(owner.org), v.ID)
		return err == nil && k.LastUsedAt != nil
	}, 20*time.Second, 10*time.Millisecond)
}

// A key is in the answer that made it, and nowhere else: not in the log, not in
// an answer, not in any column of any table.
func TestKeyIsNowhereElse(t *testing.T) { // not parallel: it listens to the process's own logger
	b := setup(t)
	var logged lockedBuffer
	log := slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	before := slog.Default()
	slog.SetDefault(log)
	t.Cleanup(func() { slog.SetDefault(before) })
	b.hear(log)
	owner := b.person(b.professional(), tenancy.Owner)
	machine, v := owner.key(tenancy.Teacher, apikeys.FilesRead, apikeys.FilesWrite)
	f := machine.published("by-key.txt", lorem)
	var answers bytes.Buffer
	answers.Write(machine.call(get, at(f.ID, ""), nil).body)
	answers.Write(machine.call(get, keysOf(owner.org), nil).body)
	answers.Write(machine.call(get, storagePath+"/files/"+v.ID.String(), nil).body)
	answers.Write(owner.call(get, keysOf(owner.org), nil).body)
	rotated := read[apiapikeys.KeyView](owner.call(post, keysOf(owner.org)+"/"+v.ID.String()+"/rotate", nil).is(http.StatusCreated))
	owner.call(remove, keysOf(owner.org)+"/"+v.ID.String(), nil).is(http.StatusNoContent)
	answers.Write(machine.call(get, at(f.ID, ""), nil).refused(http.StatusUnauthorized, "invalid_token").body)
	require.Contains(t, logged.String(), v.ID.String(), "the log tells which key was used")
	for _, secret := range []string{v.Key, rotated.Key} {
		inner := secret[len(apikeys.Prefix) : len(secret)-6] // the random part alone
		require.NotContains(t, logged.String(), inner)
		require.NotContains(t, answers.String(), inner)
		requireNowhere(t, b.db.Admin(t), inner)
	}
	requireSomewhere(t, b.db.Admin(t), v.ID.String())
}

// hear has everything logged to another logger.
func (b *testBundle) hear(log *slog.Logger) {
	b.api.Log, b.api.middleware.Log, b.api.auth.Log, b.api.storage.Log, b.api.members.Log, b.api.auditLog.Log = log, log, log, log, log, log
}

// lockedBuffer is written by requests at the same time.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// holding counts the rows of each table that hold a text in any column, as the
// superuser sees them.
func holding(t *testing.T, conn *pgx.Conn, text string) map[string]int {
	t.Helper()
	rows, err := conn.Query(t.Context(), "select quote_ident(relname) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, tables, "api_keys")
	found := map[string]int{}
	for _, table := range tables {
		var n int
		// bytea shows as hex in a row's text, so the text's own hex is looked for too.
		err := conn.QueryRow(t.Context(), "select count(*) from "+table+" x where strpos(x::text, $1) > 0 or strpos(x::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0", text).Scan(&n)
		require.NoError(t, err)
		if n > 0 {
			found[table] = n
		}
	}
	return found
}

func requireNowhere(t *testing.T, conn *pgx.Conn, text string) {
	t.Helper()
	require.Empty(t, holding(t, conn, text))
}

// requireSomewhere shows that the search finds what is there.
func requireSomewhere(t *testing.T, conn *pgx.Conn, text string) {
	t.Helper()
	require.Equal(t, 1, holding(t, conn, text)["api_keys"])
	require.Positive(t, holding(t, conn, text)["audit_events"])
}

// A request whose answer was lost does not make a second key, and cannot show
// the first again.
func TestKeyOfARepeatedRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	_, v := owner.key(tenancy.Teacher, apikeys.FilesRead)
	actor := tenancy.Actor{Org: owner.org, User: owner.id, Role: tenancy.Owner}
	err := b.db.InTx(t.Context(), owner.org, func(tx *tenancy.Tx) error {
		_, _, err := apikeys.Create(t.Context(), tx, apikeys.NewKey{ID: v.ID, Name: "sync", Role: tenancy.Teacher, Scopes: []apikeys.Scope{apikeys.FilesRead}, By: actor})
		return err
	})
	require.ErrorIs(t, err, apikeys.ErrMade)
}
