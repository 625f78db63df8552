package metadata

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// chunkOf makes a PNG chunk.
func chunkOf(name, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func TestPNG(t *testing.T) {
	t.Parallel()
	var plain bytes.Buffer
	require.NoError(t, png.Encode(&plain, image.NewRGBA(image.Rect(0, 0, 3, 2))))
	content := plain.Bytes()
	require.NoError(t, Check(content))
	head := len(pngSignature) + 25 // IHDR
	for _, c := range [][2]string{{"tEXt", "Author\x00somebody"}, {"eXIf", "MM\x00*"}, {"iCCP", "x\x00\x00"}, {"gAMA", "\x00\x00\xb1\x8f"}, {"zzZz", ""}} {
		spoken := append(append(bytes.Clone(content[:head]), chunkOf(c[0], c[1])...), content[head:]...)
		require.ErrorIs(t, Check(spoken), ErrPresent, c[0])
		stripped, err := Strip(spoken)
		require.NoError(t, err)
		require.Equal(t, content, stripped, c[0])
	}
	require.ErrorIs(t, Check(append(bytes.Clone(content), "more"...)), ErrPresent)
	stripped, err := Strip(append(bytes.Clone(content), "more"...))
	require.NoError(t, err)
	require.Equal(t, content, stripped)
	for n := len(pngSignature); n < len(content); n++ {
		require.ErrorIs(t, Check(content[:n]), ErrMalformed, n)
	}
	broken := bytes.Clone(content)
	broken[head-1] ^= 1
	require.ErrorIs(t, Check(broken), ErrMalformed)
	require.ErrorIs(t, Check(append([]byte(pngSignature), content[head:]...)), ErrMalformed)
}
