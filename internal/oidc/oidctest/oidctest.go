// Package oidctest is an issuer for tests: real keys, real tokens, on loopback.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// Audience is the audience (aud) of the issuer's tokens.
const Audience = "satchel"

// Issuer signs tokens for tests.
type Issuer struct {
	URL    string
	Server *httptest.Server

	t           testing.TB
	mu          sync.Mutex
	kid         string
	key         crypto.Signer
	alg         jose.SignatureAlgorithm
	keyRequests int
}

// New starts an issuer that ends with the test.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t}
	i.Rotate("first", jose.ES256)
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Server.Close)
	i.URL = i.Server.URL
	return i
}

// Rotate replaces the key.
func (i *Issuer) Rotate(kid string, alg jose.SignatureAlgorithm) {
	i.t.Helper()
	var key crypto.Signer
	var err error
	if alg == jose.ES256 {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(i.t, err)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kid, i.key, i.alg = kid, key, alg
}

// KeyRequests counts how often the keys were asked for.
func (i *Issuer) KeyRequests() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keyRequests
}

// ServeHTTP answers discovery and keys.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.Server.URL, "jwks_uri": i.Server.URL + "/jwks.json", "authorization_endpoint": i.Server.URL + "/authorize", "token_endpoint": i.Server.URL + "/token",
		})
	case "/jwks.json":
		i.keyRequests++
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid, Algorithm: string(i.alg), Use: "sig"}}})
	default:
		http.NotFound(w, r)
	}
}

// Token is a good token of a subject.
func (i *Issuer) Token(subject string) string {
	return i.Sign(map[string]any{"iss": i.URL, "sub": subject, "aud": Audience, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()})
}

// Sign signs any claims as an access token.
func (i *Issuer) Sign(claims map[string]any) string {
	i.t.Helper()
	return i.SignAs("at+jwt", claims)
}

// SignAs signs any claims as a token of another type.
func (i *Issuer) SignAs(typ string, claims map[string]any) string {
	i.t.Helper()
	i.mu.Lock()
	key := jose.SigningKey{Algorithm: i.alg, Key: jose.JSONWebKey{Key: i.key, KeyID: i.kid}}
	i.mu.Unlock()
	return i.sign(key, typ, claims)
}

// SignWith signs with another key or algorithm.
func (i *Issuer) SignWith(key jose.SigningKey, claims map[string]any) string {
	i.t.Helper()
	return i.sign(key, "at+jwt", claims)
}

func (i *Issuer) sign(key jose.SigningKey, typ string, claims map[string]any) string {
	i.t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(key, options)
	require.NoError(i.t, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(i.t, err)
	return token
}
