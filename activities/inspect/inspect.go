// Package inspect decides by a file's first bytes, for pictures by their header
// and for zip containers by their directory, whether it may go on to the scanner at all.
package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/archives"
	"satchel/policies/pictures"
	"satchel/policies/types"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// Source reads ranges of the staged object with the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	staged Source
	limits archives.Limits
}

// New makes the activities.
func New(db *tenancy.DB, staged Source, limits archives.Limits) *Activities {
	return &Activities{db: db, staged: staged, limits: limits}
}

// InspectObjectInput names the version to look at.
type InspectObjectInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// InspectObjectResult says whether and how the version goes on.
type InspectObjectResult struct {
	// Verdict is Accepted, Rejected or Unscannable. The workflow goes on only with
	// the first.
	Verdict  verdict.Verdict
	Rule     string // which rule refused
	MimeType string
	Image    bool // renditions are made
	Archive  bool // a zip container: its members are scanned one by one
}

// InspectObject judges a version by its name, its claim and its content, and
// records the media type it found. It reads 64 KiB, the header of a picture where
// that is further on, and the directory of a zip.
func (a *Activities) InspectObject(ctx context.Context, in InspectObjectInput) (InspectObjectResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.db.Single(in.Org)
	v, err := files.ListInProcess(ctx, q, in.Version)
	if err != nil {
		return InspectObjectResult{}, err
	}
	// The workflow runs from here on, anyone who started it.
	if err := files.MarkStarted(ctx, q, in.Version); err != nil {
		return InspectObjectResult{}, fmt.Errorf("note the start: %w", err)
	}
	var result InspectObjectResult
	err = files.Step(ctx, q, in.Version, files.StepInspect, activity.GetInfo(ctx).Attempt, func() error {
		result, err = a.inspect(ctx, v)
		if err == nil {
			result, err = narrow(ctx, q, result)
		}
		if err != nil {
			return err
		}
		return record(ctx, q, in.Version, result)
	})
	return result, err
}

func (a *Activities) inspect(ctx context.Context, v files.Version) (InspectObjectResult, error) {
	object := &ranges{ctx: ctx, source: a.staged, key: files.StagingKey(v.OrganizationID, v.ID), etag: v.StagingEtag, size: v.Size}
	head := make([]byte, min(v.Size, types.HeadSize))
	if _, err := object.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return InspectObjectResult{}, fmt.Errorf("read the first bytes: %w", err)
	}
	decision := types.Decide(v.Name, v.ClaimedType, head)
	if !decision.Accepted() {
		return InspectObjectResult{Verdict: verdict.Rejected, Rule: string(decision.Rule), MimeType: decision.Type.MediaType}, nil
	}
	result := InspectObjectResult{Verdict: verdict.Accepted, MimeType: decision.Type.MediaType, Image: decision.Type.Preview}
	excessive, err := pictures.Excessive(object, v.Size, decision.Type.MediaType)
	if err != nil {
		return InspectObjectResult{}, fmt.Errorf("read the header of a picture: %w", err)
	}
	if excessive {
		return InspectObjectResult{Verdict: verdict.Rejected, Rule: string(types.TooManyPixels), MimeType: decision.Type.MediaType}, nil
	}
	kind, archive := archives.KindOf(decision.Type.MediaType)
	if !archive {
		return result, nil
	}
	result.Archive = true
	_, err = archives.Inspect(ctx, object, v.Size, kind, a.limits)
	return judge(result, err)
}

// narrow applies the policies of the organization and the limits of its tier:
// fewer kinds of files, no previews.
func narrow(ctx context.Context, q tenancy.Queries, result InspectObjectResult) (InspectObjectResult, error) {
	if result.Verdict != verdict.Accepted {
		return result, nil
	}
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return result, err
	}
	if allowed := policies.AllowedTypes; len(allowed) > 0 && !slices.Contains(allowed, result.MimeType) {
		return InspectObjectResult{Verdict: verdict.Rejected, Rule: string(types.NotAllowedHere), MimeType: result.MimeType}, nil
	}
	if !result.Image {
		return result, nil
	}
	tier, err := tenancy.GetTier(ctx, q)
	result.Image = tier.Renditions
	return result, err
}

// judge turns a finding into a verdict; any other error is the store's.
func judge(result InspectObjectResult, err error) (InspectObjectResult, error) {
	var finding *archives.Finding
	if !errors.As(err, &finding) {
		return result, err
	}
	result.Rule, result.Verdict = string(finding.Rule), finding.Class()
	return result, nil
}

// record keeps what was found. What no one can look into is unscannable by
// verdict too: people see it beside the state.
func record(ctx context.Context, q tenancy.Queries, version uuid.UUID, r InspectObjectResult) error {
	if err := files.Inspected(ctx, q, version, r.MimeType); err != nil {
		return fmt.Errorf("record media type: %w", err)
	}
	if r.Verdict != verdict.Unscannable {
		return nil
	}
	return files.Scanned(ctx, q, version, files.Verdict{Verdict: verdict.Unscannable, Signature: r.Rule})
}
