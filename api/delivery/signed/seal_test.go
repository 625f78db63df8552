package signed

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSeal: a message comes back for its own purpose, with every key that is kept, and
// changed nowhere.
func TestSeal(t *testing.T) {
	t.Parallel()
	k := keys(t, oldKey)
	text := k.Seal("test", []byte("message"))
	for _, taken := range []*Keys{k, keys(t, newKey, oldKey)} {
		got, err := taken.Open("test", text)
		require.NoError(t, err)
		require.Equal(t, "message", string(got))
	}
	for name, bad := range map[string]struct {
		k             *Keys
		purpose, text string
	}{
		"another purpose": {k, "other", text}, "another key": {keys(t, newKey), "test", text}, "cut": {k, "test", text[:len(text)-1]},
		"longer": {k, "test", text + "AAAA"}, "empty": {k, "test", ""}, "no text of a seal": {k, "test", "%%%"}, "a link's signature": {k, "content link", k.sign(link())},
	} {
		_, err := bad.k.Open(bad.purpose, bad.text)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	raw, err := encoding.DecodeString(text)
	require.NoError(t, err)
	for i := range raw {
		raw[i] ^= 1
		_, err := k.Open("test", encoding.EncodeToString(raw))
		require.ErrorIs(t, err, ErrInvalid)
		raw[i] ^= 1
	}
	require.NotEqual(t, k.Hash("a", "text"), k.Hash("b", "text"))
	again := k.Hash("a", "text")
	require.Equal(t, again, k.Hash("a", "text"))
}
