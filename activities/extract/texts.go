package extract

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"satchel/internal/segments"
)

// text is a sink that keeps the beginning of what is written, wherever it is in the file.
type text struct{ strings.Builder }

var errEnough = errors.New("enough text")

// Begin does nothing: a search does not say where in a file its words are.
func (t *text) Begin(segments.Place) error { return nil }

func (t *text) Write(p []byte) (int, error) {
	if t.Len() >= 2*maxText {
		return 0, errEnough
	}
	return t.Builder.Write(p)
}

// found is what was read; what was not is no matter where there is some text.
func (t *text) found(title string, err error) (found, error) {
	var unread *segments.Unread
	switch {
	case err == nil, errors.Is(err, errEnough), errors.As(err, &unread) && t.Len() > 0:
		return found{title, t.String()}, nil
	case unread != nil:
		return found{}, &Finding{State: Unavailable, Reason: "unreadable", Detail: unread.Error()}
	}
	return found{}, err
}

// readZip reads a zip whose members are texts.
func readZip(path string, read func(*zip.Reader, string, segments.Sink) (string, error)) (found, error) {
	var t text
	file, err := os.Open(path) //nolint:gosec // a file in the spool's own folder
	if err != nil {
		return found{}, fmt.Errorf("open spooled file: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return found{}, fmt.Errorf("read spooled file: %w", err)
	}
	archive, err := segments.Zip(file, info.Size())
	if err != nil {
		return t.found("", err)
	}
	return t.found(read(archive, "", &t))
}

func readFlat(path string, f segments.Format) (found, error) {
	var t text
	file, err := os.Open(path) //nolint:gosec // a file in the spool's own folder
	if err != nil {
		return found{}, fmt.Errorf("open spooled file: %w", err)
	}
	defer func() { _ = file.Close() }()
	return t.found("", f.Walk(file, &t))
}

func readHTML(r io.Reader) (found, error) {
	var t text
	return t.found(segments.ReadHTML(r, &t))
}

// head reads the first bytes of a file.
func head(path string, most int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // a file in the spool's own folder
	if err != nil {
		return nil, fmt.Errorf("open spooled file: %w", err)
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, most))
}

// clean makes the text that is stored: NFC, without control characters, of which two mark
// what a search found, in single spaces and lines, and not longer than most bytes.
func clean(text string, most int) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, " "))
	var b strings.Builder
	space, line := false, false
	for _, r := range text {
		switch {
		case r == '\n':
			line = true
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
		default:
			if b.Len()+utf8.RuneLen(r)+1 > most {
				return b.String()
			}
			if b.Len() > 0 && line {
				b.WriteByte('\n')
			} else if b.Len() > 0 && space {
				b.WriteByte(' ')
			}
			space, line = false, false
			b.WriteRune(r)
		}
	}
	return b.String()
}
