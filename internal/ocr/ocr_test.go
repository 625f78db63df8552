package ocr_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/ocr"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
)

var config = ocr.Config{Program: "tesseract", Languages: "eng+deu+ukr", Data: "/usr/share/tesseract-ocr"}

// picture is a page on which words are printed, drawn by poppler.
func picture(t *testing.T, words string) string {
	t.Helper()
	dir := t.TempDir()
	content := fmt.Sprintf("BT /F1 36 Tf 40 300 Td (%s) Tj ET", words)
	page := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 800 400]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n" +
		fmt.Sprintf("4 0 obj<</Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>", len(content), content)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.pdf"), []byte(page), 0o600))
	out, err := exec.CommandContext(t.Context(), "pdftoppm", "-jpeg", "-scale-to", "1600", filepath.Join(dir, "a.pdf"), filepath.Join(dir, "page")).CombinedOutput()
	require.NoError(t, err, string(out))
	return filepath.Join(dir, "page-1.jpg")
}

func TestRead(t *testing.T) {
	t.Parallel()
	r := ocr.New(sandboxtest.New(t), config)
	text, err := r.Read(t.Context(), picture(t, "The frogs of the pond"), t.TempDir())
	require.NoError(t, err)
	require.Equal(t, "The frogs of the pond", text)
	text, err = r.Read(t.Context(), picture(t, ""), t.TempDir())
	require.NoError(t, err)
	require.Empty(t, text)
}

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]ocr.Config{
		"program": {Program: "no-such-program", Languages: "eng", Data: config.Data}, "languages": {Program: config.Program, Languages: "xyz", Data: config.Data},
	} {
		_, err := ocr.New(sandboxtest.New(t), c).Read(t.Context(), picture(t, "x"), t.TempDir())
		var absent sandbox.Absent
		require.ErrorAs(t, err, &absent, name)
	}
}

func TestNoPicture(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.jpg")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	_, err := ocr.New(sandboxtest.New(t), config).Read(t.Context(), path, t.TempDir())
	var finding sandbox.Finding
	require.ErrorAs(t, err, &finding)
	require.Equal(t, sandbox.Unreadable, finding.Code)
}
