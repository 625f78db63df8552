package samples

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// ODT writes an OpenDocument text. Its first member is the media type, uncompressed
// (OpenDocument 1.3, part 2, section 3.3).
func ODT(text string) []byte {
	const ns = `xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"`
	const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	must(err)
	_, err = w.Write([]byte("application/vnd.oasis.opendocument.text"))
	must(err)
	for _, m := range [][2]string{
		{"content.xml", head + `<office:document-content ` + ns + ` office:version="1.3"><office:body><office:text><text:p>` + text + `</text:p></office:text></office:body></office:document-content>`},
		{"META-INF/manifest.xml", head + `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>`},
	} {
		w, err := z.Create(m[0])
		must(err)
		_, err = w.Write([]byte(m[1]))
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// chunk writes one of RIFF's: its name, its length, its content.
func chunk(name string, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	b := append([]byte(name), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// numbers writes little-endian values.
func numbers(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		must(binary.Write(&b, binary.LittleEndian, v))
	}
	return b.Bytes()
}

// WAV is one second of a tone that fades.
func WAV() []byte {
	const rate = 8000
	samples := make([]int16, rate)
	for i := range samples {
		fade := 1 - float64(i)/rate
		samples[i] = int16(20000 * fade * math.Sin(2*math.Pi*440*float64(i)/rate))
	}
	format := numbers(uint16(1), uint16(1), uint32(rate), uint32(2*rate), uint16(2), uint16(16)) // PCM, mono, 16 bits
	return chunk("RIFF", []byte("WAVE"), chunk("fmt ", format), chunk("data", numbers(samples)))
}

// AVI is a film of JPEG pictures, five a second.
func AVI(frames int) []byte {
	const width, height, rate = 160, 120, 5
	var movie, index []byte
	for i := range frames {
		frame := chunk("00dc", JPEG(Picture(width, height-i)))
		index = append(index, []byte("00dc")...)
		index = append(index, numbers(uint32(0x10), uint32(4+len(movie)), uint32(len(frame)-8))...)
		movie = append(movie, frame...)
	}
	n := uint32(frames)
	main := numbers(uint32(1_000_000/rate), uint32(1<<20), uint32(0), uint32(0x10), n, uint32(0), uint32(1), uint32(1<<16), uint32(width), uint32(height), [4]uint32{})
	stream := append([]byte("vidsMJPG"), numbers(uint32(0), uint32(0), uint32(0), uint32(1), uint32(rate), uint32(0), n, uint32(1<<16), ^uint32(0), uint32(0), [4]int16{0, 0, width, height})...)
	format := numbers(uint32(40), int32(width), int32(height), uint16(1), uint16(24), []byte("MJPG"), uint32(width*height*3), [4]uint32{})
	return chunk("RIFF", []byte("AVI "),
		chunk("LIST", []byte("hdrl"), chunk("avih", main), chunk("LIST", []byte("strl"), chunk("strh", stream), chunk("strf", format))),
		chunk("LIST", []byte("movi"), movie), chunk("idx1", index))
}

// STL is a pyramid of four triangles.
func STL() []byte {
	corners := []string{"0 0 0", "1 0 0", "0 1 0", "0 0 1"}
	var b strings.Builder
	b.WriteString("solid pyramid\n")
	for leftOut := range corners {
		b.WriteString("facet normal 0 0 0\nouter loop\n")
		for i, c := range corners {
			if i != leftOut {
				fmt.Fprintf(&b, "vertex %s\n", c)
			}
		}
		b.WriteString("endloop\nendfacet\n")
	}
	b.WriteString("endsolid pyramid\n")
	return []byte(b.String())
}
