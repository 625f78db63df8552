package preview

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/policies/types"
	"satchel/tenancy"
)

// RenderPagesInput names the version, and the first page as previews.FirstOf gives it.
type RenderPagesInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	First   int
}

// RenderPagesResult says why there are none.
type RenderPagesResult struct {
	Reason string // a code; empty when they are there
}

// RenderPages makes pages of a published document that its previews do not hold. Nothing
// else of the version changes.
func (a *Activities) RenderPages(ctx context.Context, in RenderPagesInput) (RenderPagesResult, error) {
	v, err := files.GetVersion(ctx, a.db.Single(in.Org), in.Version)
	if err != nil {
		return RenderPagesResult{}, err
	}
	row, _ := previews.For(v.MimeType)
	if v.Status != files.Published || v.TrashedAt != nil {
		return RenderPagesResult{}, files.ErrVersionEnded
	}
	if !row.Method.HasPages() {
		return RenderPagesResult{Reason: reasonKind}, nil
	}
	tier, err := tenancy.GetTier(ctx, a.db.Single(in.Org))
	if err != nil {
		return RenderPagesResult{}, err
	}
	if !tier.Renditions {
		return RenderPagesResult{Reason: reasonTier}, nil
	}
	stop := queue.Heartbeat(ctx)
	defer stop()
	err = a.renderPages(ctx, in, v, row)
	var finding *Finding
	if errors.As(err, &finding) {
		activity.GetLogger(ctx).Info("no pages", "version", in.Version, "first", in.First, "reason", finding.Reason, "detail", finding.Detail)
		return RenderPagesResult{Reason: finding.Reason}, nil
	}
	return RenderPagesResult{}, err
}

func (a *Activities) renderPages(ctx context.Context, in RenderPagesInput, v files.Version, row previews.Row) error {
	folder, err := a.spool.Folder("pages")
	if err != nil {
		return err
	}
	defer folder.Discard(activity.GetLogger(ctx).Warn)
	body, err := a.clean.Open(ctx, files.ContentKey(in.Org, in.Version), v.ObjectEtag, 0, -1)
	if err != nil {
		return fmt.Errorf("open document: %w", err)
	}
	defer func() { _ = body.Close() }()
	name := "source" + types.Extension(v.Name, v.MimeType)
	if err := folder.Write(name, body); err != nil {
		return fmt.Errorf("spool document: %w", err)
	}
	j := job{tools: a.tools, folder: folder, path: folder.Path(name), extension: types.Extension(v.Name, v.MimeType), row: row}
	shown, err := j.morePages(ctx, in.First)
	if err != nil {
		return err
	}
	return a.storePages(ctx, in, shown)
}

// morePages shows those that the document's previews do not hold already.
func (j job) morePages(ctx context.Context, first int) ([]Picture, error) {
	path := j.path
	if j.row.Method == previews.Office {
		var err error
		if path, err = j.converted(ctx); err != nil {
			return nil, err
		}
	}
	return j.pages(ctx, path, "more", max(first, shownPages+1), first+previews.PagesAtOnce-1)
}

// storePages stores the objects first and the rows that point to them after, as store does.
func (a *Activities) storePages(ctx context.Context, in RenderPagesInput, shown []Picture) error {
	pages, err := a.putAll(ctx, in.Org, in.Version, shown)
	if err != nil {
		return err
	}
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error { return files.AddPages(ctx, tx, in.Version, pages) })
	if errors.Is(err, files.ErrVersionEnded) {
		err = errors.Join(err, a.removeOfEnded(ctx, in.Org, in.Version, shown))
	}
	return err
}
