package s3

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestKeysOfAnAccountAreReadAgain: new keys sign within seconds, and what cannot be read takes none away.
func TestKeysOfAnAccountAreReadAgain(t *testing.T) {
	t.Parallel()
	now, broken := Config{AccessKey: "one", SecretKey: "secret one", KeysAccessKey: "keys", KeysSecretKey: "secret of keys"}, error(nil)
	now.Fresh = func() (Config, error) { return now, broken }
	f := &fresh{read: now.Fresh, of: Config.own, last: now.own()}
	is := func(access string) {
		t.Helper()
		v, err := f.Retrieve()
		require.NoError(t, err)
		require.Equal(t, access, v.AccessKeyID)
	}
	require.True(t, f.IsExpired())
	is("one")
	require.False(t, f.IsExpired(), "not for each request")
	f.looked = f.looked.Add(-freshEvery - time.Second)
	require.True(t, f.IsExpired())
	now.AccessKey, now.SecretKey = "two", "secret two"
	is("two")
	broken = errors.New("half written")
	is("two")
	now, broken = Config{AccessKey: "three"}, nil
	is("two")

	v, err := Config{AccessKey: "a", SecretKey: "b"}.credentials(Config.ofKeys).GetWithContext(nil)
	require.NoError(t, err)
	require.Equal(t, "a", v.AccessKeyID, "one account for both")
}
