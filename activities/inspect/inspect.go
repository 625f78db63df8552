// Package inspect decides what a file is and whether it may go on to the scanner:
// by its first bytes, for pictures by their header, for zip containers by their
// directory, and for the old Office formats by all of it.
package inspect

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/archives"
	"satchel/policies/previews"
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
	Preview  previews.Method // how renditions are made; empty for none
	Image    bool            // of runs that an earlier build inspected: renditions are made, and waited for
	Archive  bool            // a zip container: its members are scanned one by one
	Personal bool            // the organization publishes no personal data by itself
}

// InspectObject judges a version by its name, its claim and its content, and
// records what it found. It reads 64 KiB, the header of a picture where that is
// further on, the directory of a zip, and an old Office document completely.
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
	policies, staff, err := tenancy.GetPoliciesFor(ctx, q, v.UploadedBy)
	if err != nil {
		return InspectObjectResult{}, err
	}
	waits := policies.PersonalData == tenancy.PersonalDataHold || policies.PersonalData == tenancy.PersonalDataAsk
	rules := types.RulesOf(policies.Switches, policies.Extensions, policies.AllowedTypes, staff)
	var found Judgment
	err = files.Step(ctx, q, in.Version, files.StepInspect, activity.GetInfo(ctx).Attempt, func() error {
		found, err = a.inspect(ctx, v, rules)
		if err == nil {
			found, err = narrow(ctx, q, v.Size, found)
		}
		if err != nil {
			return err
		}
		return record(ctx, q, in.Version, found)
	})
	found.Result.Personal = waits
	return found.Result, err
}

// inspect judges the staged object of a version.
func (a *Activities) inspect(ctx context.Context, v files.Version, rules types.Rules) (Judgment, error) {
	content := &ranges{ctx: ctx, source: a.staged, key: files.StagingKey(v.OrganizationID, v.ID), etag: v.StagingEtag, size: v.Size}
	return Judge(ctx, Object{Name: v.Name, Claim: v.ClaimedType, Size: v.Size, Content: content}, rules, a.limits)
}

// narrow leaves out the previews that the organization's tier does not have, and those
// of a file without bytes.
func narrow(ctx context.Context, q tenancy.Queries, size int64, found Judgment) (Judgment, error) {
	if found.Result.Preview == "" || size == 0 {
		found.Result.Preview = ""
		return found, nil
	}
	tier, err := tenancy.GetTier(ctx, q)
	if !tier.Renditions {
		found.Result.Preview = ""
	}
	return found, err
}

// record keeps what was found. What no one can look into is unscannable by
// verdict too: people see it beside the state.
func record(ctx context.Context, q tenancy.Queries, version uuid.UUID, found Judgment) error {
	if err := files.Inspected(ctx, q, version, found.Told); err != nil {
		return fmt.Errorf("record media type: %w", err)
	}
	if found.Result.Verdict != verdict.Unscannable {
		return nil
	}
	return files.Scanned(ctx, q, version, files.Verdict{Verdict: verdict.Unscannable, Signature: found.Result.Rule})
}
