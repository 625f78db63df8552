package reader_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/reader"
	"satchel/internal/sandbox"
	"satchel/internal/segments"
)

// fresh is a reader for which no child waits, with PDFium that is compiled.
func fresh(t *testing.T, program string, longest time.Duration) reader.Reader {
	t.Helper()
	r, err := reader.New(reader.Config{Program: program, Timeout: longest}, filepath.Join(filepath.Dir(program), "compiled"))
	require.NoError(t, err)
	t.Cleanup(r.Forget)
	return r
}

func readBy(ctx context.Context, t *testing.T, r reader.Reader, mediaType, content string) (found int, result reader.Result, err error) {
	t.Helper()
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

// TestExpectedPDFsFindAChild: for a PDF that was said to come a child is started before it comes, also for the first one;
// for several two at most, and for one that never comes none for longer than a minute.
func TestExpectedPDFsFindAChild(t *testing.T) {
	t.Parallel()
	_, _, _ = read(t, "application/pdf", []byte(formPDF)) // PDFium is compiled
	path, err := program()
	require.NoError(t, err)
	r := fresh(t, path, time.Minute)
	wait := func(n int) {
		require.Eventually(t, func() bool { return r.Waiting() == n }, time.Minute, 10*time.Millisecond)
	}
	r.Expect(t.Context(), "text/plain")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	r.Expect(over, "application/pdf") // the step that scans ends before the file is read
	wait(1)
	_, result, err := readBy(t.Context(), t, r, "application/pdf", formPDF)
	require.NoError(t, err)
	require.True(t, result.Waited, "the first one")
	require.Equal(t, 1, r.Waiting(), "one waits for a PDF of which nothing was said")
	for range 5 {
		r.Expect(t.Context(), "application/pdf")
	}
	wait(2)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			_, result, err := readBy(t.Context(), t, r, "application/pdf", formPDF)
			if err != nil || !result.Waited {
				t.Errorf("waited %t: %v", result.Waited, err)
			}
		})
	}
	both.Wait()
	require.Equal(t, 2, r.Waiting(), "three more are to come")
	r.Later(2 * time.Minute)
	for range 2 {
		_, result, err = readBy(t.Context(), t, r, "application/pdf", formPDF)
		require.NoError(t, err)
		require.True(t, result.Waited)
		require.Equal(t, 1, r.Waiting(), "they did not come")
	}
}

// TestAChildWaitsForTheNextPDF: behind a PDF a child waits for one more. It reads that as a child of its own would,
// is bounded like one, and ends; what another file did is not there any more.
func TestAChildWaitsForTheNextPDF(t *testing.T) {
	t.Parallel()
	_, _, _ = read(t, "application/pdf", []byte(formPDF)) // PDFium is compiled
	path, err := program()
	require.NoError(t, err)
	waitingFor := func(longest time.Duration) reader.Reader { return fresh(t, path, longest) }
	in := func(ctx context.Context, r reader.Reader, mediaType, content string) (found int, result reader.Result, err error) {
		return readBy(ctx, t, r, mediaType, content)
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
