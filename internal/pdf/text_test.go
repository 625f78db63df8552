package pdf_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pdf"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
)

// written is a page with words.
func written(words string) []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 800 400]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n" +
		"4 0 obj<</Length 100>>stream\nBT /F1 36 Tf 40 300 Td (" + words + ") Tj ET\nendstream endobj\ntrailer<</Root 1 0 R>>")
}

func TestText(t *testing.T) {
	t.Parallel()
	config := pdf.Config{Pages: "pdftoppm", Info: "pdfinfo", Text: "pdftotext"}
	r := pdf.New(sandboxtest.New(t), config)
	text, err := r.Text(t.Context(), write(t, written("The frogs of the pond")), t.TempDir(), 10, 1000)
	require.NoError(t, err)
	require.Contains(t, text, "The frogs of the pond")
	text, err = r.Text(t.Context(), write(t, written("The frogs of the pond")), t.TempDir(), 10, 9)
	require.NoError(t, err)
	require.Equal(t, "The frogs", text)
	text, err = r.Text(t.Context(), write(t, document(2)), t.TempDir(), 10, 1000)
	require.NoError(t, err)
	require.Empty(t, bytes.TrimSpace([]byte(text)), "blank pages")
	_, err = r.Text(t.Context(), write(t, []byte("hello")), t.TempDir(), 10, 1000)
	var finding sandbox.Finding
	require.ErrorAs(t, err, &finding)
	require.Equal(t, sandbox.Unreadable, finding.Code)
	config.Text = "no-such-program"
	_, err = pdf.New(sandboxtest.New(t), config).Text(t.Context(), write(t, written("x")), t.TempDir(), 10, 1000)
	require.ErrorAs(t, err, &sandbox.Absent{})
}
