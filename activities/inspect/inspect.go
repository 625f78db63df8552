// Package inspect decides what a file is and whether it may go on to the scanner:
// by its first bytes, for pictures by their header, for zip containers by their
// directory, and for the old Office formats by all of it.
package inspect

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

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

// Small takes a small version on, inside the step that inspected it.
type Small interface {
	// Publish scans and publishes a version that was accepted. pending says that its previews
	// follow. It says false where the version must go the way of all others: its
	// verdict is another than clean, the scanner is slow or away, or operators hold the queue of scans.
	Publish(ctx context.Context, v files.Version, pending bool, found files.Whole) (bool, error)
	// Leave does what follows a publication once more: the worker may have died before it.
	Leave(ctx context.Context, v files.Version)
}

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	staged Source
	small  Small
	limits archives.Limits
	expect Expect
}

// Expect is told the media type of a version whose texts are read before it is published, when
// its scan is about to begin. It does not wait.
type Expect func(ctx context.Context, mediaType string)

// New makes the activities. Without small no version is taken to its end here.
func New(db *tenancy.DB, staged Source, small Small, limits archives.Limits, expect Expect) *Activities {
	return &Activities{db: db, staged: staged, small: small, limits: limits, expect: expect}
}

// InspectObjectInput names the version to look at.
type InspectObjectInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	// ToEnd asks to publish the version in this step if it is small, accepted and clean.
	ToEnd bool
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
	Status   files.Status    // the version's end, where this step took it there; else empty
}

// MostSmall is the size in bytes up to which a file is taken to its end in one step.
const MostSmall = 1 << 20

// subject is what an inspection must know of a version.
type subject struct {
	files.Version

	rules      types.Rules
	waits      bool // the organization publishes no personal data by itself
	renditions bool // its tier has previews
}

// read reads it in one transaction, and notes that the workflow runs from here on, anyone who
// started it.
func (a *Activities) read(ctx context.Context, in InspectObjectInput) (s subject, err error) {
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		if s.Version, err = files.GetVersion(ctx, tx, in.Version); err != nil {
			return err
		}
		if s.Status != files.Processing || s.TrashedAt != nil {
			return nil
		}
		if s.StartedAt == nil {
			if err := files.MarkStarted(ctx, tx, in.Version); err != nil {
				return fmt.Errorf("note the start: %w", err)
			}
		}
		policies, staff, err := tenancy.GetPoliciesFor(ctx, tx, s.UploadedBy)
		if err != nil {
			return err
		}
		s.waits = policies.PersonalData == tenancy.PersonalDataHold || policies.PersonalData == tenancy.PersonalDataAsk
		s.rules = types.RulesOf(policies.Switches, policies.Extensions, policies.AllowedTypes, staff)
		tier, err := tenancy.GetTier(ctx, tx)
		s.renditions = tier.Renditions
		return err
	})
	return s, err
}

// InspectObject judges a version by its name, its claim and its content, and
// records what it found. It reads 64 KiB, the header of a picture where that is
// further on, the directory of a zip, and an old Office document completely.
func (a *Activities) InspectObject(ctx context.Context, in InspectObjectInput) (InspectObjectResult, error) {
	defer queue.Heartbeat(ctx)()
	began := time.Now()
	s, err := a.read(ctx, in)
	switch {
	case err != nil:
		return InspectObjectResult{}, err
	case s.Status == files.Published && s.TrashedAt == nil: // by a try of this step whose answer was lost
		return a.again(ctx, s), nil
	case s.Status != files.Processing || s.TrashedAt != nil:
		return InspectObjectResult{}, files.ErrVersionEnded
	}
	judge := sync.OnceValues(func() (Judgment, error) { return a.judge(ctx, s) })
	if in.ToEnd && s.Size <= MostSmall && !s.waits {
		if found, err := judge(); err == nil && found.small() {
			whole := files.Whole{Inspection: found.Told, Steps: []files.DoneStep{{Name: files.StepInspect, Began: began, Ended: time.Now()}}}
			done, err := a.small.Publish(ctx, s.Version, found.Result.Preview != "", whole)
			if err != nil {
				return InspectObjectResult{}, err
			}
			if done {
				found.Result.Status = files.Published
				return found.Result, nil
			}
		}
	}
	q := a.db.Single(in.Org)
	var found Judgment
	err = files.Step(ctx, q, in.Version, files.StepInspect, activity.GetInfo(ctx).Attempt, func() error {
		if found, err = judge(); err != nil {
			return err
		}
		return record(ctx, q, in.Version, found)
	})
	found.Result.Personal = s.waits
	if err == nil && s.waits && found.Result.Verdict == verdict.Accepted {
		a.expect(ctx, found.Result.MimeType)
	}
	return found.Result, err
}

// again is the answer about a version that was published before: by this step, whose worker died
// before its result was kept. Its previews are made if they still are to be.
func (a *Activities) again(ctx context.Context, s subject) InspectObjectResult {
	if s.CleanedAt == nil {
		a.small.Leave(ctx, s.Version)
	}
	found := InspectObjectResult{Verdict: verdict.Accepted, MimeType: s.MimeType, Status: files.Published}
	if row, known := previews.For(s.MimeType); known && s.Preview == files.PreviewPending {
		found.Preview = row.Method
	}
	return found
}

// judge judges the staged object of a version, and leaves out the previews that the
// organization's tier does not have, and those of a file without bytes.
func (a *Activities) judge(ctx context.Context, s subject) (Judgment, error) {
	found, err := a.inspect(ctx, s.Version, s.rules)
	found.picture = found.Result.Preview.Quick()
	if !s.renditions || s.Size == 0 {
		found.Result.Preview = ""
	}
	return found, err
}

// inspect judges the staged object of a version.
func (a *Activities) inspect(ctx context.Context, v files.Version, rules types.Rules) (Judgment, error) {
	content := &ranges{ctx: ctx, source: a.staged, key: files.StagingKey(v.OrganizationID, v.ID), etag: v.StagingEtag, size: v.Size}
	return Judge(ctx, Object{Name: v.Name, Claim: v.ClaimedType, Size: v.Size, Content: content}, rules, a.limits)
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
