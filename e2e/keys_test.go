package e2e

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

// keySchool is an organization whose tier has API keys, and its owner.
func keySchool(t *testing.T) (org string, owner *client.Client) {
	t.Helper()
	org, err := local.ProvisionTier(testContext(t), "e2e-"+uuid.NewString(), "Test school", "professional")
	require.NoError(t, err)
	owner, err = local.Member(testContext(t), org, "owner-"+uuid.NewString(), "owner")
	require.NoError(t, err)
	return org, owner
}

// A machine's whole life: a key, an upload, a rotation, the end.
func TestKeyFromCreationToRevocation(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	org, owner := keySchool(t)
	made, err := owner.CreateKey(ctx, org, client.NewKey{Name: "sync", Role: "teacher", Scopes: []string{"files:read", "files:write"}})
	require.NoError(t, err)
	machine := &client.Client{Base: local.API, Token: made.Key}
	content := text(3 << 20)
	f := settled(t, machine, mustUpload(t, machine, "by-machine.txt", content))
	require.Equal(t, "published", f.Status, f.StatusReason)
	require.Equal(t, made.User, f.UploadedBy)
	got, err := download(t, machine, f.ID)
	require.NoError(t, err)
	require.Equal(t, content, got)
	_, err = machine.Keys(ctx, org, nil)
	refused(t, err, http.StatusForbidden, "not_granted")

	page, err := machine.List(ctx, url.Values{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)

	second, err := owner.RotateKey(ctx, org, made.ID, time.Hour)
	require.NoError(t, err)
	successor := &client.Client{Base: local.API, Token: second.Key}
	for _, c := range []*client.Client{machine, successor} {
		_, err := c.Get(ctx, f.ID)
		require.NoError(t, err, "both work while they overlap")
	}
	require.NoError(t, owner.RevokeKey(ctx, org, made.ID))
	_, err = machine.Get(ctx, f.ID)
	refused(t, err, http.StatusUnauthorized, "invalid_token")
	_, err = successor.Get(ctx, f.ID)
	require.NoError(t, err)
	require.NoError(t, owner.RevokeKey(ctx, org, second.ID))
	_, err = successor.Get(ctx, f.ID)
	refused(t, err, http.StatusUnauthorized, "invalid_token")

	all, err := owner.Keys(ctx, org, nil)
	require.NoError(t, err)
	require.Len(t, all.Items, 2)
	for _, k := range all.Items {
		require.Equal(t, "revoked", k.State)
		require.Empty(t, k.Key)
		require.NotNil(t, k.LastUsedAt)
	}
}

// The command line with a key: by a file, and by the environment alone.
func TestCommandLineWithAKey(t *testing.T) {
	t.Parallel()
	org, owner := keySchool(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "satchel")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/satchel").CombinedOutput()
	require.NoError(t, err, string(out))
	run := func(environment []string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/config", "XDG_CACHE_HOME="+dir+"/cache"), environment...)
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	asOwner := []string{"SATCHEL_API=" + local.API, "SATCHEL_TOKEN=" + owner.Token}
	key, err := run(asOwner, "key", "create", "cli", "--org", org, "--scope", "files:read,files:write")
	require.NoError(t, err)
	require.Regexp(t, `^stl_[0-9A-Za-z]{49}$`, key)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(key+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), text(3000), 0o600))
	said, err := run(nil, "login", "--api", local.API, "--key-file", "key.txt")
	require.NoError(t, err, said)
	said, err = run(nil, "upload", "a.txt")
	require.NoError(t, err, said)
	said, err = run([]string{"SATCHEL_API=" + local.API, "SATCHEL_TOKEN=" + key, "XDG_CONFIG_HOME=" + dir + "/nothing"}, "ls", "--json")
	require.NoError(t, err, said)
	require.Contains(t, said, `"a.txt"`)

	said, err = run(asOwner, "key", "list", "--org", org)
	require.NoError(t, err)
	require.Contains(t, said, "active")
	require.NotContains(t, said, key)
	id := strings.Fields(strings.Split(said, "\n")[1])[0]
	next, err := run(asOwner, "key", "rotate", id, "--org", org, "--overlap", "1h")
	require.NoError(t, err)
	require.NotEqual(t, key, next)
	said, err = run(asOwner, "key", "revoke", id, "--org", org)
	require.NoError(t, err, said)
	_, err = run(nil, "ls")
	require.Error(t, err, "the login's key was revoked")
}
