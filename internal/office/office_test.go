package office_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/office"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
)

var config = office.Config{Program: "soffice", Timeout: 90 * time.Second}

// sample copies a document to where the spool would have it.
func sample(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "source"+filepath.Ext(name))
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// TestDocumentsBecomePDF needs libreoffice-writer-nogui, -calc-nogui and -impress-nogui:
// a converter that was never run proves nothing. The documents are one after another,
// since each takes a whole core.
func TestDocumentsBecomePDF(t *testing.T) {
	t.Parallel()
	c := office.New(sandboxtest.New(t), config)
	documents, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	require.Len(t, documents, 11)
	for _, document := range documents {
		t.Run(filepath.Base(document), func(t *testing.T) {
			made, err := c.PDF(t.Context(), sample(t, filepath.Base(document)), t.TempDir())
			require.NoError(t, err)
			content, err := os.ReadFile(made)
			require.NoError(t, err)
			require.True(t, bytes.HasPrefix(content, []byte("%PDF-")))
		})
	}
}

// TestNoDocument: LibreOffice takes any bytes for a text under some names, and says of
// others that it cannot open them.
func TestNoDocument(t *testing.T) {
	t.Parallel()
	c := office.New(sandboxtest.New(t), config)
	path := filepath.Join(t.TempDir(), "source.docx")
	require.NoError(t, os.WriteFile(path, []byte("PK\x03\x04 and then nothing"), 0o600))
	_, err := c.PDF(t.Context(), path, t.TempDir())
	var finding sandbox.Finding
	require.ErrorAs(t, err, &finding)
	require.Equal(t, sandbox.Unreadable, finding.Code)
}

// TestBadOffice runs programs that hang, spin, fork and fill the disk in LibreOffice's place.
func TestBadOffice(t *testing.T) {
	t.Parallel()
	for _, bad := range sandboxtest.BadPrograms(sandbox.Unreadable) {
		t.Run(bad.Name, func(t *testing.T) {
			t.Parallel()
			c := office.Limited(office.New(sandboxtest.New(t), office.Config{Program: bad.Install(t), Timeout: time.Minute}), bad.Limits)
			_, err := c.PDF(t.Context(), sample(t, "essay.docx"), t.TempDir())
			bad.Require(t, err)
		})
	}
}

func TestAbsentOffice(t *testing.T) {
	t.Parallel()
	c := office.New(sandboxtest.New(t), office.Config{Program: "no-such-office", Timeout: time.Minute})
	_, err := c.PDF(t.Context(), sample(t, "essay.docx"), t.TempDir())
	require.Equal(t, sandbox.Absent{Reason: sandbox.NotInstalled}, err)
}

// BenchmarkDocument converts a small document, each time with a new profile.
func BenchmarkDocument(b *testing.B) {
	c, path := office.New(sandboxtest.New(b), config), sample(b, "essay.docx")
	for b.Loop() {
		_, err := c.PDF(b.Context(), path, b.TempDir())
		require.NoError(b, err)
	}
}
