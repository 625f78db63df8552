package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/s3"
)

// as opens the store with the account that a program of the stack has.
func as(t *testing.T, program string) *s3.Store {
	t.Helper()
	secret := func(name string) string {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(os.Getenv("SATCHEL_STACK_FILE")), "secrets", "s3-"+program+"-"+name))
		require.NoError(t, err)
		return strings.TrimSpace(string(b))
	}
	store, err := s3.Open(s3.Config{
		Endpoint: local.S3.Endpoint, Region: "us-east-1", AccessKey: secret("access-key"), SecretKey: secret("secret-key"),
		Staging: local.S3.Buckets["staging"], Clean: local.S3.Buckets["clean"], Quarantine: local.S3.Buckets["quarantine"],
		Exports: local.S3.Buckets["exports"], Keys: local.S3.Buckets["keys"],
	})
	require.NoError(t, err)
	return store
}

// TestOnlyTheWorkerWritesWhatPeopleRead: an API that was taken over can bring
// bytes in and read what is published; it can publish nothing, remove nothing
// that is published, and never sees quarantine.
func TestOnlyTheWorkerWritesWhatPeopleRead(t *testing.T) {
	t.Parallel()
	ctx, key := testContext(t), "e2e/"+uuid.NewString()
	put := func(b *s3.Bucket) error {
		_, err := b.Put(ctx, key, strings.NewReader("bytes"), 5, "")
		return err
	}
	api, worker := as(t, "api"), as(t, "worker")
	for _, b := range []*s3.Bucket{worker.Staging, worker.Clean, worker.Quarantine, worker.Exports} {
		require.NoError(t, put(b))
		t.Cleanup(func() { require.NoError(t, b.Remove(testContext(t), key)) })
	}
	require.NoError(t, put(api.Staging))
	_, err := api.Clean.Stat(ctx, key)
	require.NoError(t, err)
	const no = "Access Denied"
	_, err = api.Exports.Stat(ctx, key)
	require.NoError(t, err)
	for _, b := range []*s3.Bucket{api.Clean, api.Exports} {
		require.ErrorContains(t, put(b), no)
		require.ErrorContains(t, b.Remove(ctx, key), no)
	}
	for _, b := range []*s3.Bucket{api.Keys, worker.Keys} { // data keys have an account of their own
		require.ErrorContains(t, put(b), no)
		_, err = b.Open(ctx, key, "", 0, -1)
		require.ErrorContains(t, err, no)
	}
	require.ErrorContains(t, put(api.Quarantine), no)
	_, err = api.Quarantine.Open(ctx, key, "", 0, -1)
	require.ErrorContains(t, err, no)
	_, err = api.Clean.CopyFrom(ctx, local.S3.Buckets["staging"], key, "", key+".copy")
	require.ErrorContains(t, err, no)
}
