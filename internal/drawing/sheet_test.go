package drawing_test

import (
	"image"
	"image/png"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/policies/previews"
)

// TestSheetIsDrawn needs librsvg2-bin and a font: the letters of a text are on its picture,
// line by line, and an empty text leaves it white.
func TestSheetIsDrawn(t *testing.T) {
	t.Parallel()
	sheet := func(text string, m previews.Method) image.Image {
		made, err := draw(t, preview.Sheet(text, m))
		require.NoError(t, err)
		f, err := os.Open(made)
		require.NoError(t, err)
		defer func() { _ = f.Close() }()
		picture, err := png.Decode(f)
		require.NoError(t, err)
		return picture
	}
	require.Equal(t, []int{0, 0, 0}, inked(sheet("", previews.Code)))
	first := inked(sheet("rain and snow", previews.Code))
	require.Positive(t, first[0])
	require.Zero(t, first[1])
	both := inked(sheet("rain and snow\n</text><rect width=\"800\" height=\"1130\"/>", previews.Code))
	require.Equal(t, first[0], both[0])
	require.Positive(t, both[1])
	require.Zero(t, both[2], "what a text says is no element of the drawing")
	heading := inked(sheet("# rain and snow", previews.Markdown))
	require.Positive(t, heading[0])
	table := inked(sheet("name;points\nAda;12\n", previews.Table))
	require.Positive(t, table[0])
	require.Positive(t, table[1])
}

// inked counts the dark points of the first and the second line of a sheet, and of what is
// below them.
func inked(p image.Image) []int {
	const margin, line, height = 48, 20, 1130
	counts := make([]int, 3)
	for y := range p.Bounds().Dy() {
		at := y * height / p.Bounds().Dy()
		// Letters with a tail reach a quarter of a line below it.
		n := min(max(0, at-margin-line/4)/line, 2)
		for x := range p.Bounds().Dx() {
			if r, _, _, _ := p.At(x, y).RGBA(); r < 0x8000 {
				counts[n]++
			}
		}
	}
	return counts
}
