// Package pdf shows the pages of a PDF as pictures, by poppler's programs in the sandbox.
package pdf

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // the format of the pages
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/internal/sandbox"
	"satchel/internal/vips/metadata"
)

// Config names the programs of poppler-utils.
type Config struct {
	Pages string `env:"SATCHEL_PDF_PAGES_PROGRAM" envDefault:"pdftoppm"` // program that shows pages of a PDF
	Info  string `env:"SATCHEL_PDF_INFO_PROGRAM" envDefault:"pdfinfo"`   // program that counts the pages of a PDF
	Text  string `env:"SATCHEL_PDF_TEXT_PROGRAM" envDefault:"pdftotext"` // program that reads the text of a PDF
}

// Reader runs them.
type Reader struct {
	runner sandbox.Runner
	config Config
	limits sandbox.Limits
}

// New makes a reader.
func New(r sandbox.Runner, c Config) Reader { return Reader{r, c, limits} }

// Side is the longest side of a page's picture in pixels.
const Side = 1600

// Page is the picture of one page, a JPEG without metadata.
type Page struct {
	Number        int // from 1
	Path          string
	Width, Height int
	Size          int64
}

// Name is the page's name among the renditions.
func (p Page) Name() string { return fmt.Sprintf("page-%d.jpg", p.Number) }

// limits are those of a few pages: a page that takes longer is a trap.
var limits = sandbox.Limits{Wall: 40 * time.Second, CPU: 20 * time.Second, Memory: 1 << 30, File: 16 << 20, Folder: 128 << 20}

// pageCount finds the number of pages in what pdfinfo prints.
var pageCount = regexp.MustCompile(`(?m)^Pages:\s+(\d+)$`)

// Count tells how many pages the document has.
func (r Reader) Count(ctx context.Context, path, work string) (int, error) {
	result, err := r.runner.Run(ctx, sandbox.Call{Program: r.config.Info, Args: []string{path}, Input: path, Work: work, Limits: r.limits})
	if err != nil {
		return 0, err
	}
	if result.Exit != 0 {
		return 0, refused(result)
	}
	found := pageCount.FindStringSubmatch(result.Stdout)
	if found == nil {
		return 0, sandbox.Finding{Code: sandbox.Unreadable, Message: "no number of pages"}
	}
	n, err := strconv.Atoi(found[1])
	if err != nil || n < 1 {
		return 0, sandbox.Finding{Code: sandbox.Empty, Message: "no pages"}
	}
	return n, nil
}

// Show draws the pages from first to last into work and verifies them. Fewer come back
// where the document has fewer.
func (r Reader) Show(ctx context.Context, path, work string, first, last int) ([]Page, error) {
	result, err := r.runner.Run(ctx, sandbox.Call{Program: r.config.Pages, Input: path, Work: work, Limits: r.limits, Args: []string{
		"-f", strconv.Itoa(first), "-l", strconv.Itoa(last), "-scale-to", strconv.Itoa(Side), "-jpeg", "-jpegopt", "quality=82", path, filepath.Join(work, "page")}})
	if err != nil {
		return nil, err
	}
	pages, err := collect(work)
	switch {
	case err != nil:
		return nil, err
	case len(pages) == 0 && result.Exit != 0:
		return nil, refused(result)
	case len(pages) == 0:
		return nil, sandbox.Finding{Code: sandbox.Empty, Message: "no pages"}
	}
	return pages, nil
}

// refused explains poppler's complaint.
func refused(r sandbox.Result) error {
	if strings.Contains(r.Stderr, "Incorrect password") {
		return sandbox.Finding{Code: sandbox.Protected, Message: "needs a password"}
	}
	return sandbox.Finding{Code: sandbox.Unreadable, Message: fmt.Sprintf("exit code %d: %s", r.Exit, r.Stderr)}
}

// pageName is page-1.jpg, with as many digits as the document's last page has.
var pageName = regexp.MustCompile(`^page-0*([1-9]\d*)\.jpg$`)

// collect verifies what lies in the folder, since the program may have been taken over
// by the document.
func collect(work string) ([]Page, error) {
	root, err := os.OpenRoot(work)
	if err != nil {
		return nil, fmt.Errorf("open the program's folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	entries, err := os.ReadDir(work)
	if err != nil {
		return nil, fmt.Errorf("list the program's folder: %w", err)
	}
	var pages []Page
	for _, e := range entries {
		name := pageName.FindStringSubmatch(e.Name())
		if name == nil || !e.Type().IsRegular() {
			continue
		}
		page, err := verify(root, e.Name())
		if err != nil {
			return nil, sandbox.Finding{Code: sandbox.Crashed, Message: fmt.Sprintf("%s: %v", e.Name(), err)}
		}
		page.Path = filepath.Join(work, e.Name())
		if page.Number, err = strconv.Atoi(name[1]); err != nil {
			return nil, fmt.Errorf("read the number of a page: %w", err)
		}
		pages = append(pages, page)
	}
	slices.SortFunc(pages, func(a, b Page) int { return a.Number - b.Number })
	return pages, nil
}

// verify reads a picture, and writes it again without what is not pixels.
func verify(root *os.Root, name string) (Page, error) {
	content, err := root.ReadFile(name)
	if err != nil {
		return Page{}, err
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	switch {
	case err != nil:
		return Page{}, err
	case format != "jpeg" || max(config.Width, config.Height) > Side:
		return Page{}, fmt.Errorf("is a %s of %d × %d", format, config.Width, config.Height)
	}
	clean, err := metadata.Strip(content)
	if err != nil {
		return Page{}, err
	}
	if err := root.WriteFile(name, clean, 0o600); err != nil {
		return Page{}, err
	}
	return Page{Width: config.Width, Height: config.Height, Size: int64(len(clean))}, nil
}
