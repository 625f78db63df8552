// Package jpegs finds the JPEG images that lie in other files: cameras put a picture of the
// whole photograph into their raw files, and Photoshop a small one into its own.
package jpegs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Image is where an image begins, and its size in pixels. Where it ends is not known: a reader of
// JPEG stops there by itself.
type Image struct {
	Offset        int64
	Width, Height int
}

// The bounds of a search.
const (
	window   = 1 << 20 // bytes that are read at once
	most     = 1000    // images that are looked at
	segments = 500     // of the header of one
)

var begin = []byte("\xFF\xD8\xFF")

// Largest gives the largest image that a viewer shows; none when there is no such. The lossless
// form, in which raw files have what the sensor saw, is not one. The search reads the file once, and
// the headers of what looks like an image.
func Largest(file io.ReaderAt, size int64) (largest Image, found bool, err error) {
	buffer := make([]byte, window)
	looked := 0
	for at := int64(0); at < size && looked < most; at += window - int64(len(begin)) + 1 {
		n, err := file.ReadAt(buffer[:min(window, size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return Image{}, false, fmt.Errorf("look for images: %w", err)
		}
		for rest, skipped := buffer[:n], int64(0); looked < most; looked++ {
			i := bytes.Index(rest, begin)
			if i < 0 {
				break
			}
			image := Image{Offset: at + skipped + int64(i)}
			if image.measure(io.NewSectionReader(file, image.Offset, size-image.Offset)) && image.Width*image.Height > largest.Width*largest.Height {
				largest, found = image, true
			}
			rest, skipped = rest[i+1:], skipped+int64(i)+1
		}
	}
	return largest, found, nil
}

// Markers of ITU-T T.81, table B.1.
const (
	startOfImage = 0xD8
	endOfImage   = 0xD9
	startOfScan  = 0xDA
	baseline     = 0xC0
	progressive  = 0xC2
)

// measure reads the header up to the first scan, and says whether it is one of an image that a
// viewer shows: baseline, extended or progressive, in grey or in three components.
func (i *Image) measure(r *io.SectionReader) bool {
	at := int64(2)
	var head [10]byte
	for range segments {
		if _, err := r.ReadAt(head[:4], at); err != nil || head[0] != 0xFF {
			return false
		}
		marker, length := head[1], int64(binary.BigEndian.Uint16(head[2:]))
		switch {
		case marker == 0xFF: // a filling byte
			at++
			continue
		case marker == startOfScan:
			return i.Width > 0 && i.Height > 0
		case marker == endOfImage, marker == startOfImage, length < 2:
			return false
		case marker >= baseline && marker <= progressive:
			// Length, precision, height, width, number of components.
			if _, err := r.ReadAt(head[:], at); err != nil || head[4] != 8 || head[9] != 1 && head[9] != 3 {
				return false
			}
			i.Height, i.Width = int(binary.BigEndian.Uint16(head[5:])), int(binary.BigEndian.Uint16(head[7:]))
		case marker > progressive && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
			return false // lossless or arithmetic
		}
		at += 2 + length
	}
	return false
}
