package metadata

import (
	"encoding/binary"
	"fmt"
)

const (
	riffHeader  = 12 // "RIFF", size, "WEBP"
	chunkHeader = 8  // name, size
	vp8xSize    = 10
	flagAlpha   = 0x10 // the only VP8X flag a still picture without metadata needs
)

// chunk is one RIFF chunk; raw includes header and padding.
type chunk struct {
	name string
	raw  []byte
	data []byte
}

func stripWebP(content []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(content)), content[:riffHeader]...)
	_, err := walkWebP(content, func(c chunk) error {
		if !allowedChunk[c.name] {
			return nil
		}
		at := len(out)
		out = append(out, c.raw...)
		if c.name == "VP8X" {
			clearVP8X(out[at+chunkHeader:])
		}
		if len(c.data)%2 == 1 {
			out[len(out)-1] = 0
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}

// clearVP8X takes back the promises of chunks that are gone: a reader that is
// promised EXIF and finds none may call the file broken.
func clearVP8X(data []byte) {
	data[0] &= flagAlpha
	data[1], data[2], data[3] = 0, 0, 0
}

func checkWebP(content []byte) error {
	end, err := walkWebP(content, func(c chunk) error {
		switch {
		case !allowedChunk[c.name]:
			return fmt.Errorf("%w: WebP chunk %q", ErrPresent, c.name)
		case c.name == "VP8X" && (c.data[0]&^flagAlpha != 0 || c.data[1]|c.data[2]|c.data[3] != 0):
			return fmt.Errorf("%w: WebP flags 0x%02X", ErrPresent, c.data[0])
		case len(c.data)%2 == 1 && c.raw[len(c.raw)-1] != 0:
			return fmt.Errorf("%w: padding of WebP chunk %q", ErrPresent, c.name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if end != len(content) {
		return fmt.Errorf("%w: %d bytes after the end of the WebP", ErrPresent, len(content)-end)
	}
	return nil
}

// allowedChunk are the chunks a still picture is made of. Animation is not
// among them: renditions show the first frame.
var allowedChunk = map[string]bool{"VP8X": true, "ALPH": true, "VP8 ": true, "VP8L": true}

// walkWebP calls visit for each chunk of the RIFF container and returns the
// offset behind it, where trailing bytes could hide. It insists on exactly one
// picture, and on each chunk appearing once.
func walkWebP(content []byte, visit func(chunk) error) (int, error) {
	end := 8 + int(binary.LittleEndian.Uint32(content[4:]))
	if end < riffHeader || end > len(content) {
		return 0, fmt.Errorf("%w: WebP is %d bytes and says %d", ErrMalformed, len(content), end)
	}
	seen := map[string]bool{}
	for at := riffHeader; at < end; {
		c, err := nextChunk(content[:end], at)
		if err != nil {
			return 0, err
		}
		if allowedChunk[c.name] && seen[c.name] {
			return 0, fmt.Errorf("%w: second WebP chunk %q", ErrMalformed, c.name)
		}
		seen[c.name] = true
		if err := visit(c); err != nil {
			return 0, err
		}
		at += len(c.raw)
	}
	if seen["VP8 "] == seen["VP8L"] {
		return 0, fmt.Errorf("%w: WebP without exactly one picture", ErrMalformed)
	}
	return end, nil
}

func nextChunk(content []byte, at int) (chunk, error) {
	if at+chunkHeader > len(content) {
		return chunk{}, fmt.Errorf("%w: WebP chunk at %d is cut off", ErrMalformed, at)
	}
	size := int(binary.LittleEndian.Uint32(content[at+4:]))
	end := at + chunkHeader + size + size%2
	if end > len(content) {
		return chunk{}, fmt.Errorf("%w: WebP chunk at %d is cut off", ErrMalformed, at)
	}
	c := chunk{name: string(content[at : at+4]), raw: content[at:end], data: content[at+chunkHeader : at+chunkHeader+size]}
	if c.name == "VP8X" && size != vp8xSize {
		return chunk{}, fmt.Errorf("%w: WebP header chunk of %d bytes", ErrMalformed, size)
	}
	return c, nil
}
