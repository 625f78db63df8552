// Package inspect decides what a file is and whether it may go on to the scanner:
// by its first bytes, for pictures by their header, for zip containers by their
// directory, and for the old Office formats by all of it.
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
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/ole"
	"satchel/policies/pictures"
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
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return InspectObjectResult{}, err
	}
	staff, err := tenancy.IsStaff(ctx, q, v.UploadedBy)
	if err != nil {
		return InspectObjectResult{}, err
	}
	rules := types.RulesOf(policies.Switches, policies.Extensions, staff)
	var found inspected
	err = files.Step(ctx, q, in.Version, files.StepInspect, activity.GetInfo(ctx).Attempt, func() error {
		found, err = a.inspect(ctx, v, rules)
		if err == nil {
			found, err = narrow(ctx, q, policies, v.Size, found)
		}
		if err != nil {
			return err
		}
		return record(ctx, q, in.Version, found)
	})
	return found.result, err
}

// inspected is the result, and what people are told beside it.
type inspected struct {
	result InspectObjectResult
	told   files.Inspection
}

// refuse makes a refusal of a decision.
func refuse(d types.Decision) inspected {
	return inspected{
		InspectObjectResult{Verdict: verdict.Rejected, Rule: string(d.Rule), MimeType: d.Type.MediaType},
		files.Inspection{MimeType: d.Type.MediaType, Found: d.Found, Expected: d.Expected},
	}
}

// accept makes the way on of a decision.
func accept(d types.Decision) inspected {
	var method previews.Method
	if row, known := previews.For(d.Type.MediaType); known {
		method = row.Method
	}
	return inspected{
		InspectObjectResult{Verdict: verdict.Accepted, MimeType: d.Type.MediaType, Preview: method, Archive: d.Type.Container == types.Zip},
		files.Inspection{MimeType: d.Type.MediaType, CorrectedFrom: d.From},
	}
}

func (a *Activities) inspect(ctx context.Context, v files.Version, rules types.Rules) (inspected, error) {
	object := &ranges{ctx: ctx, source: a.staged, key: files.StagingKey(v.OrganizationID, v.ID), etag: v.StagingEtag, size: v.Size}
	head := make([]byte, min(v.Size, types.HeadSize))
	if _, err := object.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return inspected{}, fmt.Errorf("read the first bytes: %w", err)
	}
	decision := types.Decide(v.Name, v.ClaimedType, head, rules)
	if !decision.Accepted() {
		return refuse(decision), nil
	}
	excessive, err := pictures.Excessive(object, v.Size, decision.Type.MediaType)
	if err != nil {
		return inspected{}, fmt.Errorf("read the header of a picture: %w", err)
	}
	if excessive {
		decision.Rule = types.TooManyPixels
		return refuse(decision), nil
	}
	switch decision.Type.Container {
	case types.Zip:
		return a.inspectZip(ctx, object, decision, rules)
	case types.OLE, types.RTF:
		return a.inspectOLE(object, decision, rules)
	default:
		return accept(decision), nil
	}
}

// inspectZip opens a container and lets it say which document it is.
func (a *Activities) inspectZip(ctx context.Context, object *ranges, d types.Decision, rules types.Rules) (inspected, error) {
	limits := a.limits
	limits.Macros = rules.AllowMacros()
	limits.Refuses = types.NeverInside
	report, err := archives.Inspect(ctx, object, object.size, limits)
	if err != nil {
		return judge(d, err)
	}
	d = types.Contained(d, report.Document, report.Has, rules)
	if d.Rule == "" && report.Macros && !d.Type.Macros {
		d = types.Decision{Type: d.Type, Rule: types.MacroDocument}
	}
	if !d.Accepted() {
		return refuse(d), nil
	}
	out := accept(d)
	if report.Macros {
		out.told.Active = []string{"macros"}
	}
	return out, nil
}

// inspectOLE reads an old Office document completely, from a copy on disk: its
// sectors lie anywhere.
func (a *Activities) inspectOLE(object *ranges, d types.Decision, rules types.Rules) (inspected, error) {
	if object.size > ole.MaxSize {
		return judge(d, &ole.Finding{Rule: ole.TooLarge})
	}
	file, err := a.copyLocally(object)
	if err != nil {
		return inspected{}, err
	}
	defer func() { _ = file.Close() }()
	document := d.Type.MediaType
	if d.Type.Container == types.RTF {
		err = ole.InspectRTF(io.NewSectionReader(file, 0, object.size))
	} else {
		document, err = ole.Inspect(file, object.size)
	}
	if err != nil {
		return judge(d, err)
	}
	d = types.Contained(d, document, func(string) bool { return false }, rules)
	if !d.Accepted() {
		return refuse(d), nil
	}
	return accept(d), nil
}

// copyLocally copies the object into the spool of this process.
func (a *Activities) copyLocally(object *ranges) (*spool.File, error) {
	f, err := a.limits.TempFile()
	if err != nil {
		return nil, err
	}
	body, err := object.source.Open(object.ctx, object.key, object.etag, 0, -1)
	if err == nil {
		_, err = io.Copy(f, body)
		_ = body.Close()
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("copy the object: %w", err)
	}
	return f, nil
}

// narrow applies what the organization decided for itself and what its tier
// allows: fewer kinds of files, no files without bytes, no previews.
func narrow(ctx context.Context, q tenancy.Queries, policies tenancy.Policies, size int64, found inspected) (inspected, error) {
	if found.result.Verdict != verdict.Accepted {
		return found, nil
	}
	if allowed := policies.AllowedTypes; len(allowed) > 0 && !slices.Contains(allowed, found.result.MimeType) {
		row, _ := types.ByMediaType(found.result.MimeType)
		return refuse(types.Decision{Type: row, Rule: types.NotAllowedHere, Found: row.Title}), nil
	}
	if found.result.Preview == "" || size == 0 {
		found.result.Preview = ""
		return found, nil
	}
	tier, err := tenancy.GetTier(ctx, q)
	if !tier.Renditions {
		found.result.Preview = ""
	}
	return found, err
}

// judge turns a finding into a verdict; any other error is the store's.
func judge(d types.Decision, err error) (inspected, error) {
	var archive *archives.Finding
	var document *ole.Finding
	out := inspected{InspectObjectResult{MimeType: d.Type.MediaType}, files.Inspection{MimeType: d.Type.MediaType}}
	switch {
	case errors.As(err, &archive):
		out.result.Rule, out.result.Verdict = string(archive.Rule), archive.Class()
	case errors.As(err, &document):
		out.result.Rule, out.result.Verdict = string(document.Rule), document.Class()
	default:
		return inspected{}, err
	}
	return out, nil
}

// record keeps what was found. What no one can look into is unscannable by
// verdict too: people see it beside the state.
func record(ctx context.Context, q tenancy.Queries, version uuid.UUID, found inspected) error {
	if err := files.Inspected(ctx, q, version, found.told); err != nil {
		return fmt.Errorf("record media type: %w", err)
	}
	if found.result.Verdict != verdict.Unscannable {
		return nil
	}
	return files.Scanned(ctx, q, version, files.Verdict{Verdict: verdict.Unscannable, Signature: found.result.Rule})
}
