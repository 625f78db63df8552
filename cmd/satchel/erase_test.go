package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/policies/audit"
	"satchel/tenancy/erasures"
)

// TestCertificatesAreVerifiedOffline with the public key alone: what was changed, and what another
// key signed, is refused.
func TestCertificatesAreVerifiedOffline(t *testing.T) {
	_, signer, err := audit.NewKey()
	require.NoError(t, err)
	_, another, err := audit.NewKey()
	require.NoError(t, err)
	c := erasures.Certificate{Form: 1, ID: uuid.New(), Organization: uuid.NewString(), Scope: erasures.File, Target: uuid.New(), Basis: erasures.ParentRequest, Files: 1, Versions: 2, Key: audit.KeyID(signer.Public())}
	c.Signature, err = signer.Seal(c)
	require.NoError(t, err)
	text, err := json.Marshal(c)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	key := write("audit-public-key", base64.StdEncoding.EncodeToString(signer.Public())+"\n")
	other := write("other-key", base64.StdEncoding.EncodeToString(another.Public()))
	good, changed := write("good.json", string(text)), write("changed.json", strings.Replace(string(text), `"versions":2`, `"versions":3`, 1))
	added := write("added.json", strings.Replace(string(text), `{"form"`, `{"note":"not signed","form"`, 1))
	said, err := command(t, http.NotFoundHandler(), "certificate", "verify", good, "--key", key)
	require.NoError(t, err)
	require.Contains(t, said, "1 files in 2 versions")
	for _, args := range [][2]string{{changed, key}, {good, other}, {added, key}, {good, good}} {
		_, err := command(t, http.NotFoundHandler(), "certificate", "verify", args[0], "--key", args[1])
		require.Error(t, err, args)
	}
}

// TestEraseAsksWithABasis, and not without.
func TestEraseAsksWithABasis(t *testing.T) {
	var sent map[string]string
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/api/v1/erasures", r.URL.Path)
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&sent))
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id": "e", "scope": "person", "target_id": "p", "state": "blocked", "hold_id": "h", "versions": 3, "versions_erased": 2}`))
	})
	org := uuid.NewString()
	_, err := command(t, api, "erase", "person", "p", "--org", org)
	require.ErrorContains(t, err, "basis")
	said, err := command(t, api, "erase", "person", "p", "--org", org, "--basis", "parent_request")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"scope": "person", "target_id": "p", "basis": "parent_request"}, sent)
	require.Contains(t, said, "blocked by hold h")
	require.Contains(t, said, "2 of 3")
}
