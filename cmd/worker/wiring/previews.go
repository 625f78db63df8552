package wiring

import (
	"context"
	"errors"
	"os/exec"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/extract"
	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/drawing"
	"satchel/internal/fragment"
	"satchel/internal/media"
	"satchel/internal/office"
	"satchel/internal/pdf"
	"satchel/internal/s3"
	"satchel/internal/sandbox"
	"satchel/internal/vips"
	"satchel/policies/previews"
	"satchel/policies/transforms"
	"satchel/tenancy"
	making "satchel/workflows/preview"
)

// previewConfig is what the programs that make previews are told.
type previewConfig struct {
	fx.In

	Pictures vips.Config
	Sandbox  sandbox.Config
	PDF      pdf.Config
	Office   office.Config
	Media    media.Config
	Drawing  drawing.Config
	Texts    fragment.Config
}

// newTools binds the tools of the preview activities to their programs. A program of
// others that is missing is found out by its first call: a server without LibreOffice
// serves all other files.
func newTools(c previewConfig) (preview.Tools, error) {
	pictures, err := vips.New(c.Pictures)
	if err != nil {
		return preview.Tools{}, err
	}
	runner, err := sandbox.New(c.Sandbox)
	if err != nil {
		return preview.Tools{}, err
	}
	fragments, err := fragment.New(c.Texts)
	if err != nil {
		return preview.Tools{}, err
	}
	return preview.Tools{
		Available: c.available,
		Pictures:  renderer{pictures}, Pages: pager{pdf.New(runner, c.PDF)}, Office: converter{office.New(runner, c.Office)},
		Player: player{media.New(runner, c.Media)}, Drawer: drawer{drawing.New(runner, c.Drawing)}, Texts: texts{fragments},
	}, nil
}

// PreviewTools binds the tools outside the worker, with the settings of the environment:
// make judge tries them on a folder.
func PreviewTools() (tools preview.Tools, err error) {
	app := fx.New(settingsModule, fx.Provide(newTools), fx.Populate(&tools), fx.NopLogger)
	return tools, app.Err()
}

// available says whether the programs of others that a method needs are installed.
func (c previewConfig) available(m previews.Method) bool {
	var programs []string
	switch m {
	case previews.Pages:
		programs = []string{c.PDF.Pages, c.PDF.Info}
	case previews.Office:
		programs = []string{c.Office.Program, c.PDF.Pages, c.PDF.Info}
	case previews.Drawing:
		programs = []string{c.Drawing.Program}
	case previews.Film, previews.Sound:
		programs = []string{c.Media.Program, c.Media.Probe}
	case previews.Picture, previews.Cover, previews.Member, previews.Embedded, previews.Markdown, previews.Table, previews.Code:
	}
	return installed(programs...)
}

func installed(programs ...string) bool {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}

// finding translates what the programs found. Every other error is a fault.
func finding(err error) error {
	var about sandbox.Finding
	var picture vips.NotRenderable
	var absent sandbox.Absent
	switch {
	case errors.As(err, &about):
		return &preview.Finding{State: files.PreviewUnavailable, Reason: string(about.Code), Detail: about.Message}
	case errors.As(err, &picture):
		return &preview.Finding{State: files.PreviewUnavailable, Reason: string(picture.Code), Detail: picture.Message}
	case errors.As(err, &absent):
		return &preview.Finding{State: files.PreviewNotAvailable, Reason: absent.Reason}
	}
	return err
}

// renderer is the render program as the preview activity knows it.
type renderer struct{ vips.Renderer }

func (r renderer) Render(ctx context.Context, path, dir string) (preview.Pictures, error) {
	result, err := r.Renderer.Render(ctx, path, dir)
	if err != nil {
		return preview.Pictures{}, finding(err)
	}
	pictures := preview.Pictures{Width: result.Width, Height: result.Height}
	for _, p := range result.Renditions {
		pictures.Renditions = append(pictures.Renditions, preview.Picture{
			Name: p.Name, Path: p.Path, MimeType: p.MIME, Width: p.Width, Height: p.Height, Size: p.Size,
		})
	}
	return pictures, nil
}

func (r renderer) Transform(ctx context.Context, path, dir string, spec transforms.Spec) (preview.Picture, error) {
	p, err := r.Renderer.Transform(ctx, path, dir, spec)
	if err != nil {
		return preview.Picture{}, finding(err)
	}
	return preview.Picture{Name: p.Name, Path: p.Path, MimeType: p.MIME, Width: p.Width, Height: p.Height, Size: p.Size}, nil
}

type pager struct{ pdf.Reader }

func (p pager) Count(ctx context.Context, path, dir string) (int, error) {
	n, err := p.Reader.Count(ctx, path, dir)
	return n, finding(err)
}

func (p pager) Show(ctx context.Context, path, dir string, first, last int) (shown []preview.Picture, err error) {
	pages, err := p.Reader.Show(ctx, path, dir, first, last)
	for _, page := range pages {
		shown = append(shown, preview.Picture{Name: page.Name(), Path: page.Path, MimeType: "image/jpeg", Width: page.Width, Height: page.Height, Size: page.Size})
	}
	return shown, finding(err)
}

type converter struct{ office.Converter }

func (c converter) PDF(ctx context.Context, path, dir string) (string, error) {
	made, err := c.Converter.PDF(ctx, path, dir)
	return made, finding(err)
}

type player struct{ media.Player }

func (p player) Probe(ctx context.Context, path, dir string) (preview.Recording, error) {
	facts, err := p.Player.Probe(ctx, path, dir)
	return preview.Recording(facts), finding(err)
}

func (p player) Poster(ctx context.Context, path, dir string, r preview.Recording) (string, error) {
	made, err := p.Player.Poster(ctx, path, dir, media.Facts(r))
	return made, finding(err)
}

func (p player) Waveform(ctx context.Context, path, dir string) (string, error) {
	made, err := p.Player.Waveform(ctx, path, dir)
	return made, finding(err)
}

type drawer struct{ drawing.Drawer }

func (d drawer) Picture(ctx context.Context, path, dir string) (string, error) {
	made, err := d.Drawer.Picture(ctx, path, dir)
	return made, finding(err)
}

type texts struct{ fragment.Maker }

func (t texts) Fragment(ctx context.Context, path, dir string, method previews.Method, extension string) (preview.Picture, error) {
	kind := fragment.Code
	switch method {
	case previews.Markdown:
		kind = fragment.Markdown
	case previews.Table:
		kind = fragment.Table
	case previews.Code, previews.Picture, previews.Pages, previews.Office, previews.Drawing, previews.Film, previews.Sound, previews.Cover, previews.Member, previews.Embedded:
	}
	made, size, err := t.Make(ctx, path, dir, kind, extension)
	return preview.Picture{Name: fragment.Name, Path: made, MimeType: fragment.MediaType, Size: size}, finding(err)
}

// previewStarter starts the workflows of missing previews and of pictures made ahead.
type previewStarter struct{ client client.Client }

func (s previewStarter) StartPreviews(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return making.Start(ctx, s.client, making.MakePreviewsInput{Org: org, Version: version})
}

func (s previewStarter) StartPicture(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) error {
	return making.Warm(ctx, s.client, making.TransformInput{Org: org, Version: version, Key: key})
}

func newWarmer(db *tenancy.DB, c client.Client) *preview.Warmer {
	return preview.NewWarmer(db, previewStarter{c})
}

func newMissing(db *tenancy.DB, c client.Client, store *s3.Store, tools preview.Tools, reading extract.Tools, config preview.Config) *preview.Missing {
	return preview.NewMissing(db, previewStarter{c}, store.Clean, extract.Retry{DB: db, Tools: reading}, tools, config)
}
