package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/clamd/clamdtest"
	"satchel/internal/freeport"
	"satchel/internal/oidc/oidctest"
	"satchel/internal/pgtest"
	"satchel/internal/s3test"
)

// examineBy runs the doctor and gives what it says of each part.
func examineBy(t *testing.T, args ...string) (map[string]examined, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"--json"}, args...))
	err := cmd.ExecuteContext(t.Context())
	var said struct{ Parts []examined }
	if out.Len() > 0 {
		require.NoError(t, json.Unmarshal(out.Bytes(), &said))
	}
	found := map[string]examined{}
	for _, e := range said.Parts {
		found[e.Part] = e
	}
	return found, err
}

// withoutSettings removes those of a stack that runs beside the tests.
func withoutSettings(t *testing.T) {
	t.Helper()
	for _, p := range parts {
		if p.named != "" {
			t.Setenv(p.named, "")
		}
	}
	t.Setenv("SATCHEL_SPOOL_DIR", t.TempDir())
}

// TestDoctorFindsWhatIsWrong: each part that cannot be reached fails with a sentence that names it
// and with what to do; the others are told all the same.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	withoutSettings(t)
	closed := freeport.Address(t).String()
	finds := clamdtest.Scanning(map[string][]byte{"Eicar-Test": []byte(testString)})
	finds.Banner = "ClamAV 1.4.3/27800/" + time.Now().Format(time.ANSIC) + "\x00"
	scanner := clamdtest.Start(t, finds)
	t.Setenv("SATCHEL_DATABASE_URL", "postgres://satchel_app:secret-word@"+closed+"/satchel")
	t.Setenv("SATCHEL_S3_ENDPOINT", closed)
	t.Setenv("SATCHEL_TEMPORAL_ADDRESS", closed)
	t.Setenv("SATCHEL_CLAMD_SOCKET", scanner.Socket)
	t.Setenv("SATCHEL_OIDC_ISSUER", "http://"+closed)
	t.Setenv("SATCHEL_OIDC_AUDIENCE", "satchel")
	t.Setenv("SATCHEL_SMTP_HOST", "127.0.0.1")
	t.Setenv("SATCHEL_SMTP_PORT", "1")
	t.Setenv("SATCHEL_SMTP_TLS", "none")
	t.Setenv("SATCHEL_SMTP_FROM", "no-reply@school.example")
	found, err := examineBy(t)
	require.ErrorIs(t, err, errFailed)
	for _, name := range []string{"postgres", "store", "temporal", "issuer", "mail"} {
		require.Equal(t, "failed", found[name].State, "%+v", found[name])
		require.NotEmpty(t, found[name].Says, name)
		require.NotEmpty(t, found[name].Do, name)
		require.NotContains(t, found[name].Says, "secret-word", name)
	}
	require.Contains(t, found["store"].Do, "docs/settings.md", "its keys are missing: %s", found["store"].Says)
	require.Contains(t, found["store"].Says, "SATCHEL_S3_ACCESS_KEY")
	require.Equal(t, "ok", found["scanner"].State, "%+v", found["scanner"])
	require.Equal(t, "ok", found["spool"].State, "%+v", found["spool"])
}

// TestDoctorOfWhatIsThere: parts that are reached are well, those whose settings are not there are
// not looked at, and one that is asked for and not set fails.
func TestDoctorOfWhatIsThere(t *testing.T) {
	withoutSettings(t)
	issuer := oidctest.New(t)
	t.Setenv("SATCHEL_OIDC_ISSUER", issuer.URL)
	t.Setenv("SATCHEL_OIDC_AUDIENCE", oidctest.Audience)
	found, err := examineBy(t)
	require.NoError(t, err)
	require.Equal(t, "ok", found["issuer"].State, "%+v", found["issuer"])
	require.Equal(t, "unset", found["postgres"].State)
	_, err = examineBy(t, "issuer")
	require.NoError(t, err)
	found, err = examineBy(t, "postgres")
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, found["postgres"].Says, "SATCHEL_DATABASE_URL")

	t.Setenv("SATCHEL_OIDC_ISSUER", "")
	_, err = examineBy(t)
	require.ErrorContains(t, err, "run it where they run")
}

// TestDoctorOfAScanner: one that finds nothing, or is not there, or works with a spool that cannot be written, fails.
func TestDoctorOfAScanner(t *testing.T) {
	withoutSettings(t)
	blind := clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"Other": []byte("another string")}))
	t.Setenv("SATCHEL_CLAMD_SOCKET", blind.Socket)
	found, err := examineBy(t, "scanner")
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, found["scanner"].Says, "without its signatures")
	old := clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"Eicar-Test": []byte(testString)}))
	t.Setenv("SATCHEL_CLAMD_SOCKET", old.Socket)
	found, err = examineBy(t, "scanner")
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, found["scanner"].Says, "1970")
	t.Setenv("SATCHEL_CLAMD_SOCKET", filepath.Join(t.TempDir(), "none.sock"))
	t.Setenv("SATCHEL_SPOOL_DIR", filepath.Join(t.TempDir(), "none"))
	found, err = examineBy(t, "scanner", "spool")
	require.ErrorIs(t, err, errFailed)
	require.Equal(t, "failed", found["scanner"].State)
	require.Equal(t, "failed", found["spool"].State)
	require.Contains(t, found["spool"].Says, "SATCHEL_SPOOL_DIR")
}

// TestDoctorDoesNotLookLikeAVirus: the test string is not in the source, or scanners would remove the program.
func TestDoctorDoesNotLookLikeAVirus(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("parts.go")
	require.NoError(t, err)
	require.NotContains(t, string(text), testString)
}

// TestDoctorOfADatabase: the role of the application is well, and one that row-level security does
// not bind is not.
func TestDoctorOfADatabase(t *testing.T) {
	withoutSettings(t)
	db := pgtest.Clone(t)
	t.Setenv("SATCHEL_DATABASE_URL", db.AppURL)
	found, err := examineBy(t, "postgres")
	require.NoError(t, err)
	require.Contains(t, found["postgres"].Says, "archives no WAL", "%+v", found["postgres"])
	t.Setenv("SATCHEL_DATABASE_REPLICA_URL", db.AppURL)
	found, err = examineBy(t, "replica")
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, found["replica"].Says, "no standby", "%+v", found["replica"])
	t.Setenv("SATCHEL_DATABASE_URL", db.AdminURL)
	found, err = examineBy(t, "postgres")
	require.ErrorIs(t, err, errFailed)
	require.Equal(t, "failed", found["postgres"].State)
}

// TestDoctorOfTheStore: a store with its buckets is well, and so are the keys where a key service is
// set; encryption without one is told with the setting that is missing.
func TestDoctorOfTheStore(t *testing.T) {
	withoutSettings(t)
	c := s3test.Serve(t)
	for name, value := range map[string]string{
		"ENDPOINT": c.Endpoint, "ACCESS_KEY": c.AccessKey, "SECRET_KEY": c.SecretKey, "STAGING_BUCKET": c.Staging, "CLEAN_BUCKET": c.Clean, "KEYS_BUCKET": c.Keys,
	} {
		t.Setenv("SATCHEL_S3_"+name, value)
	}
	t.Setenv("SATCHEL_KMS_KEYS", "")
	found, err := examineBy(t, "store", "keys")
	require.ErrorIs(t, err, errFailed)
	require.Equal(t, "ok", found["store"].State, "%+v", found["store"])
	require.Contains(t, found["keys"].Says, "SATCHEL_KMS_KEYS_FILE")
	t.Setenv("SATCHEL_KMS_KEYS", "test "+strings.Repeat("A", 43)+"=")
	found, err = examineBy(t, "keys")
	require.NoError(t, err, "%+v", found["keys"])
	t.Setenv("SATCHEL_S3_CLEAN_BUCKET", "none")
	found, err = examineBy(t, "store")
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, found["store"].Says, "none")
}
