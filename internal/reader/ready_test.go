package reader_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/reader"
	"satchel/internal/sandbox"
	"satchel/internal/segments"
)

// TestAChildWaitsForTheNextPDF: behind a PDF a child waits for one more. It reads that as a child of its own would,
// is bounded like one, and ends; what another file did is not there any more.
func TestAChildWaitsForTheNextPDF(t *testing.T) {
	t.Parallel()
	_, _, _ = read(t, "application/pdf", []byte(formPDF)) // PDFium is compiled
	path, err := program()
	require.NoError(t, err)
	waitingFor := func(longest time.Duration) reader.Reader {
		r, err := reader.New(reader.Config{Program: path, Timeout: longest}, filepath.Join(filepath.Dir(path), "compiled"))
		require.NoError(t, err)
		t.Cleanup(r.Forget)
		return r
	}
	in := func(ctx context.Context, r reader.Reader, mediaType, content string) (found int, result reader.Result, err error) {
		file := filepath.Join(t.TempDir(), "source")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		if result, err = r.Read(ctx, file, mediaType, t.TempDir()); err != nil {
			return 0, result, err
		}
		return found, result, result.Each(func(_ segments.Place, text io.Reader) error {
			n, err := io.Copy(io.Discard, text)
			found += int(n)
			return err
		})
	}
	r := waitingFor(time.Minute)
	one, result, err := in(t.Context(), r, "application/pdf", formPDF)
	require.NoError(t, err)
	require.False(t, result.Waited, "none was there")
	_, result, err = in(t.Context(), r, "text/plain", "a text")
	require.NoError(t, err)
	require.False(t, result.Waited, "a text needs no PDFium")
	for _, content := range []string{formPDF, "%PDF-1.7 broken", formPDF} {
		found, result, err := in(t.Context(), r, "application/pdf", content)
		require.NoError(t, err)
		require.True(t, result.Waited)
		if content == formPDF {
			require.Equal(t, one, found)
			require.Empty(t, result.Unread)
			require.LessOrEqual(t, result.Memory, int64(reader.Memory))
			continue
		}
		require.Equal(t, []reader.Unread{{Reason: segments.Unreadable}}, result.Unread)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = in(over, r, "application/pdf", formPDF)
	require.ErrorIs(t, err, context.Canceled)
	r.Forget()
	_, result, err = in(t.Context(), r, "application/pdf", formPDF)
	require.NoError(t, err)
	require.False(t, result.Waited, "one that no file came for is gone")

	hasty := waitingFor(time.Millisecond)
	for _, waited := range []bool{false, true} {
		_, result, err := in(t.Context(), hasty, "application/pdf", formPDF)
		require.NoError(t, err)
		require.Equal(t, waited, result.Waited)
		require.Equal(t, []reader.Unread{{Reason: string(sandbox.TimedOut)}}, result.Unread)
	}
}
