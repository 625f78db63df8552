package sealed_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/sealed"
)

func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

func open(t *testing.T, keys ...string) *sealed.Box {
	t.Helper()
	b, err := sealed.New(sealed.Config{Keys: strings.Join(keys, "\n")})
	require.NoError(t, err)
	return b
}

func TestSealedOpensInItsPlaceAlone(t *testing.T) {
	t.Parallel()
	b := open(t, key(1))
	text := b.Seal([]byte("secret"), "here")
	require.NotContains(t, text, "secret")
	require.NotEqual(t, text, b.Seal([]byte("secret"), "here"), "each has a nonce of its own")
	got, err := b.Open(text, "here")
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
	for _, c := range []struct{ text, place string }{
		{text, "there"}, {text[:len(text)-8] + "AAAAAAA=", "here"}, {"", "here"}, {"00000000:" + strings.SplitN(text, ":", 2)[1], "here"}, {strings.SplitN(text, ":", 2)[0] + ":AA==", "here"},
	} {
		_, err := b.Open(c.text, c.place)
		require.ErrorIs(t, err, sealed.ErrOpen, c.text)
	}
}

func TestKeysAreReplaced(t *testing.T) {
	t.Parallel()
	before := open(t, key(1)).Seal([]byte("secret"), "here")
	both := open(t, key(2), key(1))
	got, err := both.Open(before, "here")
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
	after := both.Seal(got, "here")
	_, err = open(t, key(1)).Open(after, "here")
	require.ErrorIs(t, err, sealed.ErrOpen, "the first key seals")
	_, err = open(t, key(2)).Open(after, "here")
	require.NoError(t, err)
}

func TestBadKeysStopTheProgram(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"", " \n", "short", base64.StdEncoding.EncodeToString([]byte("short")), key(1) + "\n!"} {
		_, err := sealed.New(sealed.Config{Keys: keys})
		require.ErrorContains(t, err, "SATCHEL_SECRETS_KEY", keys)
	}
}
