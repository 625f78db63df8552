// Package picture turns the bytes of one image into its renditions.
//
// It expects to run in a process that is confined and ends afterwards: it
// switches libvips to the one format at hand and never back.
package picture

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/h2non/bimg"

	"satchel/internal/vips"
	"satchel/internal/vips/metadata"
)

// Format is an input format, recognized by its first bytes.
type Format struct {
	Name   string
	loader string // libvips class that decodes it
}

// formats are all that is decoded. Everything else libvips could open, from
// SVG to microscope slides, stays out of the reach of an uploader.
var formats = map[string]Format{
	"image/jpeg":             {"jpeg", "VipsForeignLoadJpeg"},
	"image/png":              {"png", "VipsForeignLoadPng"},
	"image/apng":             {"png", "VipsForeignLoadPng"}, // the first frame of an animation
	"image/vnd.mozilla.apng": {"png", "VipsForeignLoadPng"},
	"image/webp":             {"webp", "VipsForeignLoadWebp"},
	"image/gif":              {"gif", "VipsForeignLoadNsgif"},
	"image/tiff":             {"tiff", "VipsForeignLoadTiff"},
	"image/avif":             {"avif", "VipsForeignLoadHeif"},
	"image/heic":             {"heic", "VipsForeignLoadHeif"},
	"image/heic-sequence":    {"heic", "VipsForeignLoadHeif"},
	"image/heif":             {"heic", "VipsForeignLoadHeif"},
	"image/heif-sequence":    {"heic", "VipsForeignLoadHeif"},
	"image/jp2":              {"jp2", "VipsForeignLoadJp2k"},
	"image/jpx":              {"jp2", "VipsForeignLoadJp2k"},
	"image/jxl":              {"jxl", "VipsForeignLoadJxl"},
	"image/bmp":              {"bmp", "VipsForeignLoadPng"}, // by way of fromBMP
	"image/x-icon":           {"ico", "VipsForeignLoadPng"}, // by way of fromICO
}

// converters write a PNG of what libvips has no loader for.
var converters = map[string]func([]byte) ([]byte, error){"bmp": fromBMP, "ico": fromICO}

// Recognize names the format by magic bytes, in Go, before libvips sees any.
func Recognize(content []byte) (Format, error) {
	if bytes.HasPrefix(content, []byte("\xff\x4f\xff\x51")) {
		return formats["image/jp2"], nil // its bare codestream
	}
	detected := mimetype.Detect(content)
	format, ok := formats[detected.String()]
	if !ok {
		return Format{}, vips.NotRenderable{Code: vips.Unsupported, Message: fmt.Sprintf("content is %s; pictures are made of JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF, BMP, ICO, JPEG 2000 and JPEG XL", detected)}
	}
	return format, nil
}

// Header is what an image says about itself before its pixels.
type Header struct {
	Width, Height      int // as stored, before Orientation
	Orientation, Pages int
	profiled           bool // has an RGB color profile of its own
}

// turned says whether showing the picture upright swaps its sides.
func (h Header) turned() bool { return h.Orientation >= 5 }

// Rendition is a rendition that is not written yet.
type Rendition struct {
	vips.Rendition
	Content []byte
}

// opened is a picture whose header was read and found to be within the bounds.
type opened struct {
	content []byte
	format  Format
	header  Header
	report  vips.Report
}

// open reads the header and refuses what is too large.
func open(content []byte) (opened, error) {
	format, err := Recognize(content)
	if err != nil {
		return opened{}, err
	}
	if asPNG, ok := converters[format.Name]; ok {
		if content, err = asPNG(content); err != nil {
			return opened{}, err
		}
	}
	openLoader(format)
	header, err := readHeader(content)
	if err != nil {
		return opened{}, damaged(err)
	}
	if err := bounded(format.Name, header); err != nil {
		return opened{}, err
	}
	if format.Name == "jp2" {
		header.Pages = 1 // libvips counts its resolutions
	}
	report := vips.Report{
		Width: header.Width, Height: header.Height, Orientation: header.Orientation,
		Format: format.Name, Pages: header.Pages,
	}
	if header.turned() {
		report.Width, report.Height = header.Height, header.Width
	}
	return opened{content: content, format: format, header: header, report: report}, nil
}

// Render reads the header, refuses what is too large, and makes all renditions.
func Render(content []byte) (vips.Report, []Rendition, error) {
	o, err := open(content)
	if err != nil {
		return vips.Report{}, nil, err
	}
	longest := max(o.header.Width, o.header.Height)
	steps := stepsFor(longest)
	side := steps[len(steps)-1].Side
	largest, err := shrink(o.content, side, how{options: shrinkOnLoad(o.format, longest, side), profiled: o.header.profiled})
	if err != nil {
		return vips.Report{}, nil, damaged(err)
	}
	made, err := ladder(largest, steps)
	return o.report, made, err
}

// bounded refuses from the header alone: a 167-byte file may promise 2,500
// million pixels, and must cost no more than reading its 167 bytes.
func bounded(format string, h Header) error {
	if vips.Fits(format, h.Width, h.Height) {
		return nil
	}
	return vips.NotRenderable{Code: vips.TooManyPixels, Message: fmt.Sprintf("%d × %d pixels; at most %d a side and %d in all are rendered, of a JPEG %d and %d",
		h.Width, h.Height, vips.MaxSide, vips.MaxPixels, vips.MaxShrunkSide, vips.MaxShrunkPixels)}
}

// shrinkOnLoad has a JPEG decoded at 1/2, 1/4 or 1/8 of its size, which takes a
// fraction of the time: the least that leaves enough pixels to scale down from.
func shrinkOnLoad(format Format, longest, side int) string {
	if format.Name != "jpeg" {
		return ""
	}
	for _, factor := range []int{8, 4, 2} {
		if longest >= side*factor {
			return fmt.Sprintf("[shrink=%d]", factor)
		}
	}
	return ""
}

// ladder makes each smaller rendition from the one above it, so that the source
// is decoded once.
func ladder(current []byte, steps []vips.Size) ([]Rendition, error) {
	var made []Rendition
	for i := len(steps) - 1; ; i-- {
		encoded, err := encodeAll(current, steps[i])
		if err != nil {
			return nil, err
		}
		made = append(encoded, made...)
		if i == 0 {
			return made, nil
		}
		if current, err = shrink(current, steps[i-1].Side, how{}); err != nil {
			return nil, fmt.Errorf("shrink to %s: %w", steps[i-1].Name, err)
		}
	}
}

// stepsFor drops the steps that would only repeat the picture unscaled.
func stepsFor(longest int) []vips.Size {
	for i, size := range vips.Sizes {
		if longest <= size.Side {
			return vips.Sizes[:i+1]
		}
	}
	return vips.Sizes
}

func encodeAll(picture []byte, size vips.Size) ([]Rendition, error) {
	bounds, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read intermediate picture: %w", err)
	}
	var made []Rendition
	for _, encoding := range vips.Encodings {
		name := size.Name + encoding.Suffix
		content, err := encode(picture, encoding)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		made = append(made, Rendition{Content: content, Rendition: vips.Rendition{
			Name: name, File: name, MIME: encoding.MIME,
			Width: bounds.Width, Height: bounds.Height, Size: int64(len(content)),
		}})
	}
	return made, nil
}

// options of bimg for each encoding. JPEG has no transparency: what shows
// through is white, as on paper, where bimg's default would be black.
var options = map[string]bimg.Options{
	"image/webp": {Type: bimg.WEBP, Quality: 80, StripMetadata: true, NoAutoRotate: true},
	"image/jpeg": {Type: bimg.JPEG, Quality: 82, StripMetadata: true, NoAutoRotate: true, Interlace: true,
		Background: bimg.Color{R: 255, G: 255, B: 255}},
}

func encode(picture []byte, encoding vips.Encoding) ([]byte, error) {
	content, err := bimg.Resize(picture, options[encoding.MIME])
	if err != nil {
		return nil, err
	}
	clean, err := metadata.Strip(content)
	if err != nil {
		return nil, fmt.Errorf("strip metadata: %w", err)
	}
	return clean, metadata.Check(clean)
}

// damaged turns a decoder's complaint into a finding. Running out of memory is
// told apart, since it is the limit that refuses the image, not the codec.
func damaged(err error) error {
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"out of memory", "unable to allocate", "cannot allocate", "memory allocation"} {
		if strings.Contains(text, sign) {
			return vips.NotRenderable{Code: vips.TooExpensive, Message: err.Error()}
		}
	}
	return vips.NotRenderable{Code: vips.Corrupt, Message: err.Error()}
}
