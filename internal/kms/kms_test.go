package kms_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/kms"
)

func line(name string, b byte) string {
	return name + " " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) + "\n"
}

func box(t *testing.T, lines ...string) *kms.Box {
	t.Helper()
	f, err := kms.ParseFile([]byte(strings.Join(lines, "")))
	require.NoError(t, err)
	return kms.New(f)
}

func TestAValueOpensInItsPlaceAlone(t *testing.T) {
	t.Parallel()
	b := box(t, line("one", 1))
	for _, value := range []string{"", "secret", strings.Repeat("long", 10_000)} {
		sealed, err := b.Seal(t.Context(), []byte(value), "org/row")
		require.NoError(t, err)
		if value != "" {
			require.NotContains(t, string(sealed), value)
		}
		got, err := b.Open(t.Context(), sealed, "org/row")
		require.NoError(t, err)
		require.Equal(t, value, string(got))
		_, err = b.Open(t.Context(), sealed, "org/other")
		require.ErrorIs(t, err, kms.ErrOpen, "what is bound to another place")
		again, err := b.Seal(t.Context(), []byte(value), "org/row")
		require.NoError(t, err)
		require.NotEqual(t, sealed, again, "each has a key and a nonce of its own")
	}
}

// No cut, no changed byte and no part of another value opens.
func TestAChangedValueDoesNotOpen(t *testing.T) {
	t.Parallel()
	b := box(t, line("one", 1))
	sealed, err := b.Seal(t.Context(), []byte("secret"), "here")
	require.NoError(t, err)
	for n := range sealed {
		_, err := b.Open(t.Context(), sealed[:n], "here")
		require.Error(t, err, "cut at %d", n)
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		_, err = b.Open(t.Context(), changed, "here")
		require.Error(t, err, "changed at %d", n)
	}
	_, err = b.Open(t.Context(), append(bytes.Clone(sealed), 0), "here")
	require.ErrorIs(t, err, kms.ErrOpen)

	other, err := b.Seal(t.Context(), []byte("public"), "here")
	require.NoError(t, err)
	header := len(sealed) - 12 - 16 - len("secret") // before nonce, tag and text
	_, err = b.Open(t.Context(), append(bytes.Clone(sealed[:header]), other[header:]...), "here")
	require.ErrorIs(t, err, kms.ErrOpen, "the data key of one value with the text of another")
}

func TestKeysAreReplaced(t *testing.T) {
	t.Parallel()
	before, both, after := box(t, line("one", 1)), box(t, line("two", 2), line("one", 1)), box(t, line("two", 2))
	sealed, err := before.Seal(t.Context(), []byte("secret"), "here")
	require.NoError(t, err)
	id, err := kms.KeyID(sealed)
	require.NoError(t, err)
	require.Equal(t, "one", id)
	_, err = after.Open(t.Context(), sealed, "here")
	require.ErrorIs(t, err, kms.ErrNoKey)
	_, err = box(t, line("one", 9)).Open(t.Context(), sealed, "here")
	require.ErrorIs(t, err, kms.ErrOpen, "another key of the same name")

	rotated, err := both.Rotate(t.Context(), sealed, "here")
	require.NoError(t, err)
	got, err := after.Open(t.Context(), rotated, "here")
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
	same, err := both.Rotate(t.Context(), rotated, "here")
	require.NoError(t, err)
	require.Equal(t, rotated, same)
	_, err = both.Rotate(t.Context(), sealed, "there")
	require.ErrorIs(t, err, kms.ErrOpen)
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	secret := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for _, text := range []string{"", "# only words\n", secret, "Name " + secret, "one two three", "one short", line("one", 1) + line("one", 2), "one " + secret[:40]} {
		_, err := kms.ParseFile([]byte(text))
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), secret[:20])
	}
	b, err := kms.Config{}.Open()
	require.NoError(t, err)
	require.Nil(t, b)
	_, err = kms.Config{Keys: "one short"}.Open()
	require.ErrorContains(t, err, "SATCHEL_KMS_KEYS")
	b, err = kms.Config{Keys: "# keys\n\n" + line("one", 1)}.Open()
	require.NoError(t, err)
	require.NotNil(t, b)
}

var errDown = errors.New("no answer")

// broken is a key service that fails, or answers what no header can hold.
type broken struct{ err error }

func (b broken) Wrap(context.Context, []byte, []byte) (string, []byte, error) {
	return "", nil, b.err
}
func (b broken) Unwrap(context.Context, string, []byte, []byte) ([]byte, error) { return nil, b.err }
func (b broken) Current(context.Context) (string, error)                        { return "", b.err }

func TestAServiceThatFails(t *testing.T) {
	t.Parallel()
	sealed, err := box(t, line("one", 1)).Seal(t.Context(), []byte("secret"), "here")
	require.NoError(t, err)
	b := kms.New(broken{errDown})
	_, err = b.Seal(t.Context(), []byte("secret"), "here")
	require.ErrorIs(t, err, errDown)
	_, err = b.Open(t.Context(), sealed, "here")
	require.ErrorIs(t, err, errDown)
	_, err = b.Rotate(t.Context(), sealed, "here")
	require.ErrorIs(t, err, errDown)
	_, err = kms.New(broken{}).Seal(t.Context(), []byte("secret"), "here")
	require.Error(t, err, "a service that names no key")
	_, err = kms.New(broken{}).Open(t.Context(), sealed, "here")
	require.ErrorIs(t, err, kms.ErrOpen, "a service that gives no key")
}

// FuzzOpen: whatever is in the row, nothing but a value of this place opens.
func FuzzOpen(f *testing.F) {
	file, err := kms.ParseFile([]byte(line("one", 1)))
	require.NoError(f, err)
	b := kms.New(file)
	sealed, err := b.Seal(context.Background(), []byte("secret"), "here")
	require.NoError(f, err)
	f.Add(sealed)
	f.Add([]byte{1, 255, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := b.Open(t.Context(), data, "here")
		if err == nil {
			require.Equal(t, sealed, data)
			require.Equal(t, "secret", string(got))
		}
	})
}

// TestAKeyFileIsReadAgain: a key that was put in front while the program runs is used, and a
// file that is half written takes none away.
func TestAKeyFileIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte(line("one", 1)), 0o600))
	first, err := kms.ParseFile([]byte(line("one", 1)))
	require.NoError(t, err)
	b := kms.New(kms.Watch(path, first))
	sealed, err := b.Seal(t.Context(), []byte("secret"), "here")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(line("two", 2)+line("one", 1)), 0o600))
	theirs, err := box(t, line("two", 2)).Seal(t.Context(), []byte("theirs"), "here")
	require.NoError(t, err)
	got, err := b.Open(t.Context(), theirs, "here")
	require.NoError(t, err, "another program has read the file before")
	require.Equal(t, "theirs", string(got))
	current, err := b.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, "two", current)
	sealed, err = b.Rotate(t.Context(), sealed, "here")
	require.NoError(t, err)
	id, err := kms.KeyID(sealed)
	require.NoError(t, err)
	require.Equal(t, "two", id)

	require.NoError(t, os.WriteFile(path, []byte("two half"), 0o600))
	unknown, err := box(t, line("three", 3)).Seal(t.Context(), []byte("x"), "here")
	require.NoError(t, err)
	_, err = b.Open(t.Context(), unknown, "here")
	require.ErrorIs(t, err, kms.ErrNoKey)
	got, err = b.Open(t.Context(), sealed, "here")
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
}
