package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// release runs release.sh, and gives what it said and whether it succeeded.
func release(t *testing.T, key string, args ...string) (said string, ok bool) {
	t.Helper()
	run := exec.CommandContext(t.Context(), "./release.sh", args...)
	run.Env = append(os.Environ(), "SATCHEL_SIGNING_KEY="+key)
	b, err := run.CombinedOutput()
	return string(b), err == nil
}

// key makes a key of SSH, and the file in which it is known as identity.
func key(t *testing.T, identity string) (private, signers string) {
	t.Helper()
	dir := t.TempDir()
	private, signers = filepath.Join(dir, "key"), filepath.Join(dir, "signers")
	said, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", private).CombinedOutput()
	require.NoError(t, err, "%s", said)
	public, err := os.ReadFile(private + ".pub")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(signers, []byte(identity+" "+string(public)), 0o600))
	return private, signers
}

// released is a folder as `make images` leaves it.
func released(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sbom"), 0o755))
	for name, content := range map[string]string{"sbom/api.json": "{}", "LICENSES.tsv": "a\tMIT\n", "IMAGES": "satchel/api:1 sha256:0\n", "PROGRAMS": "0  api\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return dir
}

// TestSignedRelease: what was signed is verified, and nothing else is.
func TestSignedRelease(t *testing.T) {
	t.Parallel()
	private, signers := key(t, "releases@school.example")
	stranger, strangers := key(t, "releases@school.example")
	write := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
		}
	}
	for name, c := range map[string]struct {
		change   func(t *testing.T, dir string)
		key      string
		signers  string
		identity string
		says     string
	}{
		"as it was signed":          {nil, private, signers, "releases@school.example", "Verified: 4 files"},
		"a file is another":         {write("sbom/api.json", "{ }"), private, signers, "releases@school.example", "not the one that was signed"},
		"a file is gone":            {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "LICENSES.tsv"))) }, private, signers, "releases@school.example", "not the one that was signed"},
		"a file is too many":        {write("sbom/more.json", "{}"), private, signers, "releases@school.example", "was not signed"},
		"the sums are another":      {write("SHA256SUMS", strings.Repeat("0", 64)+"  IMAGES\n"), private, signers, "releases@school.example", "was changed"},
		"the sums are empty":        {write("SHA256SUMS", ""), private, signers, "releases@school.example", "was changed"},
		"there is no signature":     {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "SHA256SUMS.sig"))) }, private, signers, "releases@school.example", "is unsigned"},
		"by a key that is unknown":  {nil, stranger, signers, "releases@school.example", "not signed by"},
		"the signer is a stranger":  {nil, private, strangers, "releases@school.example", "not signed by"},
		"in the name of another":    {nil, private, signers, "other@school.example", "not signed by"},
		"no one signed":             {nil, "", signers, "releases@school.example", "is unsigned"},
		"signed for something else": {func(t *testing.T, dir string) { otherPurpose(t, private, dir) }, private, signers, "releases@school.example", "not signed by"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := released(t)
			said, ok := release(t, c.key, "sign", dir)
			require.True(t, ok, said)
			require.Equal(t, c.key == "", strings.Contains(said, "UNSIGNED"), said)
			if c.change != nil {
				c.change(t, dir)
			}
			said, ok = release(t, "", "verify", dir, c.signers, c.identity)
			require.Contains(t, said, c.says)
			require.Equal(t, name == "as it was signed", ok)
		})
	}
}

func otherPurpose(t *testing.T, private, dir string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(dir, "SHA256SUMS.sig")))
	said, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-Y", "sign", "-f", private, "-n", "git", filepath.Join(dir, "SHA256SUMS")).CombinedOutput()
	require.NoError(t, err, "%s", said)
}

// TestReleaseIsSignedAgain: new sums never lie beside the signature of the old ones, and a key that
// cannot be read leaves none and fails.
func TestReleaseIsSignedAgain(t *testing.T) {
	t.Parallel()
	private, signers := key(t, "releases@school.example")
	dir := released(t)
	_, ok := release(t, private, "sign", dir)
	require.True(t, ok)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "IMAGES"), []byte("satchel/api:2 sha256:1\n"), 0o644))
	said, ok := release(t, filepath.Join(t.TempDir(), "none"), "sign", dir)
	require.False(t, ok)
	require.Contains(t, said, "unsigned")
	require.NoFileExists(t, filepath.Join(dir, "SHA256SUMS.sig"))
	_, ok = release(t, private, "sign", dir)
	require.True(t, ok)
	_, ok = release(t, "", "verify", dir, signers, "releases@school.example")
	require.True(t, ok)
}

// TestImagesOfTheRelease: the engine's images are those that were signed.
func TestImagesOfTheRelease(t *testing.T) {
	t.Parallel()
	private, signers := key(t, "releases@school.example")
	for engine, says := range map[string]string{"echo sha256:0": "Verified", "echo sha256:1": "sha256:0 was signed", "exit 1": "no image satchel/api:1"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir, programs := released(t), t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(programs, "docker"), []byte("#!/bin/sh\n"+engine+"\n"), 0o755))
			_, ok := release(t, private, "sign", dir)
			require.True(t, ok)
			run := exec.CommandContext(t.Context(), "./release.sh", "verify", dir, signers, "releases@school.example", "yes")
			run.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"))
			said, err := run.CombinedOutput()
			require.Contains(t, string(said), says)
			require.Equal(t, says == "Verified", err == nil)
		})
	}
}
