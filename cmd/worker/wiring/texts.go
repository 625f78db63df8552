package wiring

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/extract"
	"satchel/internal/ocr"
	"satchel/internal/office"
	"satchel/internal/pdf"
	"satchel/internal/sandbox"
	"satchel/internal/vips"
	"satchel/policies/previews"
	"satchel/tenancy"
	extracting "satchel/workflows/extract"
)

// textConfig is what the programs that read texts are told.
type textConfig struct {
	fx.In

	Pictures vips.Config
	Sandbox  sandbox.Config
	PDF      pdf.Config
	Office   office.Config
	OCR      ocr.Config
}

// newTextTools binds the tools of the extraction to their programs.
func newTextTools(c textConfig) (extract.Tools, error) {
	pictures, err := vips.New(c.Pictures)
	if err != nil {
		return extract.Tools{}, err
	}
	runner, err := sandbox.New(c.Sandbox)
	if err != nil {
		return extract.Tools{}, err
	}
	letters := ocr.New(runner, c.OCR)
	return extract.Tools{
		Documents: documents{pdf.New(runner, c.PDF)}, Office: textConverter{office.New(runner, c.Office)},
		Pictures: shrinker{pictures}, Scans: recognizer{letters},
		Available: func(m previews.Method) bool { return c.available(m, letters) },
	}, nil
}

// available says whether the programs of others are installed by which kinds of a method
// are read.
func (c textConfig) available(m previews.Method, letters ocr.Reader) bool {
	switch m {
	case previews.Pages:
		return installed(c.PDF.Text, c.PDF.Pages, c.PDF.Info)
	case previews.Office:
		return installed(c.Office.Program, c.PDF.Text)
	case previews.Picture:
		return letters.Installed()
	case previews.Cover, previews.Drawing, previews.Film, previews.Sound, previews.Member, previews.Embedded, previews.Markdown, previews.Table, previews.Code:
	}
	return true
}

// textFinding translates what the programs found. Every other error is a fault.
func textFinding(err error) error {
	var about sandbox.Finding
	var picture vips.NotRenderable
	var absent sandbox.Absent
	switch {
	case errors.As(err, &about):
		return &extract.Finding{State: extract.Unavailable, Reason: string(about.Code), Detail: about.Message}
	case errors.As(err, &picture):
		return &extract.Finding{State: extract.Unavailable, Reason: string(picture.Code), Detail: picture.Message}
	case errors.As(err, &absent):
		return &extract.Finding{State: extract.NotAvailable, Reason: absent.Reason}
	}
	return err
}

type documents struct{ pdf.Reader }

func (d documents) Text(ctx context.Context, path, dir string, pages int, most int64) (string, error) {
	text, err := d.Reader.Text(ctx, path, dir, pages, most)
	return text, textFinding(err)
}

func (d documents) Pictures(ctx context.Context, path, dir string, pages int) (paths []string, err error) {
	shown, err := d.Show(ctx, path, dir, 1, pages)
	for _, page := range shown {
		paths = append(paths, page.Path)
	}
	return paths, textFinding(err)
}

type textConverter struct{ office.Converter }

func (c textConverter) PDF(ctx context.Context, path, dir string) (string, error) {
	made, err := c.Converter.PDF(ctx, path, dir)
	return made, textFinding(err)
}

type shrinker struct{ vips.Renderer }

// Shrink gives the largest preview, which is large enough to be read.
func (s shrinker) Shrink(ctx context.Context, path, dir string) (string, error) {
	result, err := s.Render(ctx, path, dir)
	if err != nil {
		return "", textFinding(err)
	}
	largest, width := "", 0
	for _, p := range result.Renditions {
		if p.MIME == "image/jpeg" && p.Width >= width {
			largest, width = p.Path, p.Width
		}
	}
	if largest == "" {
		return "", &extract.Finding{State: extract.Unavailable, Reason: "no_picture", Detail: filepath.Base(path)}
	}
	return largest, nil
}

type recognizer struct{ ocr.Reader }

func (r recognizer) Read(ctx context.Context, path, dir string) (string, error) {
	text, err := r.Reader.Read(ctx, path, dir)
	return text, textFinding(err)
}

// textStarter starts the workflow of a text that is not read yet.
type textStarter struct{ client client.Client }

func (s textStarter) StartText(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return extracting.Start(ctx, s.client, extracting.ExtractTextInput{Org: org, Version: version})
}

func newPending(db *tenancy.DB, c client.Client, config extract.Config) *extract.Pending {
	return extract.NewPending(db, textStarter{c}, config)
}
