package segments_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/segments"
)

func collect(r io.Reader) (all []string, err error) {
	err = segments.Each(r, func(at segments.Place, text io.Reader) error {
		words, err := io.ReadAll(text)
		all = append(all, at.Member+" "+at.Part+" "+string(words))
		return err
	})
	return all, err
}

func TestFramesComeBack(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	f := segments.NewFrames(&b, 1<<20)
	long := strings.Repeat("#1\n{}\n", 20_000)
	require.NoError(t, segments.Write(f, segments.Place{Part: segments.Page, Number: 1}, "one\n#"))
	require.NoError(t, segments.Write(f, segments.Place{Member: "3/1", Part: segments.Text}, long))
	require.NoError(t, segments.Write(f, segments.Place{Part: segments.Note}, ""))
	require.NoError(t, f.Close())
	all, err := collect(&b)
	require.NoError(t, err)
	require.Equal(t, []string{" page one\n#", "3/1 text " + long}, all)
}

func TestFramesAreBounded(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	f := segments.NewFrames(&b, 100)
	err := segments.Write(f, segments.Place{Part: segments.Text}, strings.Repeat("x", 1000))
	var unread *segments.Unread
	require.ErrorAs(t, err, &unread)
	require.Equal(t, segments.TooLong, unread.Reason)
	require.NoError(t, f.Close())
	all, err := collect(&b)
	require.NoError(t, err)
	require.Len(t, all, 1, "what was read before the bound is there")
}

// TestForeignStreamsAreRefused: a child that a file took over writes what it likes.
func TestForeignStreamsAreRefused(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"hello\n", "{}", "{}\n#x\n", "{}\n#-1\n", "{}\n#99999999999\n", "#3\nabc", "{}\n#10\nabc", strings.Repeat("x", 100_000)} {
		_, err := collect(strings.NewReader(stream))
		require.Error(t, err, stream[:min(len(stream), 20)])
		require.True(t, errors.Is(err, segments.ErrFrames) || errors.Is(err, io.ErrUnexpectedEOF), err)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"Stra\xdfe": "Straße", "\xff\xfeH\x00i\x00": "Hi", "\xfe\xff\x00H\x00i": "Hi", "\ufeffÄpfel": "Äpfel", "H\x00i\x00 \x00y\x00o\x00u\x00": "Hi you",
		"\xff\xfe\x00\x00H\x00\x00\x00": "H", "": "", "plain": "plain",
	} {
		require.Equal(t, want, segments.Decode([]byte(content)), "%q", content)
	}
}
