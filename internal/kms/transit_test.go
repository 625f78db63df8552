package kms

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeTransit is a fake of the transit engine: the three calls that the driver makes, as
// their documentation describes them. It is no Vault and no OpenBao.
type fakeTransit struct {
	*httptest.Server

	mu       sync.Mutex
	token    string
	versions []cipher.AEAD
	oldest   int // min_decryption_version
	down     bool
}

func newFakeTransit(t *testing.T) *fakeTransit {
	t.Helper()
	f := &fakeTransit{token: "a token", oldest: 1}
	f.rotate(t)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeTransit) rotate(t *testing.T) {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.versions = append(f.versions, aead)
}

func (f *fakeTransit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	refuse := func(status int, text string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string][]string{"errors": {text}})
	}
	give := func(data any) { _ = json.NewEncoder(w).Encode(map[string]any{"data": data}) }
	var in struct {
		Plaintext  string `json:"plaintext"`
		Ciphertext string `json:"ciphertext"`
		Associated string `json:"associated_data"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	bound, _ := base64.StdEncoding.DecodeString(in.Associated)
	switch {
	case f.down:
		refuse(http.StatusServiceUnavailable, "Vault is sealed")
	case r.Header.Get("X-Vault-Token") != f.token:
		refuse(http.StatusForbidden, "permission denied")
	case r.Method+r.URL.Path == "GET/v1/transit/keys/satchel":
		give(map[string]any{"latest_version": len(f.versions), "min_decryption_version": f.oldest})
	case r.Method+r.URL.Path == "POST/v1/transit/encrypt/satchel":
		plain, _ := base64.StdEncoding.DecodeString(in.Plaintext)
		nonce := make([]byte, 12)
		_, _ = rand.Read(nonce)
		sealed := f.versions[len(f.versions)-1].Seal(nonce, nonce, plain, bound)
		give(map[string]string{"ciphertext": fmt.Sprintf("vault:v%d:%s", len(f.versions), base64.StdEncoding.EncodeToString(sealed))})
	case r.Method+r.URL.Path == "POST/v1/transit/decrypt/satchel":
		parts := strings.SplitN(in.Ciphertext, ":", 3)
		version, _ := strconv.Atoi(strings.TrimPrefix(parts[1], "v"))
		if version < f.oldest {
			refuse(http.StatusBadRequest, "ciphertext or signature version is disallowed by policy (too old)")
			return
		}
		sealed, _ := base64.StdEncoding.DecodeString(parts[2])
		plain, err := f.versions[version-1].Open(nil, sealed[:12], sealed[12:], bound)
		if err != nil {
			refuse(http.StatusBadRequest, "invalid ciphertext: unable to decrypt")
			return
		}
		give(map[string]string{"plaintext": base64.StdEncoding.EncodeToString(plain)})
	default:
		refuse(http.StatusNotFound, "no handler for route")
	}
}

func transitOn(t *testing.T, f *fakeTransit, change func(*Config)) *Transit {
	t.Helper()
	c := Config{TransitURL: f.URL, TransitToken: f.token, TransitKey: "satchel", TransitMount: "transit"}
	if change != nil {
		change(&c)
	}
	d, err := NewTransit(c)
	require.NoError(t, err)
	return d
}

// TestTransitWrapsForOnePlace: what the engine wrapped opens at its place only, and after a
// rotation too.
func TestTransitWrapsForOnePlace(t *testing.T) {
	t.Parallel()
	f := newFakeTransit(t)
	box := New(transitOn(t, f, nil))
	ctx := t.Context()
	sealed, err := box.Seal(ctx, []byte("a value"), "here")
	require.NoError(t, err)
	id, err := KeyID(sealed)
	require.NoError(t, err)
	require.Equal(t, "satchel:v1", id)
	got, err := box.Open(ctx, sealed, "here")
	require.NoError(t, err)
	require.Equal(t, "a value", string(got))
	_, err = box.Open(ctx, sealed, "there")
	require.ErrorIs(t, err, ErrOpen)

	f.rotate(t)
	current, err := box.Current(ctx)
	require.NoError(t, err)
	require.Equal(t, "satchel:v2", current)
	again, err := box.Rotate(ctx, sealed, "here")
	require.NoError(t, err)
	require.False(t, bytes.Equal(sealed, again))
	f.oldest = 2
	_, err = box.Open(ctx, sealed, "here")
	require.ErrorIs(t, err, ErrNoKey)
	got, err = box.Open(ctx, again, "here")
	require.NoError(t, err)
	require.Equal(t, "a value", string(got))
}

// TestTransitFails: an engine that does not answer is never taken for a key that is gone.
func TestTransitFails(t *testing.T) {
	t.Parallel()
	f := newFakeTransit(t)
	_, wrapped, err := transitOn(t, f, nil).Wrap(t.Context(), make([]byte, 32), []byte("here"))
	require.NoError(t, err)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, d := range map[string]*Transit{
		"sealed":      transitOn(t, f, nil),
		"not there":   transitOn(t, f, func(c *Config) { c.TransitURL = gone.URL }),
		"wrong token": transitOn(t, f, func(c *Config) { c.TransitToken = "another" }),
	} {
		f.mu.Lock()
		f.down = name == "sealed"
		f.mu.Unlock()
		_, err := d.Unwrap(context.Background(), "satchel:v1", wrapped, []byte("here"))
		require.Error(t, err, name)
		require.NotErrorIs(t, err, ErrNoKey, name)
		require.NotErrorIs(t, err, ErrOpen, name)
		_, _, err = d.Wrap(context.Background(), make([]byte, 32), nil)
		require.Error(t, err, name)
	}
	f.mu.Lock()
	f.down = false
	f.mu.Unlock()
	d := transitOn(t, f, nil)
	_, err = d.Unwrap(t.Context(), "another:v1", wrapped, nil)
	require.ErrorIs(t, err, ErrNoKey)
	_, err = transitOn(t, f, func(c *Config) { c.TransitKey = "none" }).Current(t.Context())
	require.ErrorIs(t, err, ErrNoKey)
}

func TestTransitConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"vault:8200", "ftp://vault", "https://", "https://a:b@vault", "https://vault?x=y"} {
		_, err := NewTransit(Config{TransitURL: address, TransitKey: "satchel", TransitMount: "transit"})
		require.ErrorContains(t, err, "SATCHEL_KMS_TRANSIT_URL", address)
	}
	_, err := NewTransit(Config{TransitURL: "https://vault", TransitKey: "a/b", TransitMount: "transit"})
	require.ErrorContains(t, err, "SATCHEL_KMS_TRANSIT_KEY")
	_, err = Config{Keys: "k " + base64.StdEncoding.EncodeToString(make([]byte, 32)), TransitURL: "https://vault", TransitKey: "a", TransitMount: "b"}.Open()
	require.ErrorContains(t, err, "not both")
	box, err := Config{TransitURL: "https://vault", TransitKey: "a", TransitMount: "b"}.Open()
	require.NoError(t, err)
	require.NotNil(t, box)
}

// TestTransitTokenIsReadAgain: an agent renews the token in its file while the program runs.
func TestTransitTokenIsReadAgain(t *testing.T) {
	f := newFakeTransit(t)
	path := filepath.Join(t.TempDir(), "token")
	t.Setenv("SATCHEL_KMS_TRANSIT_TOKEN", "")
	t.Setenv("SATCHEL_KMS_TRANSIT_TOKEN_FILE", path)
	box := New(transitOn(t, f, nil))
	for _, token := range []string{"first", "second"} {
		f.token = token
		require.NoError(t, os.WriteFile(path, []byte(token+"\n"), 0o600))
		_, err := box.Seal(t.Context(), []byte("a value"), "here")
		require.NoError(t, err)
	}
	f.token = "third"
	_, err := box.Seal(t.Context(), []byte("a value"), "here")
	require.Error(t, err)
}
