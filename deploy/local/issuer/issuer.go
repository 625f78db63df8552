package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	defaultTTL = 12 * time.Hour
	maxTTL     = 30 * 24 * time.Hour
)

type issuer struct {
	config
	key     jose.JSONWebKey
	signer  jose.Signer // of access tokens (RFC 9068)
	ids     jose.Signer // of ID tokens
	devices *devices
	grants  *grants
	logins  *logins
}

func newIssuer(c config) (*issuer, error) {
	key, err := parseKey(c.Key)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return nil, fmt.Errorf("make signer: %w", err)
	}
	ids, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("make signer: %w", err)
	}
	return &issuer{config: c, key: key, signer: signer, ids: ids, devices: newDevices(), grants: newGrants(), logins: newLogins()}, nil
}

func (i *issuer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /jwks.json", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /authorize", i.decide)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /end_session", i.endSession)
	mux.HandleFunc("POST /mint", i.mint)
	mux.HandleFunc("POST /device_authorization", i.authorizeDevice)
	mux.HandleFunc("GET /device", i.showDevice)
	mux.HandleFunc("POST /device", i.confirmDevice)
	return i.onlyLoopback(mux)
}

// onlyLoopback refuses requests of other sites whose name resolves to this
// machine (DNS rebinding): they carry their own host name. The issuer's own address is taken too:
// pods on a node of this machine reach what listens on its loopback by another one.
func (i *issuer) onlyLoopback(next http.Handler) http.Handler {
	var own string
	if u, err := url.Parse(i.Issuer); err == nil {
		own = u.Host
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); r.Host != own && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this issuer answers to this machine only", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		next.ServeHTTP(w, r)
	})
}

func (i *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": i.Issuer, "jwks_uri": i.Issuer + "/jwks.json", "token_endpoint": i.Issuer + "/token",
		"device_authorization_endpoint":         i.Issuer + "/device_authorization",
		"authorization_endpoint":                i.Issuer + "/authorize",
		"end_session_endpoint":                  i.Issuer + "/end_session",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"subject_types_supported":               []string{"public"},
		"scopes_supported":                      []string{"openid", offlineScope},
		"grant_types_supported":                 []string{codeGrant, refreshGrant, deviceGrant},
		"code_challenge_methods_supported":      []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none"},
		"id_token_signing_alg_values_supported": []string{string(jose.ES256)},

		"authorization_response_iss_parameter_supported": true,
	})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}})
}

// mint gives the holder of the stack's secret a token for any subject.
func (i *issuer) mint(w http.ResponseWriter, r *http.Request) {
	given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(given), []byte(i.Secret)) != 1 {
		refuse(w, http.StatusUnauthorized, "invalid_client", "send the stack's issuer secret as Authorization: Bearer")
		return
	}
	var in struct{ Subject, Audience, TTL string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Subject == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", `send {"subject": …, "audience": …, "ttl": "1h"}`)
		return
	}
	ttl := defaultTTL
	if in.TTL != "" {
		var err error
		if ttl, err = time.ParseDuration(in.TTL); err != nil || ttl > maxTTL {
			refuse(w, http.StatusBadRequest, "invalid_request", "ttl is a duration such as 1h, at most 720h")
			return
		}
	}
	if in.Audience == "" {
		in.Audience = i.Audience
	}
	i.grant(w, in.Subject, in.Audience, ttl, pageTokens{})
}

// identify signs an ID token for the page, with its nonce.
func (i *issuer) identify(x grant, session string, now time.Time) (string, error) {
	return jwt.Signed(i.ids).Claims(jwt.Claims{
		Issuer: i.Issuer, Subject: x.subject, Audience: jwt.Audience{x.Client}, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(i.PageTTL)),
	}).Claims(map[string]any{"nonce": x.Nonce, "sid": session}).Serialize()
}

// pageTokens are what a page gets besides the access token.
type pageTokens struct{ id, refresh string }

func (i *issuer) grant(w http.ResponseWriter, subject, audience string, ttl time.Duration, page pageTokens) {
	now := time.Now()
	token, err := jwt.Signed(i.signer).Claims(jwt.Claims{
		Issuer: i.Issuer, Subject: subject, Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(ttl)),
	}).Serialize()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "the token could not be signed")
		return
	}
	out := map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(ttl.Seconds())}
	if page.id != "" {
		out["id_token"] = page.id
	}
	if page.refresh != "" {
		out["refresh_token"] = page.refresh
	}
	answer(w, http.StatusOK, out)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse answers as RFC 6749 does.
func refuse(w http.ResponseWriter, status int, code, text string) {
	answer(w, status, map[string]string{"error": code, "error_description": text})
}
