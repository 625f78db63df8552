// Package metadata removes what a rendition says beyond its pixels: where it
// was taken, who took it, with what.
//
// It works on the encoded bytes, because the encoder's own switch cannot be
// relied upon: libvips 8.14 keeps EXIF in WebP when told to strip it. Both
// directions go by what is allowed, not by what is known to be private: a
// segment or chunk no one here has heard of is removed by Strip and refused by
// Check.
package metadata

import (
	"bytes"
	"errors"
)

// ErrFormat is returned for bytes that are neither JPEG nor WebP nor PNG nor AVIF.
var ErrFormat = errors.New("neither JPEG nor WebP nor PNG nor AVIF")

// ErrMalformed is returned, wrapped with the place, for an image whose
// structure does not hold. Nothing is guessed: what cannot be walked from
// beginning to end cannot be called clean.
var ErrMalformed = errors.New("malformed image")

// ErrPresent is returned, wrapped with the name of the segment or chunk, by
// Check for bytes that carry more than pixels.
var ErrPresent = errors.New("metadata present")

// Strip returns the image without metadata. Pixels are copied as they are.
func Strip(content []byte) ([]byte, error) {
	switch {
	case isJPEG(content):
		return stripJPEG(content)
	case isWebP(content):
		return stripWebP(content)
	case isPNG(content):
		return stripPNG(content)
	case isAVIF(content):
		return stripAVIF(content)
	}
	return nil, ErrFormat
}

// Check returns nil only for an image in which every byte is needed to show
// its pixels.
func Check(content []byte) error {
	switch {
	case isJPEG(content):
		return checkJPEG(content)
	case isWebP(content):
		return checkWebP(content)
	case isPNG(content):
		return checkPNG(content)
	case isAVIF(content):
		return checkAVIF(content)
	}
	return ErrFormat
}

func isJPEG(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xFF, markerSOI, 0xFF})
}

func isWebP(b []byte) bool {
	return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
}
