package preview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/policies/previews"
	"satchel/policies/transforms"
	"satchel/tenancy"
)

// TransformPictureInput names the version, and the picture by its key of policies/transforms.
type TransformPictureInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	Key     string
	Ahead   bool `json:",omitzero"` // no request has asked for it yet
}

// TransformPictureResult says why there is none.
type TransformPictureResult struct {
	Reason string // a code; empty when it is there
}

const (
	// transformLease is how long a process that died keeps others from a picture. It is
	// longer than one attempt, so that two never make the same.
	transformLease = 3 * time.Minute
	// transformRest is how long a picture that cannot be made is not tried again.
	transformRest = 10 * time.Minute
)

// Reasons that no tool gives.
const (
	reasonKey      = "unknown_picture"
	reasonNoSource = "no_picture"
)

// TransformPicture makes a picture that somebody asked for, of a published version that
// was found clean. The row says who makes it: a second one finds it made, or waits for its
// next attempt. What cannot be made is remembered for a while, and nothing is stored of it.
func (a *Activities) TransformPicture(ctx context.Context, in TransformPictureInput) (TransformPictureResult, error) {
	q := a.db.Single(in.Org)
	v, err := files.GetVersion(ctx, q, in.Version)
	if err != nil {
		return TransformPictureResult{}, err
	}
	spec, ok := transforms.Parse(in.Key)
	if !ok || spec.Format == "" {
		return TransformPictureResult{Reason: reasonKey}, nil
	}
	if v.Status != files.Published || v.TrashedAt != nil {
		return TransformPictureResult{}, files.ErrVersionEnded
	}
	if reason, err := a.mayTransform(ctx, q, in.Version); err != nil || reason != "" {
		return TransformPictureResult{Reason: reason}, err
	}
	mine, err := files.BeginTransformation(ctx, q, in.Version, in.Key, transformLease, activity.GetInfo(ctx).Attempt > 1)
	if err != nil || !mine {
		return TransformPictureResult{}, err // the reader looks at the row
	}
	stop := queue.Heartbeat(ctx)
	defer stop()
	return a.transformed(ctx, in, v, spec)
}

func (a *Activities) mayTransform(ctx context.Context, q tenancy.Queries, version uuid.UUID) (reason string, err error) {
	tier, err := tenancy.GetTier(ctx, q)
	switch {
	case err != nil:
		return "", err
	case !tier.Renditions:
		return reasonTier, nil
	}
	err = files.RoomForTransformation(ctx, q, version)
	if errors.Is(err, files.ErrTransformations) {
		return files.ErrTransformations.Code, nil
	}
	return "", err
}

// transformed makes the picture and ends the row in each case.
func (a *Activities) transformed(ctx context.Context, in TransformPictureInput, v files.Version, spec transforms.Spec) (TransformPictureResult, error) {
	err := a.transform(ctx, in, v, spec)
	q := a.db.Single(in.Org)
	var finding *Finding
	switch {
	case errors.As(err, &finding):
		activity.GetLogger(ctx).Info("no picture", "version", in.Version, "key", in.Key, "reason", finding.Reason, "detail", finding.Detail)
		return TransformPictureResult{Reason: finding.Reason}, files.FailTransformation(ctx, q, in.Version, in.Key, finding.Reason, transformRest)
	case err != nil:
		// Also of a cancelled attempt: the next one must not wait for the lease.
		giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return TransformPictureResult{}, errors.Join(err, files.EndTransformation(giving, q, in.Version, in.Key))
	}
	return TransformPictureResult{}, nil
}

func (a *Activities) transform(ctx context.Context, in TransformPictureInput, v files.Version, spec transforms.Spec) error {
	folder, err := a.spool.Folder("transform")
	if err != nil {
		return err
	}
	defer func() {
		if err := folder.Remove(); err != nil {
			activity.GetLogger(ctx).Warn("remove spool folder failed; it is removed with the process", "error", err)
		}
	}()
	if err := a.spoolSource(ctx, in, v, spec, folder); err != nil {
		return err
	}
	j := job{tools: a.tools, folder: folder}
	source := folder.Path("source")
	if isText(v, spec) {
		if source, err = j.sheet(ctx, v, source); err != nil {
			return err
		}
	}
	dir, err := j.dir("picture")
	if err != nil {
		return err
	}
	made, err := a.tools.Pictures.Transform(ctx, source, dir, spec)
	if err != nil {
		return err
	}
	return a.storeTransformed(ctx, in, made)
}

// spoolSource spools what the picture is made of: the original where that is a picture,
// the page of a document, and else the largest rendition, which shows a film by its
// poster and a book by its cover. Of a text it is the beginning.
func (a *Activities) spoolSource(ctx context.Context, in TransformPictureInput, v files.Version, spec transforms.Spec, folder spool.Folder) error {
	body, err := a.sourceOf(ctx, in, v, spec)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := folder.Write("source", body); err != nil {
		return fmt.Errorf("spool picture: %w", err)
	}
	return nil
}

func (a *Activities) sourceOf(ctx context.Context, in TransformPictureInput, v files.Version, spec transforms.Spec) (io.ReadCloser, error) {
	row, known := previews.For(v.MimeType)
	if known && row.Method == previews.Picture && spec.Page == 0 {
		return a.clean.Open(ctx, files.ContentKey(in.Org, in.Version), v.ObjectEtag, 0, -1)
	}
	if isText(v, spec) {
		return a.clean.Open(ctx, files.ContentKey(in.Org, in.Version), v.ObjectEtag, 0, min(v.Size, sheetSource))
	}
	source, found, err := files.SourceRendition(ctx, a.db.Single(in.Org), in.Version, spec.Page)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, &Finding{State: files.PreviewUnavailable, Reason: reasonNoSource, Detail: "no rendition to make it of"}
	}
	return a.clean.Open(ctx, files.RenditionKey(in.Org, in.Version, source.Name), source.Etag, 0, -1)
}

// storeTransformed stores the object first and the row that points to it after, as store
// does. What belongs to a version that has ended in the meantime is removed again.
func (a *Activities) storeTransformed(ctx context.Context, in TransformPictureInput, made Picture) error {
	key := files.TransformationKey(in.Org, in.Version, in.Key)
	etag, err := a.put(ctx, key, made)
	if err != nil {
		return err
	}
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return files.AddTransformation(ctx, tx, in.Version, in.Key, files.Rendition{
			MimeType: made.MimeType, Width: int32(made.Width), Height: int32(made.Height), Size: made.Size, Etag: etag,
		}, in.Ahead)
	})
	if errors.Is(err, files.ErrVersionEnded) {
		err = errors.Join(err, a.clean.Remove(ctx, key))
	}
	return err
}
