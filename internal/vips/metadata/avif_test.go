package metadata

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// avifOf is what libheif wrote of 200 × 100 pixels of one color.
func avifOf(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name + ".avif")
	require.NoError(t, err)
	return content
}

func TestAVIF(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "alpha"} {
		content := avifOf(t, name)
		require.NoError(t, Check(content), name)
		stripped, err := Strip(content)
		require.NoError(t, err)
		require.Equal(t, content, stripped)
		config, format, err := image.DecodeConfig(bytes.NewReader(content))
		require.NoError(t, err)
		require.Equal(t, []any{"avif", 200, 100}, []any{format, config.Width, config.Height})
		for n := 12; n < len(content); n++ {
			require.Error(t, Check(content[:n]), "%s cut at %d", name, n)
		}
		require.Error(t, Check(append(bytes.Clone(content), "more"...)))
		require.ErrorIs(t, Check(append(bytes.Clone(content), "\x00\x00\x00\x0cfreeword"...)), ErrPresent)
	}
}

// TestAVIFWithWords: words in each place of the form that could hold some are found.
func TestAVIFWithWords(t *testing.T) {
	t.Parallel()
	content := avifOf(t, "alpha")
	change := func(old, now string) []byte {
		t.Helper()
		require.Equal(t, 1, bytes.Count(content, []byte(old)), "%q", old)
		return bytes.Replace(content, []byte(old), []byte(now), 1)
	}
	for name, spoken := range map[string][]byte{
		"another item":       bytes.Replace(content, []byte("av01"), []byte("Exif"), 1),
		"a profile":          change("colrnclx", "colrprof"),
		"a name of a box":    change("pixi\x00\x00\x00\x00\x01\x08", "udta\x00\x00\x00\x00\x01\x08"),
		"another aux":        change("auxiliary:alpha", "auxiliary:words"),
		"a brand":            change("mif1miaf", "mif1word"),
		"a handler":          change("pict\x00\x00\x00\x00", "pictWORD"),
		"a reference":        change("auxl", "cdsc"),
		"space in the frame": change("2!\x11\x00", "*!\x11\x00"),
		"the version":        change("mif1miaf", "mif1mif2"),
	} {
		require.Error(t, Check(spoken), name)
	}
	// A unit of metadata behind the picture, whose place and length the tables name.
	plain := avifOf(t, "plain")
	unit := "\x2a\x05words"
	longer := append(bytes.Clone(plain), unit...)
	at := bytes.Index(longer, []byte("mdat")) - 4
	binary.BigEndian.PutUint32(longer[at:], binary.BigEndian.Uint32(longer[at:])+uint32(len(unit)))
	require.ErrorIs(t, Check(longer), ErrPresent, "no item has it")
	length := bytes.Index(longer, []byte("iloc")) + 4 + 4 + 4 + 14
	binary.BigEndian.PutUint32(longer[length:], binary.BigEndian.Uint32(longer[length:])+uint32(len(unit)))
	require.ErrorIs(t, Check(longer), ErrPresent, "the item has it")
}

// FuzzAVIF: whatever is taken holds no more than it says, and nothing breaks the walk.
func FuzzAVIF(f *testing.F) {
	f.Add(avifOf(f, "plain"))
	f.Add(avifOf(f, "alpha"))
	f.Add([]byte("\x00\x00\x00\x0cftypavif"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if !isAVIF(content) || Check(content) != nil {
			return
		}
		require.Error(t, Check(append(bytes.Clone(content), 0)))
		require.Error(t, Check(content[:len(content)-1]))
		for _, name := range []string{"Exif", "mime", "prof", "rICC", "udta", "free", "uuid", "idat"} {
			at := bytes.Index(content, []byte(name))
			require.True(t, at < 0 || at > bytes.Index(content, []byte("mdat")), "%q is outside of the pixels", name)
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(content))
		require.NoError(t, err)
		require.Positive(t, config.Width*config.Height)
	})
}
