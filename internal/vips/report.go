package vips

// Code says why an image has no renditions. The list is closed: a code the
// parent does not know is a fault, because a child that was taken over must
// not be able to invent an outcome.
type Code string

// The findings: why a picture has no previews, which another try would not change.
const (
	TooManyPixels Code = "too_many_pixels" // the header promises more pixels than are worth decoding
	TooManyBytes  Code = "too_many_bytes"  // the file is larger than the child may hold in memory
	Unsupported   Code = "unsupported"     // not one of the formats that are decoded
	Corrupt       Code = "corrupt"         // truncated or damaged: half a preview would be a lie
	TooExpensive  Code = "too_expensive"   // ran into the limits on CPU time or memory
	Crashed       Code = "crashed"         // the decoder died on this image
)

func (c Code) known() bool {
	switch c {
	case TooManyPixels, TooManyBytes, Unsupported, Corrupt, TooExpensive, Crashed:
		return true
	}
	return false
}

// Exit codes of the child. Exit code 2 is left to the Go runtime, which uses
// it when the process dies of a signal inside C code.
const (
	ExitFault         = 1  // trying again may help
	ExitNotRenderable = 3  // a finding about the image, trying again will not help
	ExitUsage         = 64 // wrong flags
)

// Limits on pixels and sides, shared by the child, which refuses, and the
// parent, which does not believe a report beyond them.
const (
	MaxPixels = 50_000_000
	MaxSide   = 16_384
)

// Limits of a JPEG, of which the decoder makes an eighth of the size in one go: the
// photo of a phone with 200 megapixels takes less memory than another picture of 50.
const (
	MaxShrunkPixels = 250_000_000
	MaxShrunkSide   = 65_500 // of the format
)

// Fits says whether a picture of this format and size is decoded.
func Fits(format string, width, height int) bool {
	side, pixels := MaxSide, MaxPixels
	if format == "jpeg" {
		side, pixels = MaxShrunkSide, MaxShrunkPixels
	}
	return width > 0 && height > 0 && width <= side && height <= side && width*height <= pixels
}

// Size is one step of the rendition ladder: the picture, fitted into a square.
// Squares bound the pixels of a rendition; bare widths would turn a long
// screenshot into a "thumbnail" 12,000 pixels high.
type Size struct {
	Name string // first part of the rendition's name
	Side int    // longest side in pixels
}

// Sizes is the ladder, smallest first. A picture is never enlarged: it gets
// the steps below its own longest side and the one that holds it unscaled.
var Sizes = []Size{{"fit320", 320}, {"fit800", 800}, {"fit1600", 1600}}

// Encoding is a format renditions are written in.
type Encoding struct {
	Suffix string
	MIME   string
}

// Encodings are WebP for everything current and JPEG for everything else.
var Encodings = []Encoding{{".webp", "image/webp"}, {".jpg", "image/jpeg"}}

// Report is the one line of JSON the child prints: what it made, or why not.
type Report struct {
	// Width and Height are the picture as it is seen, after Orientation.
	Width       int         `json:"width,omitempty"`
	Height      int         `json:"height,omitempty"`
	Orientation int         `json:"orientation,omitempty"` // EXIF orientation of the source, 1 to 8
	Format      string      `json:"format,omitempty"`      // jpeg, png, webp, gif, avif, heic, tiff or bmp
	Pages       int         `json:"pages,omitempty"`       // frames or pages; only the first is rendered
	Renditions  []Rendition `json:"renditions,omitempty"`
	Sandbox     []string    `json:"sandbox,omitempty"` // what confined the child on this machine
	Error       *Failure    `json:"error,omitempty"`
}

// Failure is a Report's reason for having no renditions.
type Failure struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Rendition is one picture derived from the source. Name is unique among the
// renditions of a source and is also the name of its file.
type Rendition struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	MIME   string `json:"mime_type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Size   int64  `json:"size"`
	// Path is where the parent verified the file; the child does not send it.
	Path string `json:"-"`
}
