// Package preview makes the previews of a version: pictures of what people see when they
// open it, or its text as HTML. A file of which none can be made is published all the
// same, and one whose previews take long is published before them.
package preview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/policies/previews"
	"satchel/policies/types"
	"satchel/tenancy"
)

// Source reads an object, if it still has the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Clean is the bucket of published objects, in which renditions lie too.
type Clean interface {
	Source
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error)
	Remove(ctx context.Context, key string) error
}

// Reasons that no tool gives.
const (
	reasonKind = "no_preview_of_kind"
	reasonTier = "tier_without_previews"
)

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	staged Source
	clean  Clean
	tools  Tools
	spool  *spool.Owner
}

// New makes the activities. Bytes wait in the spool.
func New(db *tenancy.DB, staged Source, clean Clean, tools Tools, s *spool.Owner) *Activities {
	return &Activities{db: db, staged: staged, clean: clean, tools: tools, spool: s}
}

// RenderPreviewsInput names the version.
type RenderPreviewsInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// RenderPreviewsResult holds the state of the previews.
type RenderPreviewsResult struct {
	Preview string
	Reason  string // a code, when there are none
}

// RenderPreviews makes the renditions of a version that was found clean: of one in
// process from where it arrived, of one that was published in the meantime from where it
// is. They lie beside the place of the published object, and no one can reach them before
// it is published. A tier that lost its previews while the file was on its way makes none.
func (a *Activities) RenderPreviews(ctx context.Context, in RenderPreviewsInput) (RenderPreviewsResult, error) {
	q := a.db.Single(in.Org)
	v, err := files.GetVersion(ctx, q, in.Version)
	if err != nil {
		return RenderPreviewsResult{}, err
	}
	if _, err := a.lies(v); err != nil {
		return RenderPreviewsResult{}, err
	}
	tier, err := tenancy.GetTier(ctx, q)
	if err != nil {
		return RenderPreviewsResult{}, err
	}
	row, known := previews.For(v.MimeType)
	switch {
	case !tier.Renditions:
		return a.store(ctx, in, files.Preview{State: files.PreviewNone, Reason: reasonTier}, nil)
	case !known:
		return a.store(ctx, in, files.Preview{State: files.PreviewNone, Reason: reasonKind}, nil)
	}
	stop := queue.Heartbeat(ctx)
	defer stop()
	var result RenderPreviewsResult
	err = files.Step(ctx, q, in.Version, files.StepPreview, activity.GetInfo(ctx).Attempt, func() error {
		result, err = a.render(ctx, in, row)
		return err
	})
	return result, err
}

// place is where the bytes of a version lie.
type place struct {
	bucket    Source
	key, etag string
	failed    error // of the attempt to open it
}

// lies finds the bytes. A version that has ended, or whose previews are decided, has none
// for this purpose.
func (a *Activities) lies(v files.Version) (place, error) {
	switch {
	case v.Status == files.Processing && v.TrashedAt == nil:
		return place{bucket: a.staged, key: files.StagingKey(v.OrganizationID, v.ID), etag: v.StagingEtag}, nil
	case v.Status == files.Published && v.Preview == files.PreviewPending:
		return place{bucket: a.clean, key: files.ContentKey(v.OrganizationID, v.ID), etag: v.ObjectEtag}, nil
	}
	return place{}, files.ErrVersionEnded
}

func (a *Activities) render(ctx context.Context, in RenderPreviewsInput, row previews.Row) (RenderPreviewsResult, error) {
	folder, err := a.spool.Folder("preview")
	if err != nil {
		return RenderPreviewsResult{}, err
	}
	defer folder.Discard(activity.GetLogger(ctx).Warn)
	v, name, err := a.download(ctx, in, folder)
	if err != nil {
		return RenderPreviewsResult{}, err
	}
	j := job{tools: a.tools, folder: folder, path: folder.Path(name), extension: types.Extension(v.Name, v.MimeType), row: row}
	result, err := j.run(ctx)
	var finding *Finding
	switch {
	case errors.As(err, &finding):
		activity.GetLogger(ctx).Info("no previews", "version", in.Version, "method", row.Method, "state", finding.State, "reason", finding.Reason, "detail", finding.Detail)
		return a.store(ctx, in, files.Preview{State: finding.State, Reason: finding.Reason}, nil)
	case err != nil:
		return RenderPreviewsResult{}, fmt.Errorf("render previews: %w", err)
	}
	return a.store(ctx, in, files.Preview{State: files.PreviewReady, Width: int32(result.width), Height: int32(result.height),
		Pages: int32(result.pages), Duration: result.duration}, result.renditions)
}

// download spools the bytes: the tools read a file and have no network.
func (a *Activities) download(ctx context.Context, in RenderPreviewsInput, folder spool.Folder) (files.Version, string, error) {
	v, body, err := a.open(ctx, in)
	if err != nil {
		return v, "", err
	}
	defer func() { _ = body.Close() }()
	name := "source" + types.Extension(v.Name, v.MimeType)
	if err := folder.Write(name, body); err != nil {
		return v, "", fmt.Errorf("spool file: %w", err)
	}
	return v, name, nil
}

// open opens the version's object. A version may be published, and its staged object be
// gone, between the look at its row and at the store; then it is looked for once more.
func (a *Activities) open(ctx context.Context, in RenderPreviewsInput) (v files.Version, body io.ReadCloser, err error) {
	var tried place
	for {
		if v, err = files.GetVersion(ctx, a.db.Single(in.Org), in.Version); err != nil {
			return v, nil, err
		}
		from, ended := a.lies(v)
		if ended != nil || from.key == tried.key && from.bucket == tried.bucket {
			return v, nil, errors.Join(ended, tried.failed)
		}
		if body, err = from.bucket.Open(ctx, from.key, from.etag, 0, -1); err == nil {
			return v, body, nil
		}
		tried = from
		tried.failed = err
	}
}

// store stores the objects first and the rows that point to them after. What belongs to a
// version that has ended in the meantime is removed again.
func (a *Activities) store(ctx context.Context, in RenderPreviewsInput, p files.Preview, pictures []Picture) (RenderPreviewsResult, error) {
	var err error
	if p.Renditions, err = a.putAll(ctx, in.Org, in.Version, pictures); err != nil {
		return RenderPreviewsResult{}, err
	}
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return files.Previewed(ctx, tx, in.Version, p)
	})
	if errors.Is(err, files.ErrVersionEnded) {
		err = errors.Join(err, a.removeOfEnded(ctx, in.Org, in.Version, pictures))
	}
	return RenderPreviewsResult{Preview: p.State, Reason: p.Reason}, err
}

// removeOfEnded removes what was stored of a version that was taken back or deleted
// meanwhile, after its objects had been cleared. One that is published has its previews
// from another attempt, under the same names.
func (a *Activities) removeOfEnded(ctx context.Context, org tenancy.OrgID, version uuid.UUID, pictures []Picture) error {
	v, err := files.GetVersion(ctx, a.db.Single(org), version)
	if err == nil && (v.Status == files.Published || !files.Final(v.Status)) {
		return nil
	}
	for _, picture := range pictures {
		if err := a.clean.Remove(ctx, files.RenditionKey(org, version, picture.Name)); err != nil {
			return fmt.Errorf("remove rendition: %w", err)
		}
	}
	return nil
}

// putAll stores the objects of renditions.
func (a *Activities) putAll(ctx context.Context, org tenancy.OrgID, version uuid.UUID, pictures []Picture) (stored []files.Rendition, err error) {
	for _, p := range pictures {
		etag, err := a.put(ctx, files.RenditionKey(org, version, p.Name), p)
		if err != nil {
			return nil, err
		}
		stored = append(stored, files.Rendition{Name: p.Name, MimeType: p.MimeType, Width: int32(p.Width), Height: int32(p.Height), Size: p.Size, Etag: etag})
	}
	return stored, nil
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
