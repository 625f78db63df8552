// Package transforms is the policy of which pictures are made on demand: sizes, ways to
// fit, qualities and formats, each from a bounded list, so that no caller fills the
// store with pictures that differ by a pixel.
package transforms

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"satchel/internal/fault"
)

// Fit is how a picture comes into its box.
type Fit string

// The closed list. A picture is never enlarged.
const (
	Inside  Fit = "inside"  // as large as fits, with its own proportions
	Contain Fit = "contain" // the same, on a ground of exactly the box
	Cover   Fit = "cover"   // fills the box, what is beyond is cut
	Fill    Fit = "fill"    // fills the box, with the box's proportions
)

// Gravity is what stays of a picture that is cut.
type Gravity string

// The closed list.
const (
	Center    Gravity = "center"
	Attention Gravity = "attention" // where the picture has most to see, as libvips finds
	Focal     Gravity = "focal"     // the point that the caller names
)

// Format is what the picture is encoded in.
type Format string

// The closed list. AVIF is made for who names it: it takes several times as long as WebP,
// so that no reader's Accept header chooses it.
const (
	WebP Format = "webp"
	JPEG Format = "jpeg"
	PNG  Format = "png"
	AVIF Format = "avif"
)

// MediaType is the format's.
func (f Format) MediaType() string { return "image/" + string(f) }

// Spec is one picture that can be made of a version. Its fields are of the lists.
type Spec struct {
	Width, Height  int // of the box in pixels; 0: any
	Fit            Fit
	Gravity        Gravity // of Cover
	FocalX, FocalY int     // of Focal: percent of the width from the left, and of the height from the top
	Quality        int     // of JPEG, WebP and AVIF
	Page           int     // of a document, from 1; 0: what it shows first
	Format         Format
}

// Ask is what a caller asks for. Zero values mean the default.
type Ask struct {
	Preset  string   `json:"preset"`
	Width   int      `json:"width"`
	Height  int      `json:"height"`
	Fit     Fit      `json:"fit"`
	Gravity Gravity  `json:"gravity"`
	FocalX  *float64 `json:"focal_x"` // 0 to 1
	FocalY  *float64 `json:"focal_y"`
	Quality int      `json:"quality"`
	Format  string   `json:"format"` // or auto: what the reader accepts
	DPR     float64  `json:"dpr"`
	Page    int      `json:"page"`
}

// Sizes are the sides that are made where an organization has no list of its own.
var Sizes = []int{32, 64, 96, 128, 160, 240, 320, 480, 640, 800, 960, 1280, 1600, 1920, 2560}

// MinSide and MaxSide are the shortest and the longest side that an organization lists,
// and MaxSizes how many.
const (
	MinSide  = 16
	MaxSide  = 2560
	MaxSizes = 24
)

// SizesOf orders the sides of an organization. It says false for what is no such list.
func SizesOf(sides []int) ([]int, bool) {
	sizes := slices.Compact(slices.Sorted(slices.Values(sides)))
	if len(sizes) == 0 {
		return []int{}, true
	}
	return sizes, len(sizes) <= MaxSizes && sizes[0] >= MinSide && sizes[len(sizes)-1] <= MaxSide
}

// Presets are pictures by a name, for those who want no numbers.
var Presets = map[string]Ask{
	"icon":   {Width: 64, Height: 64, Fit: Cover, Gravity: Attention},
	"thumb":  {Width: 320, Height: 320, Fit: Inside},
	"card":   {Width: 480, Height: 320, Fit: Cover, Gravity: Attention},
	"screen": {Width: 1280, Height: 1280, Fit: Inside},
	"large":  {Width: 1920, Height: 1920, Fit: Inside},
}

var (
	qualities = []int{40, 60, 75, 85, 95}
	ratios    = []float64{1, 1.5, 2, 3}
)

const (
	defaultQuality = 75
	focalStep      = 10 // percent
	maxPage        = 99_999
)

// Auto is the format of a picture whose reader decides by Accept.
const Auto = "auto"

func invalid(field, text string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_"+field, text, args...)
}

// Resolve gives the picture of the lists that is nearest to what is asked for, at least
// as large. Its format is empty where the reader decides.
func (a Ask) Resolve(sizes []int) (Spec, error) {
	if a.Preset != "" {
		preset, ok := Presets[a.Preset]
		if !ok {
			return Spec{}, invalid("preset", "There is no preset of this name. docs/delivery.md lists them.")
		}
		preset.DPR, preset.Format, preset.Page, preset.Quality = a.DPR, a.Format, a.Page, a.Quality
		a = preset
	}
	s := Spec{Fit: a.Fit, Page: a.Page}
	for _, set := range []func(*Spec) error{func(s *Spec) error { return a.box(s, sizes) }, a.cut, a.encoding} {
		if err := set(&s); err != nil {
			return Spec{}, err
		}
	}
	if a.Page < 0 || a.Page > maxPage {
		return Spec{}, invalid("page", "page is the number of a page of a document, from 1.")
	}
	return s, nil
}

func (a Ask) box(s *Spec, sizes []int) error {
	ratio := 1.0
	if a.DPR != 0 {
		if a.DPR < 0 || a.DPR > 8 {
			return invalid("dpr", "dpr is the number of device pixels to a pixel, such as 2.")
		}
		ratio = atLeast(ratios, a.DPR)
	}
	if a.Width < 0 || a.Height < 0 || a.Width > MaxSide || a.Height > MaxSide || a.Width == 0 && a.Height == 0 {
		return invalid("width", "width and height are numbers of pixels up to %d, of which one can be left out.", MaxSide)
	}
	if len(sizes) == 0 {
		sizes = Sizes
	}
	for from, to := range map[*int]*int{&a.Width: &s.Width, &a.Height: &s.Height} {
		if *from > 0 {
			*to = atLeast(sizes, int(float64(*from)*ratio))
		}
	}
	switch s.Fit {
	case "":
		s.Fit = Inside
	case Inside:
	case Contain, Cover, Fill:
		if a.Width == 0 || a.Height == 0 {
			return invalid("fit", "contain, cover and fill need a width and a height.")
		}
	default:
		return invalid("fit", "fit is inside, contain, cover or fill.")
	}
	return nil
}

func (a Ask) cut(s *Spec) error {
	switch a.Gravity {
	case "", Center, Attention:
		if a.FocalX != nil || a.FocalY != nil {
			return invalid("gravity", "focal_x and focal_y go with gravity focal.")
		}
	case Focal:
		if a.FocalX == nil || a.FocalY == nil || !unit(*a.FocalX) || !unit(*a.FocalY) {
			return invalid("gravity", "gravity focal needs focal_x and focal_y, from 0 to 1.")
		}
		s.FocalX, s.FocalY = percent(*a.FocalX), percent(*a.FocalY)
	default:
		return invalid("gravity", "gravity is center, attention or focal.")
	}
	if s.Fit != Cover {
		s.FocalX, s.FocalY = 0, 0
		return nil
	}
	s.Gravity = a.Gravity
	if s.Gravity == "" {
		s.Gravity = Center
	}
	return nil
}

func (a Ask) encoding(s *Spec) error {
	switch Format(a.Format) {
	case "", Auto:
	case WebP, JPEG, PNG, AVIF:
		s.Format = Format(a.Format)
	default:
		return invalid("format", "format is auto, webp, jpeg, png or avif.")
	}
	switch {
	case a.Quality < 0 || a.Quality > 100:
		return invalid("quality", "quality is a number from 1 to 100.")
	case a.Quality == 0:
		s.Quality = defaultQuality
	default:
		s.Quality = atLeast(qualities, a.Quality)
	}
	return nil
}

// atLeast is the first of the ascending list that is not smaller, or the last.
func atLeast[N int | float64](list []N, n N) N {
	i, _ := slices.BinarySearch(list, n)
	return list[min(i, len(list)-1)]
}

func unit(x float64) bool { return x >= 0 && x <= 1 }

func percent(x float64) int { return int(x*100/focalStep+0.5) * focalStep }

// Key names the picture among those of its version: it is part of addresses, rows and
// the names of objects.
func (s Spec) Key() string {
	gravity := string(s.Gravity)
	if s.Gravity == Focal {
		gravity = fmt.Sprintf("f%d.%d", s.FocalX, s.FocalY)
	}
	if gravity == "" {
		gravity = "none"
	}
	return fmt.Sprintf("%dx%d-%s-%s-q%d-p%d.%s", s.Width, s.Height, s.Fit, gravity, s.Quality, s.Page, s.Format)
}

var keyForm = regexp.MustCompile(`^(\d{1,4})x(\d{1,4})-(inside|contain|cover|fill)-(none|center|attention|f(\d{1,3})\.(\d{1,3}))-q(\d{1,3})-p(\d{1,5})\.(webp|jpeg|png|avif|)$`)

// Parse reads a key. It takes those alone that Key gives.
func Parse(key string) (Spec, bool) {
	m := keyForm.FindStringSubmatch(key)
	if m == nil {
		return Spec{}, false
	}
	s := Spec{Width: number(m[1]), Height: number(m[2]), Fit: Fit(m[3]), Quality: number(m[7]), Page: number(m[8]), Format: Format(m[9])}
	switch {
	case m[5] != "":
		s.Gravity, s.FocalX, s.FocalY = Focal, number(m[5]), number(m[6])
	case m[4] != "none":
		s.Gravity = Gravity(m[4])
	}
	ok := s.Width <= MaxSide && s.Height <= MaxSide && s.Width+s.Height > 0 && s.FocalX <= 100 && s.FocalY <= 100 && s.Quality >= 1 && s.Quality <= 100 &&
		(s.Fit == Cover) == (s.Gravity != "") && (s.Fit == Inside || s.Width > 0 && s.Height > 0)
	return s, ok && s.Key() == key
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // digits, of a bounded number
	return n
}
