// Package imaging makes the renditions of an image. A picture that cannot be
// rendered has no previews, and is published all the same.
package imaging

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Source reads the staged object, if it still has the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Target stores renditions.
type Target interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error)
}

// Renderer writes the renditions of the image at path into an empty folder. It
// says Renderable false when the same image will never have any; an error is
// worth another try.
type Renderer interface {
	Render(ctx context.Context, path, dir string) (Pictures, error)
}

// Pictures are the results of a renderer.
type Pictures struct {
	Renderable    bool
	Reason        string // a code, when it is not renderable
	Width, Height int    // of the picture as it is seen
	Renditions    []Picture
}

// Picture is one rendition in a file.
type Picture struct {
	Name, Path, MimeType string
	Width, Height        int
	Size                 int64
}

// The states of a version's previews.
const (
	ready       = "ready"
	unavailable = "unavailable"
	none        = "none" // not to be made
)

// Activities are the activities of this package.
type Activities struct {
	db       *tenancy.DB
	staged   Source
	clean    Target
	renderer Renderer
	spoolDir string
}

// New makes the activities. Bytes of images wait in spoolDir, the system's
// folder for temporary files when that is empty.
func New(db *tenancy.DB, staged Source, clean Target, renderer Renderer, spoolDir string) *Activities {
	return &Activities{db: db, staged: staged, clean: clean, renderer: renderer, spoolDir: spoolDir}
}

// RenderPreviewsInput names the image.
type RenderPreviewsInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// RenderPreviewsResult holds the state of the previews.
type RenderPreviewsResult struct {
	Preview string
	Reason  string // a code, when they are unavailable
}

// RenderPreviews makes the renditions of a version. They lie beside the place
// where the version will be published, and no one can reach them before. A tier
// that lost its previews while the file was on its way makes none.
func (a *Activities) RenderPreviews(ctx context.Context, in RenderPreviewsInput) (RenderPreviewsResult, error) {
	q := a.db.Single(in.Org)
	v, err := files.ListInProcess(ctx, q, in.Version)
	if err != nil {
		return RenderPreviewsResult{}, err
	}
	tier, err := tenancy.GetTier(ctx, q)
	switch {
	case err != nil:
		return RenderPreviewsResult{}, err
	case !tier.Renditions:
		return a.store(ctx, in, none, Pictures{})
	}
	stop := queue.Heartbeat(ctx)
	defer stop()
	var result RenderPreviewsResult
	err = files.Step(ctx, q, in.Version, files.StepPreview, activity.GetInfo(ctx).Attempt, func() error {
		result, err = a.render(ctx, in, v)
		return err
	})
	return result, err
}

func (a *Activities) render(ctx context.Context, in RenderPreviewsInput, v files.Version) (RenderPreviewsResult, error) {
	dir, err := os.MkdirTemp(a.spoolDir, "preview-*")
	if err != nil {
		return RenderPreviewsResult{}, fmt.Errorf("make spool folder (SATCHEL_SPOOL_DIR): %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source, out := filepath.Join(dir, "source"), filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return RenderPreviewsResult{}, fmt.Errorf("make output folder: %w", err)
	}
	if err := a.download(ctx, files.StagingKey(in.Org, in.Version), v.StagingEtag, source); err != nil {
		return RenderPreviewsResult{}, err
	}
	pictures, err := a.renderer.Render(ctx, source, out)
	if err != nil {
		return RenderPreviewsResult{}, fmt.Errorf("render previews: %w", err)
	}
	if !pictures.Renderable {
		return a.store(ctx, in, unavailable, pictures)
	}
	return a.store(ctx, in, ready, pictures)
}

// download spools the image: the renderer reads a file and has no network.
func (a *Activities) download(ctx context.Context, key, etag, path string) error {
	body, err := a.staged.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the path is a folder of our own making
	if err != nil {
		return fmt.Errorf("make spool file: %w", err)
	}
	_, err = io.Copy(f, body)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("spool image: %w", err)
	}
	return nil
}

// store stores the objects first and the rows that point to them after.
func (a *Activities) store(ctx context.Context, in RenderPreviewsInput, preview string, p Pictures) (RenderPreviewsResult, error) {
	result := RenderPreviewsResult{Preview: preview, Reason: p.Reason}
	rows := make([]files.Rendition, 0, len(p.Renditions))
	for _, picture := range p.Renditions {
		etag, err := a.put(ctx, files.RenditionKey(in.Org, in.Version, picture.Name), picture)
		if err != nil {
			return RenderPreviewsResult{}, err
		}
		rows = append(rows, files.Rendition{Name: picture.Name, MimeType: picture.MimeType,
			Width: int32(picture.Width), Height: int32(picture.Height), Size: picture.Size, Etag: etag})
	}
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return files.Previewed(ctx, tx, in.Version, result.Preview, int32(p.Width), int32(p.Height), rows)
	})
	return result, err
}

func (a *Activities) put(ctx context.Context, key string, p Picture) (string, error) {
	f, err := os.Open(p.Path)
	if err != nil {
		return "", fmt.Errorf("open rendition: %w", err)
	}
	defer func() { _ = f.Close() }()
	etag, err := a.clean.Put(ctx, key, f, p.Size, p.MimeType)
	if err != nil {
		return "", fmt.Errorf("store rendition: %w", err)
	}
	return etag, nil
}
