// Package preview is the process that makes the previews of a published version which
// its upload did not leave behind: one that was ended or lost, or that the sweep found.
package preview

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/preview"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// The activities by name; their receivers are never called here.
var (
	previewer *preview.Activities
	missing   *preview.Missing
)

// MakePreviewsInput names the version. Ids only.
type MakePreviewsInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// WorkflowID is the only way to name the workflow of a version's previews.
func WorkflowID(org tenancy.OrgID, version uuid.UUID) string {
	return "preview/" + org.String() + "/" + version.String()
}

// Start starts the workflow, or finds it running. One that ended may run again: it is only
// asked for while the previews are pending.
func Start(ctx context.Context, c client.Client, in MakePreviewsInput) error {
	if err := queue.StartAgain(ctx, c, WorkflowID(in.Org, in.Version), in.Org.String(), queue.Low, "preview", MakePreviews, in); err != nil {
		return fmt.Errorf("start MakePreviews: %w", err)
	}
	return nil
}

// MakePreviews makes the previews, and gives them up when that keeps failing: a version
// does not wait for ever.
func MakePreviews(ctx workflow.Context, in MakePreviewsInput) (preview.RenderPreviewsResult, error) {
	org := in.Org.String()
	making := queue.Long.Within(5*time.Minute, 6*time.Hour).Attempts(3).Awaited().On(ctx, queue.Previews, org, queue.Low)
	var result preview.RenderPreviewsResult
	err := workflow.ExecuteActivity(making, previewer.RenderPreviews, preview.RenderPreviewsInput(in)).Get(ctx, &result)
	if err == nil || temporal.IsCanceledError(err) {
		return result, err
	}
	workflow.GetLogger(ctx).Warn("render previews failed; given up", "org", in.Org, "version", in.Version, "error", err)
	ending := queue.Short.On(ctx, queue.Batch, org, queue.Low)
	return result, workflow.ExecuteActivity(ending, missing.GiveUpPreviews, preview.GiveUpPreviewsInput(in)).Get(ctx, nil)
}

// MakePagesInput names the version, and the first page of those that are made together.
type MakePagesInput = preview.RenderPagesInput

// PagesWorkflowID is the only way to name the workflow of some pages of a version.
func PagesWorkflowID(in MakePagesInput) string {
	return fmt.Sprintf("pages/%s/%s/%d", in.Org, in.Version, in.First)
}

// ShowPages makes the pages of a published document, unless that is going on, and waits
// for them as long as ctx lasts. Its result says why there are none.
func ShowPages(ctx context.Context, c client.Client, in MakePagesInput) (reason string, err error) {
	options := queue.Start(PagesWorkflowID(in), queue.Interactive, in.Org.String(), queue.For(in.Org.String(), queue.High), "pages")
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	run, err := c.ExecuteWorkflow(ctx, options, MakePages, in)
	if err != nil {
		return "", fmt.Errorf("start MakePages: %w", err)
	}
	var result preview.RenderPagesResult
	err = run.Get(ctx, &result)
	return result.Reason, err
}

// MakePages makes pages of a document that somebody waits for.
func MakePages(ctx workflow.Context, in MakePagesInput) (preview.RenderPagesResult, error) {
	making := queue.Long.Within(2*time.Minute, 5*time.Minute).Attempts(2).Awaited().On(ctx, queue.Previews, in.Org.String(), queue.High)
	var result preview.RenderPagesResult
	err := workflow.ExecuteActivity(making, previewer.RenderPages, in).Get(ctx, &result)
	return result, err
}

// TransformInput names the version and the picture.
type TransformInput = preview.TransformPictureInput

// TransformWorkflowID is the only way to name the workflow of a picture that is asked for.
func TransformWorkflowID(in TransformInput) string {
	return fmt.Sprintf("transform/%s/%s/%s", in.Org, in.Version, in.Key)
}

// Transform makes a picture, unless that is going on, and waits for it as long as ctx
// lasts. Its result says why there is none.
func Transform(ctx context.Context, c client.Client, in TransformInput) (reason string, err error) {
	options := queue.Start(TransformWorkflowID(in), queue.Interactive, in.Org.String(), queue.For(in.Org.String(), queue.High), "transform")
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	run, err := c.ExecuteWorkflow(ctx, options, MakePicture, in)
	if err != nil {
		return "", fmt.Errorf("start MakePicture: %w", err)
	}
	var result preview.TransformPictureResult
	err = run.Get(ctx, &result)
	return result.Reason, err
}

// Warm makes a picture ahead, behind everything that somebody waits for, and once: an id of
// its own keeps who asks for it meanwhile from waiting in the same place.
func Warm(ctx context.Context, c client.Client, in TransformInput) error {
	in.Ahead = true
	options := queue.Start(fmt.Sprintf("warm/%s/%s/%s", in.Org, in.Version, in.Key), queue.Interactive, in.Org.String(), queue.For(in.Org.String(), queue.Low), "transform")
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	if err := queue.StartOrFind(ctx, c, options, MakePicture, in); err != nil {
		return fmt.Errorf("start MakePicture ahead: %w", err)
	}
	return nil
}

// MakePicture makes a picture, whether a request waits for it or not. It runs
// where scans are done: it takes tenths of a second, as previews of pictures do.
func MakePicture(ctx workflow.Context, in TransformInput) (preview.TransformPictureResult, error) {
	priority := queue.High
	if in.Ahead {
		priority = queue.Low
	}
	making := queue.Long.Within(time.Minute, 2*time.Minute).Attempts(2).Awaited().On(ctx, queue.Files, in.Org.String(), priority)
	var result preview.TransformPictureResult
	err := workflow.ExecuteActivity(making, previewer.TransformPicture, in).Get(ctx, &result)
	return result, err
}

// SweepPicturesInput names the platform.
type SweepPicturesInput struct{ Org tenancy.OrgID }

// SweepPictures removes pictures that were asked for and were not used for long.
func SweepPictures(ctx workflow.Context, in SweepPicturesInput) (queue.Swept, error) {
	var result queue.Swept
	on := queue.ForSweep().On(ctx, queue.Batch, in.Org.String(), queue.Default)
	err := workflow.ExecuteActivity(on, missing.DropUnusedPictures, preview.DropUnusedPicturesInput{
		Org: in.Org, After: queue.LastResult[queue.Swept](ctx).Next}).Get(ctx, &result)
	return result, err
}

// RetryPreviewsInput names the platform.
type RetryPreviewsInput struct{ Org tenancy.OrgID }

// RetryPreviews starts MakePreviews for published versions that have none because a
// program was missing which is installed now.
func RetryPreviews(ctx workflow.Context, in RetryPreviewsInput) (queue.Swept, error) {
	var result queue.Swept
	on := queue.ForSweep().On(ctx, queue.Batch, in.Org.String(), queue.Default)
	err := workflow.ExecuteActivity(on, missing.RetryUnavailable, preview.RetryUnavailableInput{
		Org: in.Org, After: queue.LastResult[queue.Swept](ctx).Next}).Get(ctx, &result)
	return result, err
}

// Schedules are the intervals of the sweeps.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "retry-previews", Every: 10 * time.Minute, Workflow: RetryPreviews, Input: RetryPreviewsInput{Org: tenancy.Platform}},
		{ID: "sweep-pictures", Every: time.Hour, Workflow: SweepPictures, Input: SweepPicturesInput{Org: tenancy.Platform}},
	}
}
