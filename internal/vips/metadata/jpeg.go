package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Marker codes of ITU T.81, table B.1.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xC0
	markerSOFF = 0xCF
	markerRST0 = 0xD0
	markerRST7 = 0xD7
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerDQT  = 0xDB
	markerDRI  = 0xDD
	markerAPP0 = 0xE0
)

// segment is a marker with what follows it: parameters with their length
// field, and after a start of scan the entropy-coded data as well.
type segment struct {
	marker byte
	raw    []byte // from the 0xFF to the byte before the next marker
	params []byte // without marker and length
}

func stripJPEG(content []byte) ([]byte, error) {
	out := make([]byte, 0, len(content))
	_, err := walkJPEG(content, func(s segment) error {
		if allowedJPEG(s) {
			out = append(out, s.raw...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func checkJPEG(content []byte) error {
	end, err := walkJPEG(content, func(s segment) error {
		if !allowedJPEG(s) {
			return fmt.Errorf("%w: JPEG segment 0x%02X", ErrPresent, s.marker)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if end != len(content) {
		return fmt.Errorf("%w: %d bytes after the end of the JPEG", ErrPresent, len(content)-end)
	}
	return nil
}

// allowedJPEG keeps tables, frames, scans and the plain JFIF header. APP14 is
// not kept: it says which color transform was used, and without it decoders
// assume YCbCr, which is what renditions are written in.
func allowedJPEG(s segment) bool {
	switch {
	case s.marker == markerSOI, s.marker == markerEOI, s.marker == markerSOS:
		return true
	case s.marker == markerDQT, s.marker == markerDRI:
		return true
	case s.marker >= markerSOF0 && s.marker <= markerSOFF:
		return true // frame headers and Huffman tables
	case s.marker == markerAPP0:
		return plainJFIF(s.params)
	}
	return false
}

// plainJFIF accepts the fixed 14 bytes without a thumbnail: a thumbnail would
// be a second picture, perhaps of what was cropped away.
func plainJFIF(params []byte) bool {
	return len(params) == 14 && bytes.HasPrefix(params, []byte("JFIF\x00")) && params[12] == 0 && params[13] == 0
}

// walkJPEG calls visit for each segment up to the end of image and returns the
// offset behind it.
func walkJPEG(content []byte, visit func(segment) error) (int, error) {
	for at := 0; at < len(content); {
		s, err := nextSegment(content, at)
		if err != nil {
			return 0, err
		}
		if s.marker == markerSOI && at != 0 {
			return 0, fmt.Errorf("%w: second start of image at %d", ErrMalformed, at)
		}
		if err := visit(s); err != nil {
			return 0, err
		}
		at += len(s.raw)
		if s.marker == markerEOI {
			return at, nil
		}
	}
	return 0, fmt.Errorf("%w: JPEG without an end", ErrMalformed)
}

func nextSegment(content []byte, at int) (segment, error) {
	if at+2 > len(content) || content[at] != 0xFF {
		return segment{}, fmt.Errorf("%w: no JPEG marker at %d", ErrMalformed, at)
	}
	marker := content[at+1]
	if marker == markerSOI || marker == markerEOI {
		return segment{marker: marker, raw: content[at : at+2]}, nil
	}
	if marker <= markerTEM || marker >= markerRST0 && marker <= markerRST7 || marker == 0xFF {
		return segment{}, fmt.Errorf("%w: JPEG marker 0x%02X at %d outside a scan", ErrMalformed, marker, at)
	}
	if at+4 > len(content) {
		return segment{}, fmt.Errorf("%w: JPEG segment at %d is cut off", ErrMalformed, at)
	}
	end := at + 2 + int(binary.BigEndian.Uint16(content[at+2:]))
	if end < at+4 || end > len(content) {
		return segment{}, fmt.Errorf("%w: JPEG segment at %d has an impossible length", ErrMalformed, at)
	}
	params := content[at+4 : end]
	if marker == markerSOS {
		end = scanEnd(content, end)
	}
	return segment{marker: marker, raw: content[at:end], params: params}, nil
}

// scanEnd finds the marker that ends entropy-coded data: the first that is
// neither a stuffed zero nor a restart.
func scanEnd(content []byte, at int) int {
	for ; at+1 < len(content); at++ {
		if content[at] != 0xFF {
			continue
		}
		if next := content[at+1]; next != 0 && (next < markerRST0 || next > markerRST7) {
			return at
		}
	}
	return len(content)
}
