package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/s3test"
)

// TestStoreCheckOfASettingsStore: a store that can be used exits with 0 and a table of marks, one that is
// not there with 1, each check named; programs get the same as JSON.
func TestStoreCheckOfASettingsStore(t *testing.T) {
	c := s3test.Serve(t)
	for name, value := range map[string]string{
		"ENDPOINT": c.Endpoint, "ACCESS_KEY": c.AccessKey, "SECRET_KEY": c.SecretKey, "STAGING_BUCKET": c.Staging, "CLEAN_BUCKET": c.Clean,
		"QUARANTINE_BUCKET": c.Quarantine, "AUDIT_BUCKET": c.Audit, "EXPORTS_BUCKET": c.Exports, "KEYS_BUCKET": c.Keys,
	} {
		t.Setenv("SATCHEL_S3_"+name, value)
	}
	check := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := root()
		cmd.SetOut(&out)
		cmd.SetErr(&bytes.Buffer{})
		cmd.SetArgs(append([]string{"admin", "store-check"}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	said, err := check()
	require.NoError(t, err, said)
	require.Regexp(t, `✓ +conditional-read `, said)
	require.Regexp(t, `– +rights `, said)
	require.NotContains(t, said, "✗")
	_, err = check("--as", "owner")
	require.ErrorContains(t, err, "api or worker")

	t.Setenv("SATCHEL_S3_CLEAN_BUCKET", "none")
	said, err = check("--json")
	require.ErrorIs(t, err, errOutcome)
	var report storeReport
	require.NoError(t, json.Unmarshal([]byte(said), &report))
	require.False(t, report.Usable)
	require.Contains(t, report.Checks[0].Says, "none")
	require.NotEmpty(t, report.Checks[0].Do)
	require.NoError(t, os.Unsetenv("SATCHEL_S3_ACCESS_KEY")) // t.Setenv puts it back
	_, err = check()
	require.ErrorContains(t, err, "with the environment of api or worker")
}
