package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The signature and the parts of a chunk: PNG specification, sections 5.2 and 5.3.
const pngSignature = "\x89PNG\r\n\x1a\n"

const pngOverhead = 12 // length, name and CRC of a chunk

// allowedPNG are the chunks that pixels need. Gamma, profiles and physical sizes are not:
// the pixels are sRGB.
var allowedPNG = map[string]bool{"IHDR": true, "PLTE": true, "tRNS": true, "IDAT": true, "IEND": true}

func isPNG(b []byte) bool { return bytes.HasPrefix(b, []byte(pngSignature)) }

func stripPNG(content []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(content)), pngSignature...)
	_, err := walkPNG(content, func(name string, raw []byte) error {
		if allowedPNG[name] {
			out = append(out, raw...)
		}
		return nil
	})
	return out, err
}

func checkPNG(content []byte) error {
	end, err := walkPNG(content, func(name string, raw []byte) error {
		if !allowedPNG[name] {
			return fmt.Errorf("%w: PNG chunk %q", ErrPresent, name)
		}
		data := raw[4 : len(raw)-4]
		if crc32.ChecksumIEEE(data) != binary.BigEndian.Uint32(raw[len(raw)-4:]) {
			return fmt.Errorf("%w: checksum of PNG chunk %q", ErrMalformed, name)
		}
		return nil
	})
	if err == nil && end != len(content) {
		return fmt.Errorf("%w: %d bytes behind the end of a PNG", ErrPresent, len(content)-end)
	}
	return err
}

// walkPNG calls visit for each chunk up to IEND and returns the offset behind it.
func walkPNG(content []byte, visit func(name string, raw []byte) error) (int, error) {
	for at := len(pngSignature); ; {
		rest := content[at:]
		if len(rest) < pngOverhead {
			return 0, fmt.Errorf("%w: PNG ends within a chunk", ErrMalformed)
		}
		length := uint64(binary.BigEndian.Uint32(rest))
		if length > uint64(len(rest)-pngOverhead) {
			return 0, fmt.Errorf("%w: PNG chunk is longer than the file", ErrMalformed)
		}
		raw := rest[:pngOverhead+length]
		name := string(raw[4:8])
		if at == len(pngSignature) && name != "IHDR" {
			return 0, fmt.Errorf("%w: PNG begins with %q", ErrMalformed, name)
		}
		if err := visit(name, raw); err != nil {
			return 0, err
		}
		at += len(raw)
		if name == "IEND" {
			return at, nil
		}
	}
}
