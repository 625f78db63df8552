package pictures

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"slices"
)

// The look is compared by what is light and dark in cells of the page, which neither another
// version of the browser nor another hour of the day changes much.
const (
	cell        = 20   // pixels of a side
	cellChanged = 24   // of 255
	mostChanged = 0.06 // of all cells
)

// Open reads a picture.
func Open(path string) (image.Image, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

// Look says how much of two pictures looks different, as a part of 1, and where: the rectangle
// in pixels around all of that. Pictures of different sizes are wholly different.
func Look(a, b image.Image) (part float64, where image.Rectangle) {
	if a.Bounds() != b.Bounds() {
		return 1, a.Bounds().Union(b.Bounds())
	}
	all := split(a.Bounds())
	differ := 0
	for _, r := range all {
		x, y := lightness(a, r), lightness(b, r)
		if max(x, y)-min(x, y) > cellChanged {
			differ++
			where = where.Union(r)
		}
	}
	return float64(differ) / float64(len(all)), where
}

// LooksStale tells that a part of a picture is more than two runs of the same console differ by.
func LooksStale(part float64) bool { return part > mostChanged }

func split(at image.Rectangle) (all []image.Rectangle) {
	for top := at.Min.Y; top < at.Max.Y; top += cell {
		for left := at.Min.X; left < at.Max.X; left += cell {
			all = append(all, image.Rect(left, top, left+cell, top+cell).Intersect(at))
		}
	}
	return all
}

// lightness is the mean of a part, from 0 to 255.
func lightness(img image.Image, part image.Rectangle) int {
	sum := 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			sum += int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
		}
	}
	return sum / (part.Dx() * part.Dy())
}

// Small is a picture as PNG with the 256 colors that it has most of: a page has few that matter.
func Small(img image.Image) ([]byte, error) {
	at := img.Bounds()
	count := map[color.RGBA]int{}
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			count[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return slices.Compare([]uint8{a.R, a.G, a.B}, []uint8{b.R, b.G, b.B})
	})
	palette := make(color.Palette, 0, 256)
	for _, c := range most[:min(len(most), 256)] {
		palette = append(palette, c)
	}
	few := image.NewPaletted(at, palette)
	draw.Draw(few, at, img, at.Min, draw.Src)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err := encoder.Encode(&out, few)
	return out.Bytes(), err
}
