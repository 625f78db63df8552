// Package samples makes small files of many kinds, for the demonstration and for the programs that
// send files to a stack. They are made at run time: the tree holds no binary and no signature that
// a scanner on the developer's machine would remove.
package samples

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// EICAR assembles the industry's harmless test string.
func EICAR() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*")
}

// Picture draws a picture of this size.
func Picture(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) & 0xff), 255})
		}
	}
	return img
}

// JPEG encodes a picture.
func JPEG(img image.Image) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}))
	return b.Bytes()
}

// PNG encodes a picture.
func PNG(img image.Image) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, img))
	return b.Bytes()
}

// WithGPS puts an Exif segment with a position (0° 0' 0", in the Gulf of
// Guinea, where no one lives) after the JPEG's first marker.
func WithGPS(jpg []byte) []byte {
	var tiff bytes.Buffer
	put := func(v any) { must(binary.Write(&tiff, binary.BigEndian, v)) }
	entry := func(tag, kind uint16, count, value uint32) { put(tag); put(kind); put(count); put(value) }
	tiff.WriteString("MM\x00*")
	put(uint32(8))
	put(uint16(1))
	entry(0x8825, 4, 1, 26) // where the GPS directory is
	put(uint32(0))
	put(uint16(4))
	const data = 26 + 2 + 4*12 + 4
	entry(1, 2, 2, uint32('N')<<24)
	entry(2, 5, 3, data)
	entry(3, 2, 2, uint32('E')<<24)
	entry(4, 5, 3, data)
	put(uint32(0))
	for range 3 {
		put(uint32(0))
		put(uint32(1))
	}
	segment := append([]byte("Exif\x00\x00"), tiff.Bytes()...)
	head := append([]byte{}, jpg[:2]...)
	head = append(head, 0xff, 0xe1, byte((len(segment)+2)>>8), byte(len(segment)+2))
	return append(append(head, segment...), jpg[2:]...)
}

// PDF writes a one-page document with a correct cross-reference table.
func PDF(text string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	stream := fmt.Sprintf("BT /F1 24 Tf 72 720 Td (%s) Tj ET", text)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

// DOCX writes a document of one paragraph.
func DOCX(text string) []byte {
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	return Archive([][2]string{
		{"[Content_Types].xml", head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
		{"_rels/.rels", head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", head + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + text + `</w:t></w:r></w:p></w:body></w:document>`},
	})
}

// Zipped puts a member into an archive, beside another one.
func Zipped(name string, content []byte) []byte {
	return Archive([][2]string{{"readme.txt", "Homework of this week.\n"}, {name, string(content)}})
}

// Archive writes a zip archive of members, each a name and its content.
func Archive(members [][2]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m[0])
		must(err)
		_, err = w.Write([]byte(m[1]))
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// must stops on what cannot fail: writing to memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
