package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"

	"satchel/internal/vips"
)

// icon is an icon file of the parts, each with its side.
func icon(sides []int, parts ...[]byte) []byte {
	out := binary.LittleEndian.AppendUint16([]byte{0, 0, 1, 0}, uint16(len(parts)))
	at := icoHeader + icoEntry*len(parts)
	for i, part := range parts {
		out = append(out, byte(sides[i]), byte(sides[i]), 0, 0, 1, 0, 24, 0)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(part)))
		out = binary.LittleEndian.AppendUint32(out, uint32(at))
		at += len(part)
	}
	return append(out, bytes.Join(parts, nil)...)
}

// bitmap is a red square as the part of an icon, whose left half is transparent.
func bitmap(t require.TestingT, side int) []byte {
	drawn := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range drawn.Pix {
		drawn.Pix[i] = []byte{200, 0, 0, 255}[i%4]
	}
	var b bytes.Buffer
	require.NoError(t, bmp.Encode(&b, drawn))
	part := b.Bytes()[fileHeader:]
	binary.LittleEndian.PutUint32(part[8:], uint32(2*side))
	row := make([]byte, (side+31)/32*4)
	for x := range side / 2 {
		row[x/8] |= 0x80 >> (x % 8)
	}
	return append(part, bytes.Repeat(row, side)...)
}

// Of an icon the largest picture is shown, a bitmap with its mask or a PNG.
func TestIcons(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64))))
	report, made, err := Render(icon([]int{16, 64}, bitmap(t, 16), b.Bytes()))
	require.NoError(t, err)
	require.Equal(t, "ico", report.Format)
	require.Equal(t, 64, report.Width)
	require.NotEmpty(t, made)

	report, _, err = Render(icon([]int{48, 16}, bitmap(t, 48), bitmap(t, 16)))
	require.NoError(t, err)
	require.Equal(t, []int{48, 48}, []int{report.Width, report.Height})
	content, err := fromICO(icon([]int{48}, bitmap(t, 48)))
	require.NoError(t, err)
	drawn, err := png.Decode(bytes.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, color.NRGBA{}, color.NRGBAModel.Convert(drawn.At(3, 3)))
	require.Equal(t, color.NRGBA{R: 200, A: 255}, color.NRGBAModel.Convert(drawn.At(40, 3)))
}

// FuzzICO: an icon is a picture or a finding, whatever its directory says.
func FuzzICO(f *testing.F) {
	f.Add(icon([]int{16}, bitmap(f, 16)))
	f.Add([]byte{0, 0, 1, 0, 255, 255})
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := fromICO(content)
		var finding vips.NotRenderable
		if err != nil {
			require.ErrorAs(t, err, &finding)
		}
	})
}
