// Package pictures is the policy of how many pixels a picture may declare.
//
// A decoder allocates memory for the size that the header declares before it
// looks at the data, so a file of 167 bytes can take gigabytes from the browser
// of the person who opens it. The package reads headers only and decodes
// nothing.
//
// The frames of an animation are not counted. They share one canvas, whose pixels
// are bounded. The renderer decodes the first one alone, and browsers decode one
// after another and keep a few, so more frames take time of one tab and no more
// memory. A screen recording of some minutes has more pixels in all its frames than
// any bound on their sum that would refuse something harmful.
package pictures

import (
	"errors"
	"io"
)

const (
	// MaxPixels is the most that one picture, page or canvas may declare: an A0
	// page scanned at 600 dpi has 558 million.
	MaxPixels = 1_000_000_000
	// FreePixels is up to where a header is believed without a look at the bytes.
	FreePixels = 100_000_000

	// maxReads bounds the reads of one file. It is reached by files made for it
	// only: a JPEG with 65 MB of metadata in front, a TIFF that points in circles.
	maxReads = 1024
	// maxPages is how many pages of a TIFF are added up. Each may cost one request
	// to the store.
	maxPages = 128
)

// header holds the declared properties of a picture.
type header struct {
	// pixels are the width times the height of the largest picture or canvas. The
	// frames of an animation are drawn on one canvas, which counts once.
	pixels uint64
	// total are the pixels of all pages, least the bytes that an encoder needs at
	// least for them when they are blank. See bounds.go.
	total, least uint64
}

// parsers by the media type as which a picture is stored.
var parsers = map[string]func(*reader) (header, bool){
	"image/jpeg": parseJPEG,
	"image/png":  parsePNG,
	"image/gif":  parseGIF,
	"image/webp": parseWebP,
	"image/avif": parseISO,
	"image/heic": parseISO,
	"image/tiff": parseTIFF,
	"image/bmp":  parseBMP,
}

// Knows says whether pictures of the media type are measured.
func Knows(mediaType string) bool {
	_, ok := parsers[mediaType]
	return ok
}

// Excessive reports whether the picture of size bytes declares more pixels than
// it may: more than MaxPixels, or more than FreePixels in fewer bytes than any
// encoder needs for a blank picture of that size. It is false for what is no
// picture and for a header that cannot be parsed, which no decoder allocates
// memory for either. An error is always a failure of r.
//
// It reads small ranges, so r may be a remote object.
func Excessive(r io.ReaderAt, size int64, mediaType string) (bool, error) {
	parse, ok := parsers[mediaType]
	if !ok {
		return false, nil
	}
	source := &reader{r: r, size: size}
	h, ok := parse(source)
	if source.err != nil {
		return false, source.err
	}
	return ok && h.excessive(size), nil
}

func (h header) excessive(size int64) bool {
	return h.pixels > MaxPixels || h.total > FreePixels && h.least > uint64(max(size, 0))
}

// reader reads ranges and remembers the first failure of what is below it, so
// that a broken connection is never taken for a strange header.
type reader struct {
	r     io.ReaderAt
	size  int64
	reads int
	err   error
}

// bytes returns n bytes at off. It is false behind the end of the file, after a
// failure, and when the file made it read too often.
func (r *reader) bytes(off uint64, n int) ([]byte, bool) {
	if r.err != nil || r.reads >= maxReads || n < 0 || off > uint64(r.size) || uint64(n) > uint64(r.size)-off {
		return nil, false
	}
	r.reads++
	p := make([]byte, n)
	got, err := r.r.ReadAt(p, int64(off))
	if got == n {
		return p, true
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.err = err
	return nil, false
}

// area never overflows: sides have 32 bits.
func area(width, height uint32) uint64 { return uint64(width) * uint64(height) }

// one is the header of a file with one picture or one canvas.
func one(width, height uint32, least uint64) (header, bool) {
	pixels := area(width, height)
	return header{pixels: pixels, total: pixels, least: least}, pixels > 0
}
