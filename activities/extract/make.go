package extract

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"satchel/internal/segments"
	"satchel/internal/spool"
	"satchel/policies/previews"
)

// Bounds of what is read. A text is for finding: the first 250 kB of it are some 120
// pages.
const (
	maxText  = 250_000 // bytes that are kept
	maxRead  = 1 << 20 // bytes of a text file
	maxPages = 500     // pages of a PDF
	maxScans = 5       // pages of which letters are recognized
)

// found is what is written in a file.
type found struct{ title, body string }

// job is one version whose bytes are in a folder of the spool.
type job struct {
	tools     Tools
	folder    spool.Folder
	path      string // of the bytes
	mediaType string
	method    previews.Method
}

// run reads the text by the way in which the kind is shown.
func (j job) run(ctx context.Context) (found, error) {
	switch j.method {
	case previews.Markdown, previews.Table, previews.Code:
		return j.plain()
	case previews.Pages:
		return j.document(ctx, j.path, true)
	case previews.Office:
		return j.office(ctx)
	case previews.Cover:
		return readZip(j.path, segments.ReadBook)
	case previews.Picture:
		return j.picture(ctx)
	case previews.Drawing, previews.Film, previews.Sound, previews.Member, previews.Embedded:
	}
	return found{}, &Finding{State: None, Reason: reasonKind, Detail: string(j.method)}
}

func (j job) dir(name string) (string, error) {
	path := j.folder.Path(name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", spool.Failed("make output folder", err)
	}
	return path, nil
}

// document reads a PDF, and recognizes the letters of one that holds pictures alone.
func (j job) document(ctx context.Context, path string, scanned bool) (found, error) {
	dir, err := j.dir("text")
	if err != nil {
		return found{}, err
	}
	text, err := j.tools.Documents.Text(ctx, path, dir, maxPages, maxText)
	if err != nil || !scanned || strings.TrimSpace(text) != "" {
		return found{body: text}, err
	}
	if dir, err = j.dir("pages"); err != nil {
		return found{}, err
	}
	pages, err := j.tools.Documents.Pictures(ctx, path, dir, maxScans)
	if err != nil {
		return found{}, err
	}
	var all strings.Builder
	for _, page := range pages {
		text, err := j.recognize(ctx, page)
		if err != nil {
			return found{}, err
		}
		all.WriteString(text + "\n")
	}
	return found{body: all.String()}, nil
}

func (j job) recognize(ctx context.Context, path string) (string, error) {
	dir, err := j.dir("letters-" + filepath.Base(path))
	if err != nil {
		return "", err
	}
	text, err := j.tools.Scans.Read(ctx, path, dir)
	var finding *Finding
	if errors.As(err, &finding) && finding.State == NotAvailable && finding.Reason == reasonProgram {
		return "", &Finding{State: NotAvailable, Reason: reasonRecognizer, Detail: finding.Detail}
	}
	return text, err
}

func (j job) picture(ctx context.Context) (found, error) {
	dir, err := j.dir("picture")
	if err != nil {
		return found{}, err
	}
	small, err := j.tools.Pictures.Shrink(ctx, j.path, dir)
	if err != nil {
		return found{}, err
	}
	text, err := j.recognize(ctx, small)
	return found{body: text}, err
}

// office reads the formats of XML here, which takes milliseconds; LibreOffice takes
// seconds and 300 MB of memory. It reads the old formats, by way of a PDF.
func (j job) office(ctx context.Context) (found, error) {
	if format, flat, ok := segments.FormatOf(j.mediaType); ok {
		if flat {
			return readFlat(j.path, format)
		}
		return readZip(j.path, format.Read)
	}
	dir, err := j.dir("office")
	if err != nil {
		return found{}, err
	}
	converted, err := j.tools.Office.PDF(ctx, j.path, dir)
	if err != nil {
		return found{}, err
	}
	return j.document(ctx, converted, false)
}

// plain reads a text file, which may have been written in another encoding than UTF-8.
func (j job) plain() (found, error) {
	content, err := head(j.path, maxRead)
	if err != nil {
		return found{}, err
	}
	text := segments.Decode(content)
	if j.mediaType == "text/html" {
		return readHTML(strings.NewReader(text))
	}
	return found{body: text}, nil
}
