package reader_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"satchel/internal/reader"
	"satchel/internal/segments"
)

var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "readertest-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "reader")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "satchel/cmd/reader")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
})

// shared is one reader for the package, so that PDFium is compiled once.
var shared = sync.OnceValues(func() (reader.Reader, error) {
	path, err := program()
	if err != nil {
		return reader.Reader{}, err
	}
	return reader.New(reader.Config{Program: path, Timeout: time.Minute}, filepath.Join(filepath.Dir(path), "compiled"))
})

// read gives each text as "part number: text" and the reasons of what was not read.
func read(t testing.TB, mediaType string, content []byte) (texts, unread []string, result reader.Result) {
	t.Helper()
	r, err := shared()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	result, err = r.Read(t.Context(), path, mediaType, t.TempDir())
	require.NoError(t, err)
	require.NoError(t, result.Each(func(at segments.Place, text io.Reader) error {
		all, err := io.ReadAll(text)
		if words := strings.Join(strings.Fields(string(all)), " "); words != "" {
			texts = append(texts, strings.TrimSpace(fmt.Sprintf("%s %s %d: %s", at.Member, at.Part, at.Number, words)))
		}
		return err
	}))
	for _, u := range result.Unread {
		unread = append(unread, strings.TrimSpace(u.Member+" "+u.Reason))
	}
	require.LessOrEqual(t, result.Memory, int64(reader.Memory))
	return texts, unread, result
}

func zipped(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.Create(members[i])
		require.NoError(t, err)
		_, err = io.WriteString(f, members[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// printed is a PDF with a line of white text on each page.
func printed(t testing.TB, pages int, change ...func(*fpdf.Fpdf)) []byte {
	t.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.SetFont("Helvetica", "", 12)
	p.SetTextColor(255, 255, 255)
	for i := range pages {
		p.AddPage()
		p.Write(5, fmt.Sprintf("line of page %d", i+1))
	}
	for _, c := range change {
		c(p)
	}
	var b bytes.Buffer
	require.NoError(t, p.Output(&b))
	return b.Bytes()
}

// formPDF has a text field and a note, and no text.
const formPDF = "%PDF-1.6\n1 0 obj<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 800 400]/Annots[5 0 R 6 0 R]>>endobj\n" +
	"5 0 obj<</Type/Annot/Subtype/Widget/FT/Tx/T(field1)/TU(Social security number)/V(536221876)/Rect[10 10 200 40]/P 3 0 R>>endobj\n" +
	"6 0 obj<</Type/Annot/Subtype/Text/Contents(call 650 555 0199)/Rect[10 60 30 80]/P 3 0 R>>endobj\ntrailer<</Root 1 0 R>>"

const (
	word  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	slide = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	odt   = "application/vnd.oasis.opendocument.text"
)

func workbook(t testing.TB, sheets int) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i := range sheets {
		name := "Sheet1"
		if i > 0 {
			name = fmt.Sprintf("Sheet%d", i+1)
			_, err := f.NewSheet(name)
			require.NoError(t, err)
		}
		if i < 2 {
			require.NoError(t, f.SetSheetRow(name, "A1", &[]any{"name", "ssn"}))
			require.NoError(t, f.SetSheetRow(name, "A3", &[]any{"two\nlines", 536221876}))
		}
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	return b.Bytes()
}

func TestTextsWithTheirPlaces(t *testing.T) {
	t.Parallel()
	utf16, err := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte("Größe 536-22-1876 und mehr davon"))
	require.NoError(t, err)
	cyrillic, err := charmap.Windows1251.NewEncoder().Bytes([]byte(strings.Repeat("Ученик Иван Петров живёт на улице Садовой. ", 5)))
	require.NoError(t, err)
	mail := "From: Ann <a@x.example>\r\nTo: b@y.example\r\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n" +
		"--X\r\nContent-Type: text/plain\r\n\r\nbody of it\r\n--X\r\nContent-Type: text/csv; name=\"list.csv\"\r\nContent-Disposition: attachment; filename=\"list.csv\"\r\n\r\nname,ssn\r\nAnn,1\r\n--X--\r\n"
	for name, c := range map[string]struct {
		mediaType string
		content   []byte
		texts     []string
		unread    []string
	}{
		"text":           {"text/plain", []byte("one\ntwo"), []string{"text 0: one two"}, nil},
		"table":          {"text/csv", []byte("name,ssn\nAnn,1"), []string{"text 0: name,ssn Ann,1"}, nil},
		"utf-16":         {"text/plain", utf16, []string{"text 0: Größe 536-22-1876 und mehr davon"}, nil},
		"windows-1251":   {"text/plain", cyrillic, []string{"text 0: " + strings.TrimSpace(strings.Repeat("Ученик Иван Петров живёт на улице Садовой. ", 5))}, nil},
		"html":           {"text/html", []byte(`<title>T</title><p style="display:none">hid</p><!-- note --><a href="mailto:a@b.example">m</a><script>x</script>`), []string{"body 0: hid m", "properties 0: T note a@b.example x"}, nil},
		"pdf":            {"application/pdf", printed(t, 2), []string{"page 1: line of page 1", "page 2: line of page 2"}, nil},
		"form":           {"application/pdf", []byte(formPDF), []string{"note 1: 536221876", "note 1: call 650 555 0199", "field 1: Social security number: 536221876"}, nil},
		"docx":           {word, zipped(t, "docProps/core.xml", "<c><dc:creator>Ann</dc:creator></c>", "word/header1.xml", "<h><w:p><w:t>head</w:t></w:p></h>", "word/document.xml", "<w:document><w:p><w:r><w:t>536-22-</w:t></w:r><w:r><w:t>1876</w:t></w:r></w:p><w:delText>old</w:delText></w:document>"), []string{"properties 0: Ann", "body 1: 536-22-1876 old", "header 1: head"}, nil},
		"pptx":           {slide, zipped(t, "ppt/slides/slide10.xml", "<a:p><a:t>ten</a:t></a:p>", "ppt/slides/slide2.xml", "<a:p><a:t>two</a:t></a:p>"), []string{"slide 2: two", "slide 10: ten"}, nil},
		"odt":            {odt, zipped(t, "meta.xml", "<m><dc:creator>Ann</dc:creator></m>", "content.xml", "<d><text:p>one</text:p></d>"), []string{"properties 0: Ann", "body 1: one"}, nil},
		"mail":           {"message/rfc822", []byte(mail), []string{"header 0: From: Ann <a@x.example> To: b@y.example Subject: Größe", "message 0: body of it", "name 1: list.csv", "1 text 0: name,ssn Ann,1"}, nil},
		"zip":            {"application/zip", zipped(t, "a.txt", "one", "in.zip", string(zipped(t, "b.txt", "two")), "p.bin", "\x00\x01\x02\xff"), []string{"name 1: a.txt", "1 text 0: one", "name 2: in.zip", "2 name 1: b.txt", "2/1 text 0: two", "name 3: p.bin"}, []string{"3 no_text_of_kind"}},
		"film":           {"video/mp4", []byte("film"), nil, []string{"no_text_of_kind"}},
		"password":       {"application/pdf", printed(t, 1, func(p *fpdf.Fpdf) { p.SetProtection(0, "secret", "owner") }), nil, []string{"protected"}},
		"broken pdf":     {"application/pdf", []byte("%PDF-1.4 and nothing"), nil, []string{"unreadable"}},
		"broken docx":    {word, []byte("PK no"), nil, []string{"unreadable"}},
		"cut docx":       {word, zipped(t, "word/document.xml", "<w:document><w:p><w:t>one</w:t></w:p><w:p"), []string{"body 1: one"}, []string{"unreadable"}},
		"entities":       {word, zipped(t, "word/document.xml", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w:document><w:t>&b;</w:t></w:document>`), nil, []string{"xml_entities"}},
		"sheet entities": {sheet, zipped(t, "xl/workbook.xml", `<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook/>`), nil, []string{"xml_entities"}},
		"deep zips":      {"application/zip", zipped(t, "1.zip", string(zipped(t, "2.zip", string(zipped(t, "3.zip", string(zipped(t, "4.txt", "deep"))))))), []string{"name 1: 1.zip", "1 name 1: 2.zip", "1/1 name 1: 3.zip", "1/1/1 name 1: 4.txt"}, []string{"1/1/1/1 too_deep"}},
	} {
		texts, unread, _ := read(t, c.mediaType, c.content)
		require.Equal(t, c.texts, texts, name)
		require.Equal(t, c.unread, unread, name)
	}
	texts, unread, _ := read(t, sheet, workbook(t, 2))
	require.Equal(t, []string{"properties 1: Sheet1", "sheet 1: name ssn two lines 536221876", "properties 2: Sheet2", "sheet 2: name ssn two lines 536221876"}, texts[len(texts)-4:])
	require.Empty(t, unread)
}

// TestPictures: a picture's letters are not read here, and what its camera noted is.
func TestPictures(t *testing.T) {
	t.Parallel()
	texts, unread, _ := read(t, "image/jpeg", gpsPicture())
	require.Equal(t, []string{"picture"}, unread)
	require.Contains(t, texts, "location 0: 48.500000,11.250000")
	require.Contains(t, strings.Join(texts, "\n"), "Artist: Ann")

	texts, unread, _ = read(t, "image/x-dng", gpsNotes())
	require.Equal(t, []string{"picture"}, unread)
	require.Contains(t, texts, "location 0: 48.500000,11.250000")
	_, unread, _ = read(t, "image/x-dng", []byte("FUJIFILMCCD-RAW 0201"))
	require.ElementsMatch(t, []string{"picture", "unreadable"}, unread)
	for _, mediaType := range []string{"image/jxl", "image/jp2", "image/vnd.adobe.photoshop"} {
		_, unread, _ = read(t, mediaType, []byte("anything"))
		require.ElementsMatch(t, []string{"picture", "no_text_of_kind"}, unread, "what its camera noted is not known")
	}
}

// TestBombsAreBounded: each ends within its bounds with a reason, and none as read.
func TestBombsAreBounded(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 10_000 {
		many = append(many, fmt.Sprintf("xl/worksheets/sheet%d.xml", i), "<worksheet/>")
	}
	zeros := strings.Repeat("\x00", 200<<20)
	for name, c := range map[string]struct {
		mediaType string
		content   []byte
		reasons   []string
	}{
		"zip bomb":      {"application/zip", zipped(t, "a.txt", zeros), []string{"1 too_many_parts"}},
		"xml bomb":      {word, zipped(t, "word/document.xml", "<w:t>"+strings.Repeat(" ", 100<<20)+"</w:t>"), []string{"too_long", "too_expensive"}},
		"sheet bomb":    {sheet, zipped(t, "xl/workbook.xml", "<workbook>"+zeros), []string{"too_many_parts"}},
		"10,000 sheets": {sheet, zipped(t, many...), []string{"too_many_parts"}},
		"501 sheets":    {sheet, workbook(t, 501), []string{"too_many_parts"}},
		"nested":        {word, zipped(t, "word/document.xml", strings.Repeat("<a>", 200_000)), []string{"too_deep"}},
		"long text":     {"text/plain", bytes.Repeat([]byte("words of a text\n"), 5<<20), []string{"too_long"}},
		"wide pdf":      {"application/pdf", pdfBomb(), []string{"unreadable", "too_expensive", "page_without_text"}},
	} {
		_, unread, result := read(t, c.mediaType, c.content)
		require.NotEmpty(t, unread, name)
		require.Contains(t, c.reasons, unread[0], name)
		t.Logf("%s: %s of CPU, %d MiB", name, result.CPU, result.Memory>>20)
	}
}

// pdfBomb has a stream that unpacks to much more than a child may hold.
func pdfBomb() []byte {
	var packed bytes.Buffer
	w := newZlib(&packed)
	line := bytes.Repeat([]byte("0 0 m 1 1 l S\n"), 1<<16)
	for range 1024 {
		_, _ = w.Write(line)
	}
	_ = w.Close()
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 800 400]/Contents 4 0 R>>endobj\n" +
		fmt.Sprintf("4 0 obj<</Length %d/Filter/FlateDecode>>stream\n", packed.Len()) + packed.String() + "\nendstream endobj\ntrailer<</Root 1 0 R>>")
}

// BenchmarkHundredPages is a PDF of 100 pages of text.
func BenchmarkHundredPages(b *testing.B) {
	content := printed(b, 1, func(p *fpdf.Fpdf) {
		for range 100 {
			p.AddPage()
			for range 40 {
				p.Write(5, "The frogs of the pond sing at night, and the class listens to them in spring.\n")
			}
		}
	})
	read(b, "application/pdf", content) // builds the program, and compiles PDFium once
	var most int64
	for b.Loop() {
		_, _, result := read(b, "application/pdf", content)
		most = max(most, result.Memory)
	}
	b.ReportMetric(float64(most>>20), "MiB")
}

// BenchmarkOneMebibyte is a PDF of 1 MiB, most of which is a picture: what a file waits for
// before it is published where the policy holds.
func BenchmarkOneMebibyte(b *testing.B) {
	content := append(printed(b, 2), bytes.Repeat([]byte("%"), 1<<20)...)
	read(b, "application/pdf", content)
	r, err := shared()
	require.NoError(b, err)
	for _, c := range []struct {
		name    string
		waits   bool
		expects time.Duration // that the file is expected before it comes; zero: it is not
	}{{"alone", false, 0}, {"waiting", true, 0}, {"expected", true, 50 * time.Millisecond}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				if !c.waits || c.expects > 0 {
					r.Forget()
				}
				<-time.After(time.Second) // files come now and then, so that the child has started by then
				if c.expects > 0 {
					r.Expect(b.Context(), "application/pdf")
					<-time.After(c.expects) // its scan, and the steps between
				}
				b.StartTimer()
				_, _, result := read(b, "application/pdf", content)
				require.Equal(b, c.waits, result.Waited)
			}
		})
	}
}

// TestCancelledReadIsNoFinding: the end of the caller says nothing about the file.
func TestCancelledReadIsNoFinding(t *testing.T) {
	t.Parallel()
	r, err := shared()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	_, err = r.Read(ctx, path, "text/plain", t.TempDir())
	require.ErrorIs(t, err, context.Canceled)
}
