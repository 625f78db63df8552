package preview

import (
	"context"
	"errors"
	"os"
	"time"

	"satchel/files"
	"satchel/internal/spool"
	"satchel/policies/previews"
)

// made is what was made of one version.
type made struct {
	width, height, pages int
	duration             time.Duration
	renditions           []Picture
}

// job is one version whose bytes are in a folder of the spool.
type job struct {
	tools     Tools
	folder    spool.Folder
	path      string // of the bytes
	extension string // of the file's name, with its dot
	row       previews.Row
}

// shownPages is how many pages of a document are renditions.
const shownPages = 5

// run makes the previews by the method of the kind.
func (j job) run(ctx context.Context) (made, error) {
	switch j.row.Method {
	case previews.Picture:
		return j.picture(ctx, j.path)
	case previews.Pages:
		return j.document(ctx, j.path)
	case previews.Office:
		return j.office(ctx)
	case previews.Drawing:
		return j.drawing(ctx, j.path)
	case previews.Film, previews.Sound:
		return j.recording(ctx)
	case previews.Cover, previews.Member:
		return j.inside(ctx)
	case previews.Embedded:
		return j.embedded(ctx)
	case previews.Markdown, previews.Table, previews.Code:
		return j.text(ctx)
	}
	return made{}, &Finding{State: files.PreviewNone, Reason: reasonKind, Detail: string(j.row.Method)}
}

// dir makes a folder for one call of a tool.
func (j job) dir(name string) (string, error) {
	path := j.folder.Path(name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", spool.Failed("make output folder", err)
	}
	return path, nil
}

func (j job) picture(ctx context.Context, path string) (made, error) {
	dir, err := j.dir("pictures")
	if err != nil {
		return made{}, err
	}
	p, err := j.tools.Pictures.Render(ctx, path, dir)
	return made{width: p.Width, height: p.Height, renditions: p.Renditions}, err
}

// document shows the first page, and the others as far as they can be shown: a broken
// second page takes nothing away from the first.
func (j job) document(ctx context.Context, path string) (made, error) {
	first, err := j.pages(ctx, path, "first", 1, 1)
	if err != nil {
		return made{}, err
	}
	result, err := j.picture(ctx, first[0].Path)
	if err != nil {
		return made{}, err
	}
	result.width, result.height = 0, 0 // of the page's picture, not of the document
	result.renditions = append(result.renditions, first...)
	counting, err := j.dir("count")
	if err != nil {
		return made{}, err
	}
	if result.pages, err = j.tools.Pages.Count(ctx, path, counting); err != nil && !isFinding(err) {
		return made{}, err
	}
	if result.pages < 2 {
		return result, nil
	}
	rest, err := j.pages(ctx, path, "rest", 2, min(result.pages, shownPages))
	if err != nil && !isFinding(err) {
		return made{}, err
	}
	result.renditions = append(result.renditions, rest...)
	return result, nil
}

func (j job) pages(ctx context.Context, path, name string, first, last int) ([]Picture, error) {
	dir, err := j.dir(name)
	if err != nil {
		return nil, err
	}
	return j.tools.Pages.Show(ctx, path, dir, first, last)
}

func isFinding(err error) bool {
	var finding *Finding
	return errors.As(err, &finding)
}

// office goes by way of a PDF. Where this machine has no LibreOffice, the small picture
// is shown that the program of the file's writer left in it.
func (j job) office(ctx context.Context) (made, error) {
	converted, err := j.converted(ctx)
	if err == nil {
		return j.document(ctx, converted)
	}
	var finding *Finding
	if !errors.As(err, &finding) || finding.State != files.PreviewNotAvailable || len(j.row.Members) == 0 {
		return made{}, err
	}
	if result, insideErr := j.inside(ctx); insideErr == nil || !isFinding(insideErr) {
		return result, insideErr
	}
	return made{}, err
}

// converted is the document as a PDF.
func (j job) converted(ctx context.Context) (path string, err error) {
	dir, err := j.dir("office")
	if err != nil {
		return "", err
	}
	return j.tools.Office.PDF(ctx, j.path, dir)
}

func (j job) drawing(ctx context.Context, path string) (made, error) {
	dir, err := j.dir("drawing")
	if err != nil {
		return made{}, err
	}
	drawn, err := j.tools.Drawer.Picture(ctx, path, dir)
	if err != nil {
		return made{}, err
	}
	result, err := j.picture(ctx, drawn)
	result.width, result.height = 0, 0 // a drawing has any size
	return result, err
}

// recording shows a frame of a film, and the loudness of a recording that has no film.
func (j job) recording(ctx context.Context) (made, error) {
	dir, err := j.dir("recording")
	if err != nil {
		return made{}, err
	}
	facts, err := j.tools.Player.Probe(ctx, j.path, dir)
	if err != nil {
		return made{}, err
	}
	var shown string
	switch {
	case facts.Width > 0 && j.row.Method == previews.Film:
		shown, err = j.tools.Player.Poster(ctx, j.path, dir, facts)
	case facts.Sound:
		shown, err = j.tools.Player.Waveform(ctx, j.path, dir)
	default:
		err = &Finding{State: files.PreviewUnavailable, Reason: "empty", Detail: "neither sound nor film"}
	}
	if err != nil {
		return made{}, err
	}
	result, err := j.picture(ctx, shown)
	result.width, result.height, result.duration = facts.Width, facts.Height, facts.Duration
	return result, err
}

func (j job) text(ctx context.Context) (made, error) {
	dir, err := j.dir("text")
	if err != nil {
		return made{}, err
	}
	fragment, err := j.tools.Texts.Fragment(ctx, j.path, dir, j.row.Method, j.extension)
	return made{renditions: []Picture{fragment}}, err
}
