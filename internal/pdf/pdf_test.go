package pdf_test

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pdf"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
	"satchel/internal/vips/metadata"
)

var config = pdf.Config{Pages: "pdftoppm", Info: "pdfinfo"}

// document is a PDF of blank pages, each a little wider than the one before.
func document(pages int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), fmt.Sprintf(format, args...))
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", i+3)
	}
	object("<< /Type /Pages /Count %d /Kids [%s] >>", pages, kids)
	for i := range pages {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d 800] >>", 400+i)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

func write(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source.pdf")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// TestPages needs poppler-utils.
func TestPages(t *testing.T) {
	t.Parallel()
	r := pdf.New(sandboxtest.New(t), config)
	path, work := write(t, document(12)), t.TempDir()
	n, err := r.Count(t.Context(), path, work)
	require.NoError(t, err)
	require.Equal(t, 12, n)
	pages, err := r.Show(t.Context(), path, work, 2, 4)
	require.NoError(t, err)
	require.Len(t, pages, 3)
	for i, page := range pages {
		require.Equal(t, i+2, page.Number)
		content, err := os.ReadFile(page.Path)
		require.NoError(t, err)
		require.Len(t, content, int(page.Size))
		require.NoError(t, metadata.Check(content))
		decoded, _, err := image.Decode(bytes.NewReader(content))
		require.NoError(t, err)
		require.Equal(t, image.Pt(page.Width, page.Height), decoded.Bounds().Size())
		require.Equal(t, pdf.Side, page.Height)
	}
}

func TestNoPDF(t *testing.T) {
	t.Parallel()
	r := pdf.New(sandboxtest.New(t), config)
	for name, content := range map[string][]byte{
		"text": []byte("hello"), "header only": []byte("%PDF-1.7\n"), "cut": document(3)[:150], "no pages": document(0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := r.Show(t.Context(), write(t, content), t.TempDir(), 1, 5)
			var finding sandbox.Finding
			require.ErrorAs(t, err, &finding)
			require.Contains(t, []sandbox.Code{sandbox.Unreadable, sandbox.Empty}, finding.Code)
		})
	}
}

// TestLiesAreNotBelieved: a program that was taken over by the document writes what is
// no page.
func TestLiesAreNotBelieved(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"no picture": `echo hello >page-1.jpg`, "markup": `echo '<script>' >page-1.jpg`, "too small": `printf '\377\330\377' >page-1.jpg`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := sandboxtest.Bad{Name: "fake-lies", Script: script, Want: sandbox.Crashed}
			r := pdf.New(sandboxtest.New(t), pdf.Config{Pages: fake.Install(t)})
			_, err := r.Show(t.Context(), write(t, document(1)), t.TempDir(), 1, 1)
			fake.Require(t, err)
		})
	}
}

func TestBadReader(t *testing.T) {
	t.Parallel()
	for _, bad := range sandboxtest.BadPrograms(sandbox.Unreadable) {
		t.Run(bad.Name, func(t *testing.T) {
			t.Parallel()
			program := bad.Install(t)
			r := pdf.Limited(pdf.New(sandboxtest.New(t), pdf.Config{Pages: program, Info: program}), bad.Limits)
			_, err := r.Count(t.Context(), write(t, document(1)), t.TempDir())
			bad.Require(t, err)
			if bad.Name == "fake-makes-nothing" {
				bad.Want = sandbox.Empty
			}
			_, err = r.Show(t.Context(), write(t, document(1)), t.TempDir(), 1, 1)
			bad.Require(t, err)
		})
	}
}

// BenchmarkFirstPage is what a person waits for before the picture of a document is
// drawn, the start of the sandbox included.
func BenchmarkFirstPage(b *testing.B) {
	r, path := pdf.New(sandboxtest.New(b), config), write(b, document(12))
	for b.Loop() {
		_, err := r.Show(b.Context(), path, b.TempDir(), 1, 1)
		require.NoError(b, err)
	}
}
