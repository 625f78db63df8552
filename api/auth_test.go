package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/oidc/oidctest"
	"satchel/tenancy"
)

// path fills a route's parameters.
func (r Route) fill(id string) string {
	return strings.NewReplacer(":id", id, ":version", id, ":key", id, ":name", "w320.webp", ":n", "1", ":user", id, ":invitation", id, ":parent", id, ":operation", id, ":part", "1", ":student", id, ":login", id, ":request", id, ":rule", id, ":space", id, ":grant", id).Replace(r.Path)
}

// Every route × every way to come without the right. The list is the router's
// own, so a new route is in this test on the day it is written.
func TestEveryRouteRefusesUnknownCallers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	hour := time.Now().Add(time.Hour).Unix()
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	good := func(change map[string]any) map[string]any {
		claims := map[string]any{"iss": b.issuer.URL, "sub": "somebody", "aud": oidctest.Audience, "exp": hour}
		for k, v := range change {
			claims[k] = v
		}
		return claims
	}
	strangers := map[string]string{
		"no token":       "",
		"garbage":        "garbage",
		"three parts":    "a.b.c",
		"too long":       strings.Repeat("a", 20000) + ".b.c",
		"expired":        b.issuer.Sign(good(map[string]any{"exp": time.Now().Add(-2 * time.Minute).Unix()})),
		"no expiry":      b.issuer.Sign(map[string]any{"iss": b.issuer.URL, "sub": "x", "aud": oidctest.Audience}),
		"other audience": b.issuer.Sign(good(map[string]any{"aud": "another"})),
		"other issuer":   b.issuer.Sign(good(map[string]any{"iss": "http://127.0.0.1:1"})),
		"no subject":     b.issuer.Sign(good(map[string]any{"sub": ""})),
		"foreign key":    b.issuer.SignWith(jose.SigningKey{Algorithm: jose.ES256, Key: foreign}, good(nil)),
		"symmetric":      b.issuer.SignWith(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))}, good(nil)),
		"unsigned":       "eyJhbGciOiJub25lIn0." + strings.Split(owner.token, ".")[1] + ".",
	}
	for _, r := range b.api.Routes() {
		if r.Action == anyone {
			continue
		}
		for name, token := range strangers {
			a := b.call(token, r.Method, r.fill(uuid.NewString()), nil)
			require.Equal(t, http.StatusUnauthorized, a.status, "%s %s with %s: %s", r.Method, r.Path, name, a.body)
			require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
		}
		if r.Action == signedIn {
			continue
		}
		stranger := b.issuer.Token("member-of-none")
		require.Equal(t, http.StatusForbidden, b.call(stranger, r.Method, r.fill(uuid.NewString()), nil).status, "%s %s without membership", r.Method, r.Path)
	}
}

// Every route × every role: the grants table decides and nothing else.
func TestEveryRouteAsksTheGrants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	for _, role := range tenancy.Roles {
		home := org
		if role == tenancy.Operator {
			home = tenancy.Platform
		}
		p := b.person(home, role)
		for _, r := range b.api.Routes() {
			if r.Action == anyone || r.Action == signedIn {
				continue
			}
			a := p.call(r.Method, r.fill(uuid.NewString()), nil)
			granted := tenancy.Actor{Role: role}.May(r.Action)
			refused := a.status == http.StatusForbidden
			require.Equal(t, granted, !refused, "%s as %s needs %s: %d %s", r.Method+" "+r.Path, role, r.Action, a.status, a.body)
			require.NotEqual(t, http.StatusInternalServerError, a.status, "%s %s: %s", r.Method, r.Path, a.body)
		}
	}
}

// Another organization's file answers as one that never was, on every route
// with an id.
func TestAnotherOrganizationsFileIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	f := owner.published("secret.txt", lorem)
	for _, r := range b.api.Routes() {
		if !strings.Contains(r.Path, ":id") || r.Action == anyone || strings.HasPrefix(r.Path, tusPath) {
			continue
		}
		id := f.ID.String()
		if r.Action == tenancy.ManageOrganizations {
			continue // the operators', who belong to no organization but the platform's
		}
		if strings.HasPrefix(r.Path, organizationPath) {
			id = owner.org.String()
		}
		theirs := stranger.call(r.Method, r.fill(id), map[string]any{})
		never := stranger.call(r.Method, r.fill(uuid.NewString()), map[string]any{})
		require.Equal(t, http.StatusNotFound, theirs.status, "%s %s: %s", r.Method, r.Path, theirs.body)
		require.Equal(t, never.status, theirs.status)
	}
	require.Equal(t, http.StatusOK, owner.call(get, at(f.ID, ""), nil).status)
}

func TestOrganizationComesFromTheMembership(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two, foreign := b.organization(), b.organization(), b.organization()
	p := b.person(one, tenancy.Teacher)
	p.call(get, storagePath+"/quota", nil).is(200)
	p.call(get, storagePath+"/quota", nil, "X-Organization-ID", one.String()).is(200)
	p.call(get, storagePath+"/quota", nil, "X-Organization-ID", foreign.String()).refused(404, "organization_not_found")
	p.call(get, storagePath+"/quota", nil, "X-Organization-ID", "nonsense").refused(400, "invalid_organization")
	require.NoError(t, tenancy.SetMember(context.Background(), b.db.Single(two), p.id, tenancy.Student))
	p.call(get, storagePath+"/quota", nil).refused(400, "organization_required")
	p.call(get, storagePath+"/quota", nil, "X-Organization-ID", two.String()).is(200)

	for status, code := range map[string]string{"suspended": "organization_suspended", "deleting": "organization_deleting", "provisioning": "organization_not_ready"} {
		_, err := b.db.Single(two).Exec(context.Background(), `update organizations set status = $1, reads_while_suspended = false,
			deletion_id = case when $1 = 'deleting' then id end, deletes_at = case when $1 = 'deleting' then now() end`, status)
		require.NoError(t, err)
		p.call(get, storagePath+"/quota", nil, "X-Organization-ID", two.String()).refused(403, code)
	}
}

func TestIssuerThatIsDownIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.issuer.Server.Close()
	require.Error(t, b.api.Verifier.Ready(context.Background()))
	b.call(b.issuer.Token("somebody"), get, storagePath+"/quota", nil).refused(503, "issuer_unavailable")
	b.call("a.b.c", get, storagePath+"/quota", nil).refused(401, "invalid_token") // is none, whatever the issuer would say
}
