package generation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/render"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Staging is the bucket in which files wait for their inspection.
type Staging interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error)
}

// Admission lets received files into the pipeline.
type Admission interface {
	StartAdmitted(ctx context.Context, org tenancy.OrgID) error
}

// Drafts has the activities about what was made.
type Drafts struct {
	DB        *tenancy.DB
	Staging   Staging
	Admission Admission
	Now       func() time.Time
}

// TakeDraftTurnInput names the generation.
type TakeDraftTurnInput struct {
	Org        tenancy.OrgID
	Generation uuid.UUID
}

// TakeDraftTurnResult is what the row says.
type TakeDraftTurnResult struct {
	State drafts.State
	Until time.Time // of a draft: when it expires
}

// TakeDraftTurn says what is to be done with a generation. A draft whose time is over ends.
func (a *Drafts) TakeDraftTurn(ctx context.Context, in TakeDraftTurnInput) (TakeDraftTurnResult, error) {
	g, err := drafts.Get(ctx, a.DB.Single(in.Org), in.Generation)
	if err != nil || g.State != drafts.Draft || g.ExpiresAt == nil {
		return TakeDraftTurnResult{State: g.State}, err
	}
	if g.ExpiresAt.After(a.Now()) {
		return TakeDraftTurnResult{State: g.State, Until: g.ExpiresAt.UTC()}, nil
	}
	err = a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error { return drafts.End(ctx, tx, g.ID, drafts.Expired, "") })
	if err == nil {
		g, err = drafts.Get(ctx, a.DB.Single(in.Org), in.Generation) // a decision may have come first
	}
	return TakeDraftTurnResult{State: g.State}, err
}

// PublishDraftInput names the generation.
type PublishDraftInput struct {
	Org        tenancy.OrgID
	Generation uuid.UUID
}

// PublishDraftResult names the file that it becomes.
type PublishDraftResult struct{ File, Version uuid.UUID }

var errLost = fault.New(fault.Conflict, "approved_version_lost", "The version that an approved draft was to become has ended. Ask for the document again.")

// PublishDraft writes the file of an approved draft where an upload leaves it, and lets it
// into the pipeline. The rows of the version were made with the approval.
func (a *Drafts) PublishDraft(ctx context.Context, in PublishDraftInput) (PublishDraftResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.DB.Single(in.Org)
	g, err := drafts.Get(ctx, q, in.Generation)
	switch {
	case err != nil:
		return PublishDraftResult{}, err
	case g.Result == nil || g.ResultFile == nil || g.State != drafts.Approved && g.State != drafts.Published:
		return PublishDraftResult{}, drafts.ErrEnded
	}
	result := PublishDraftResult{File: *g.ResultFile, Version: *g.Result}
	if g.State == drafts.Approved {
		if err := a.write(ctx, q, g); err != nil {
			return result, err
		}
		err := a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error { return drafts.End(ctx, tx, g.ID, drafts.Published, g.Result.String()) })
		if err != nil {
			return result, err
		}
	}
	if err := a.Admission.StartAdmitted(ctx, in.Org); err != nil {
		activity.GetLogger(ctx).Warn("start admitted version failed; sweep will retry", "org", in.Org, "error", err)
	}
	return result, nil
}

// write renders the document and puts it where the bytes of an upload are. The same document
// gives the same bytes, so that a second try writes the same object.
func (a *Drafts) write(ctx context.Context, q tenancy.Queries, g drafts.Generation) error {
	v, err := files.GetVersion(ctx, q, *g.Result)
	switch {
	case errors.Is(err, files.ErrNotFound), err == nil && v.Status != files.Uploading && v.ReceivedAt == nil:
		return errLost.Because(err)
	case err != nil || v.ReceivedAt != nil:
		return err
	}
	file, err := Render(ctx, q, g)
	if err != nil {
		return err
	}
	size := int64(len(file.Content))
	etag, err := a.Staging.Put(ctx, files.StagingKey(g.Org, *g.Result), bytes.NewReader(file.Content), size, "")
	if err != nil {
		return fmt.Errorf("store file of draft: %w", err)
	}
	sum := sha256.Sum256(file.Content)
	return a.DB.InTx(ctx, g.Org, func(tx *tenancy.Tx) error {
		return files.Receive(ctx, tx, files.Received{Upload: *g.Result, Size: size, SHA256: hex.EncodeToString(sum[:]), ETag: etag})
	})
}

// Render writes the newest revision of a generation in the format of its approval.
func Render(ctx context.Context, q tenancy.Queries, g drafts.Generation) (render.File, error) {
	newest, err := drafts.Newest(ctx, q, g.ID)
	if err != nil {
		return render.File{}, err
	}
	source, err := drafts.SourceText(ctx, q, g.ID)
	if err != nil {
		return render.File{}, err
	}
	d, err := generation.Unmarshal(newest.Document, source)
	if err != nil {
		return render.File{}, err
	}
	return render.Render(d, render.Format(g.Format), g.Answers)
}

// EndGenerationInput names the generation, and says how it ended.
type EndGenerationInput struct {
	Org        tenancy.OrgID
	Generation uuid.UUID
	State      drafts.State
	Code       string
}

// EndGenerationResult is empty.
type EndGenerationResult struct{}

// EndGeneration ends a generation that failed or was called off. The first end stays.
func (a *Drafts) EndGeneration(ctx context.Context, in EndGenerationInput) (EndGenerationResult, error) {
	return EndGenerationResult{}, a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return drafts.End(ctx, tx, in.Generation, in.State, in.Code)
	})
}
