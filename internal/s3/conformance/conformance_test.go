package conformance

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/s3"
	"satchel/internal/s3test"
)

// TestStoreOfTheTests: the store of the tests and of the local stack does all that is asked, one
// check a test, and nothing is left in it.
func TestStoreOfTheTests(t *testing.T) {
	t.Parallel()
	store := s3test.Raw(t, s3test.Serve(t))
	b := newBench(store, Unknown)
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			switch r := b.make(t.Context(), c); c.Name {
			case "rights":
				require.Equal(t, Skipped, r.State, r.Says)
			default:
				require.Equal(t, OK, r.State, r.Says)
			}
		})
	}
	require.NoError(t, b.clean(t.Context()))
	for _, in := range []*s3.Bucket{store.Staging, store.Clean, store.Keys} {
		require.NoError(t, in.List(t.Context(), "", func(o s3.Object) error {
			t.Errorf("%s is left in %s", o.Key, in.Name())
			return nil
		}))
	}
}

// liar is a store that says yes where it should refuse.
type liar struct{ next http.RoundTripper }

func (l liar) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusPreconditionFailed && resp.StatusCode != http.StatusBadRequest {
		return resp, err
	}
	_ = resp.Body.Close()
	body := []byte("what is there now")
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		body = []byte(`<?xml version="1.0"?><CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>`)
	}
	resp.Status, resp.StatusCode = "200 OK", http.StatusOK
	resp.Header.Set("ETag", `"00000000000000000000000000000000"`)
	resp.Header.Set("Last-Modified", "Mon, 30 Nov 2026 00:00:00 GMT")
	resp.Header.Del("Content-Type")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// TestStoreThatIgnoresConditionsIsFound: a store that answers 200 where a condition or a checksum does
// not hold loses bytes without an error, so each of these checks has to fail on it.
func TestStoreThatIgnoresConditionsIsFound(t *testing.T) {
	t.Parallel()
	c := s3test.Serve(t)
	c.Wrap = func(next http.RoundTripper) http.RoundTripper { return liar{next} }
	store := s3test.Raw(t, c)
	found, err := Run(t.Context(), store, Options{})
	require.NoError(t, err)
	require.False(t, Passed(found))
	failed := map[string]bool{}
	for _, r := range found {
		if r.State == Failed {
			failed[r.Check] = true
			require.NotEmpty(t, r.Says, r.Check)
			require.NotEmpty(t, r.Do, r.Check)
			require.NotEmpty(t, r.For, r.Check)
		}
	}
	require.Equal(t, map[string]bool{"conditional-read": true, "checksum": true, "checksum-crc64": true, "create-only": true, "conditional-replace": true, "copy": true}, failed)
}

// TestOneAccountForAllIsFound: the rights of a program are checked when it is said whose they are.
func TestOneAccountForAllIsFound(t *testing.T) {
	t.Parallel()
	store := s3test.Raw(t, s3test.Serve(t))
	for account, may := range map[Account]string{API: "write clean", Worker: "remove from audit"} {
		b := newBench(store, account)
		require.ErrorContains(t, rights(t.Context(), b), may)
		require.ErrorContains(t, rights(t.Context(), b), "read keys")
		require.NoError(t, b.clean(t.Context()))
	}
}

// strict refuses what an account may not do, before it reaches the store.
type strict struct {
	next http.RoundTripper
	not  func(method, path string) bool
}

func (s strict) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.not(r.Method, r.URL.Path) {
		return s.next.RoundTrip(r)
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	answer := `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>`
	return &http.Response{Status: "403 Forbidden", StatusCode: http.StatusForbidden, Proto: r.Proto, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer))}, nil
}

// TestAccountsThatAreApartPass, and an outage is no refusal.
func TestAccountsThatAreApartPass(t *testing.T) {
	t.Parallel()
	for account, not := range map[Account]func(method, path string) bool{
		Worker: func(method, path string) bool {
			return strings.HasPrefix(path, "/keys") || method == http.MethodDelete && strings.HasPrefix(path, "/audit")
		},
		API: func(method, path string) bool {
			return slices.Contains([]string{"/keys/", "/quarantine/", "/audit/"}, path) || method == http.MethodPut && !strings.HasPrefix(path, "/staging")
		},
	} {
		c := s3test.Serve(t)
		c.Wrap = func(next http.RoundTripper) http.RoundTripper { return strict{next, not} }
		require.NoError(t, rights(t.Context(), newBench(s3test.Raw(t, c), account)), account)
		c.Endpoint = "127.0.0.1:1"
		c.Wrap = nil
		require.ErrorContains(t, rights(t.Context(), newBench(s3test.Raw(t, c), account)), "is not known")
	}
}

// TestAccountsOfTheScript: with the accounts and policies that deploy/buckets.sh makes, each program passes
// as itself, and the worker's account in the place of the API's is found.
func TestAccountsOfTheScript(t *testing.T) {
	t.Parallel()
	c := s3test.ServeAccounts(t, map[string]string{"for-api": "secret of api", "for-worker": "secret of worker", "for-keys": "secret of keys"})
	script := exec.CommandContext(t.Context(), "bash", "-euc", `secret() { case $1 in s3-access-key) printf %s "$ROOT_ACCESS";; s3-secret-key) printf %s "$ROOT_SECRET";;
		s3-*-access-key) name=${1#s3-} && printf %s "for-${name%-access-key}";; esac; }; . ../../../deploy/buckets.sh`)
	script.Env = append(os.Environ(), "ROOT_ACCESS="+c.AccessKey, "ROOT_SECRET="+c.SecretKey, "SATCHEL_S3_ENDPOINT="+c.Endpoint, "SATCHEL_S3_REGION="+c.Region,
		"SATCHEL_S3_STAGING_BUCKET="+c.Staging, "SATCHEL_S3_CLEAN_BUCKET="+c.Clean, "SATCHEL_S3_QUARANTINE_BUCKET="+c.Quarantine, "SATCHEL_S3_AUDIT_BUCKET="+c.Audit,
		"SATCHEL_S3_EXPORTS_BUCKET="+c.Exports, "SATCHEL_S3_KEYS_BUCKET="+c.Keys, "SATCHEL_ROSTER_INBOX_BUCKET=inbox")
	out, err := script.CombinedOutput()
	require.NoError(t, err, string(out))
	c.KeysAccessKey, c.KeysSecretKey = "for-keys", "secret of keys"
	run := func(whose string, as Account) (failed []string) {
		t.Helper()
		c.AccessKey, c.SecretKey = "for-"+whose, "secret of "+whose
		found, err := Run(t.Context(), s3test.Raw(t, c), Options{Account: as})
		require.NoError(t, err)
		for _, r := range found {
			if r.State != OK {
				failed = append(failed, r.Check+": "+r.Says)
			}
		}
		return failed
	}
	require.Empty(t, run("worker", Worker))
	require.Empty(t, run("api", API))
	failed := run("worker", API)
	require.Len(t, failed, 1)
	require.Contains(t, failed[0], "rights: the account of the api may write clean; ")
}
