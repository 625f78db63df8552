package oidc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"satchel/internal/oidc/oidctest"
)

func verifier(t *testing.T, c Config) *Verifier {
	t.Helper()
	v, err := New(c)
	require.NoError(t, err)
	return v
}

func setup(t *testing.T) (*oidctest.Issuer, *Verifier) {
	t.Helper()
	i := oidctest.New(t)
	return i, verifier(t, Config{Issuer: i.URL, Audience: oidctest.Audience, Skew: 30 * time.Second})
}

func TestGoodTokensOfBothAlgorithms(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256} {
		i, v := setup(t)
		i.Rotate("k", alg)
		p, err := v.Verify(context.Background(), i.Token("somebody"))
		require.NoError(t, err, alg)
		require.Equal(t, []string{i.URL, "somebody"}, []string{p.Issuer, p.Subject})
		require.True(t, p.Until.After(time.Now()))
	}
}

func TestClockSkewIsAllowedAndNoMore(t *testing.T) {
	t.Parallel()
	i, v := setup(t)
	now := time.Now()
	v.now = func() time.Time { return now }
	ends := func(d time.Duration) string {
		return i.Sign(map[string]any{"iss": i.URL, "sub": "x", "aud": oidctest.Audience, "exp": now.Add(d).Unix()})
	}
	_, err := v.Verify(context.Background(), ends(-20*time.Second))
	require.NoError(t, err)
	_, err = v.Verify(context.Background(), ends(-40*time.Second))
	require.ErrorIs(t, err, ErrToken)
	_, err = v.Verify(context.Background(), i.Sign(map[string]any{"iss": i.URL, "sub": "x", "aud": oidctest.Audience, "exp": now.Add(time.Hour).Unix(), "nbf": now.Add(30 * time.Minute).Unix()}))
	require.ErrorIs(t, err, ErrToken)
}

// A new key is found when the first token comes that it signed, and the old
// one's tokens end. A flood of unknown keys does not become a flood of requests.
func TestKeysRotateAndAreNotAskedForAtWill(t *testing.T) {
	t.Parallel()
	i, v := setup(t)
	now := time.Now()
	transport, ok := v.client.Transport.(*documentCache)
	require.True(t, ok)
	transport.now = func() time.Time { return now }
	old := i.Token("x")
	_, err := v.Verify(context.Background(), old)
	require.NoError(t, err)
	for range 20 {
		_, err := v.Verify(context.Background(), strings.Replace(old, ".", ".A", 1))
		require.ErrorIs(t, err, ErrToken)
	}
	require.Equal(t, 1, i.KeyRequests())

	// The library hands the answer of a question to those who wait before it takes
	// it for its own, so the old keys may serve for an instant longer.
	verifies := func(token string) func() bool {
		return func() bool {
			_, err := v.Verify(context.Background(), token)
			require.True(t, err == nil || errors.Is(err, ErrToken), err)
			return err == nil
		}
	}
	i.Rotate("second", jose.ES256)
	now = now.Add(cacheTTL)
	require.Eventually(t, verifies(i.Token("x")), 10*time.Second, time.Millisecond)
	require.Equal(t, 2, i.KeyRequests())
	now = now.Add(cacheTTL)
	require.Eventually(t, func() bool { return !verifies(old)() }, 10*time.Second, time.Millisecond)
}

func TestIssuerThatComesLateIsFound(t *testing.T) {
	t.Parallel()
	i, _ := setup(t)
	v := verifier(t, Config{Issuer: i.URL + "/", Audience: oidctest.Audience})
	require.ErrorIs(t, v.Ready(context.Background()), ErrUnavailable, "another issuer answers under this name")
	v.config.Issuer = i.URL
	require.NoError(t, v.Ready(context.Background()))
}

// With its keys in hand, the issuer's going away stops no one who has a token.
func TestKeysOutliveTheIssuer(t *testing.T) {
	t.Parallel()
	i, v := setup(t)
	token := i.Token("x")
	_, err := v.Verify(context.Background(), token)
	require.NoError(t, err)
	i.Server.Close()
	_, err = v.Verify(context.Background(), token)
	require.NoError(t, err)
	transport, ok := v.client.Transport.(*documentCache)
	require.True(t, ok)
	transport.now = func() time.Time { return time.Now().Add(time.Hour) }
	i.Rotate("second", jose.ES256)
	_, err = v.Verify(context.Background(), i.Token("x"))
	require.ErrorIs(t, err, ErrUnavailable)
}

// TestOnlyAccessTokens: an ID token, or what else an issuer signs, is none, unless
// the operator says that the issuer's access tokens look like that.
func TestOnlyAccessTokens(t *testing.T) {
	t.Parallel()
	i, v := setup(t)
	lax := verifier(t, Config{Issuer: i.URL, Audience: oidctest.Audience, TokenTypes: []string{"at+jwt", "JWT"}})
	claims := map[string]any{"iss": i.URL, "sub": "x", "aud": oidctest.Audience, "exp": time.Now().Add(time.Hour).Unix()}
	for typ, want := range map[string][2]bool{
		"at+jwt": {true, true}, "application/at+jwt": {true, true}, "AT+JWT": {true, true}, "JWT": {false, true}, "jwt": {false, true}, "": {false, false}, "dpop+jwt": {false, false}, "logout+jwt": {false, false},
	} {
		token := i.SignAs(typ, claims)
		for n, verifier := range []*Verifier{v, lax} {
			_, err := verifier.Verify(t.Context(), token)
			if want[n] {
				require.NoError(t, err, typ)
			} else {
				require.ErrorIs(t, err, ErrToken, typ)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	v, err := New(Config{Issuer: "http://127.0.0.1:1", Audience: "x"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := v.Verify(context.Background(), raw); err == nil {
			t.Fatalf("%q was believed", raw)
		}
	})
}

// TestWherePeopleSignIn: as the issuer describes itself, once it answers.
func TestWherePeopleSignIn(t *testing.T) {
	t.Parallel()
	i := oidctest.New(t)
	v := verifier(t, Config{Issuer: i.URL, Audience: oidctest.Audience})
	in, err := v.SignIn(t.Context())
	require.NoError(t, err)
	require.Equal(t, SignIn{Issuer: i.URL, Authorization: i.URL + "/authorize", Token: i.URL + "/token"}, in)
	i.Server.Close()
	_, err = v.SignIn(t.Context())
	require.NoError(t, err, "it was asked once")
	_, err = verifier(t, Config{Issuer: i.URL, Audience: oidctest.Audience}).SignIn(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
}

// TestVerifiedTokensAreRememberedForAMinute and no longer than they are valid; another signature
// over the same words is another token, and what was refused is looked at again.
func TestVerifiedTokensAreRememberedForAMinute(t *testing.T) {
	t.Parallel()
	i, v := setup(t)
	now := time.Now()
	v.now = func() time.Time { return now }
	token := i.Sign(map[string]any{"iss": i.URL, "sub": "x", "aud": oidctest.Audience, "exp": now.Add(time.Minute).Unix()})
	_, remembered := v.verified.get(token)
	require.False(t, remembered)
	first, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	second, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, first.Subject, second.Subject)
	began := now
	now = began.Add(verifiedTTL - time.Second)
	_, remembered = v.verified.get(token)
	require.True(t, remembered)
	now = began.Add(verifiedTTL)
	_, remembered = v.verified.get(token)
	require.False(t, remembered)
	now = began

	words := token[:strings.LastIndexByte(token, '.')+1]
	_, err = v.Verify(t.Context(), words+strings.Repeat("A", len(token)-len(words)))
	require.ErrorIs(t, err, ErrToken)
	require.Equal(t, 1, v.verified.found.Len())

	v.verified.forget()
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Zero(t, v.verified.found.Len(), "keys changed a moment ago")

	now = first.Until.Add(-time.Second)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	now = first.Until.Add(time.Second)
	_, err = v.Verify(t.Context(), token)
	require.ErrorIs(t, err, ErrToken, "it is remembered as long as it is valid")
}
