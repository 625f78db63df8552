package upload

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/activities/pii"
	"satchel/activities/preview"
	"satchel/activities/scan"
	"satchel/files"
	"satchel/policies/verdict"
)

// The activities by name; their receivers are never called here.
var (
	inspector *inspect.Activities
	scanner   *scan.Activities
	previewer *preview.Activities
	missing   *preview.Missing
	settler   *finalize.Activities
	personal  *pii.Activities
	unread    *pii.Pending
)

// UploadFileResult says how the version ended.
type UploadFileResult struct {
	Status files.Status
	Reason string
}

// Progress is the name of the query that tells which step runs.
const Progress = "Progress"

// ProgressResult is its answer.
type ProgressResult struct{ Step string }

// UploadFile takes a received version to its one end.
func UploadFile(ctx workflow.Context, in UploadFileInput) (UploadFileResult, error) {
	u := &upload{in: in}
	err := workflow.SetQueryHandler(ctx, Progress, func() (ProgressResult, error) { return ProgressResult{u.step}, nil })
	if err != nil {
		return UploadFileResult{}, fmt.Errorf("set query handler: %w", err)
	}
	return u.run(ctx)
}

// upload is one run of UploadFile.
type upload struct {
	in    UploadFileInput
	step  string
	ended bool // the version is final: nothing is left to compensate
}

// run inspects, scans, and publishes clean versions, with previews where their kind has any.
// Infected and unscannable versions go to quarantine. Every other end
// compensates: the reservation is released. That compensation is registered
// first and runs last.
func (u *upload) run(ctx workflow.Context) (end UploadFileResult, err error) {
	defer func() {
		if !u.ended {
			end, err = u.withdraw(ctx, end, err)
		}
	}()
	found, err := u.inspect(ctx, true)
	switch {
	case err != nil:
		return end, err
	case found.Status == files.Published: // a small file, in the same step
		u.ended = true
		if found.Preview != "" {
			u.addPreviews(ctx, found, nil)
		}
		return UploadFileResult{Status: found.Status}, nil
	case found.Verdict == verdict.Rejected:
		return UploadFileResult{files.Rejected, found.Rule}, nil
	case found.Verdict != verdict.Accepted:
		return u.quarantine(ctx, verdict.Unscannable, found.Rule)
	}
	scanned, err := u.scan(ctx, found)
	switch {
	case err != nil:
		return end, err
	case scanned.Verdict == verdict.Rejected:
		return UploadFileResult{files.Rejected, scanned.Detail}, nil
	case scanned.Verdict != verdict.Clean:
		return u.quarantine(ctx, scanned.Verdict, scanned.Detail)
	}
	if found.Personal {
		if waits, err := u.hold(ctx); err != nil || waits.Held {
			return UploadFileResult{files.Held, waits.Reason}, err
		}
	}
	return u.publishFound(ctx, found)
}

// publishFound publishes a clean version by what is known of its kind.
func (u *upload) publishFound(ctx workflow.Context, found inspect.InspectObjectResult) (end UploadFileResult, err error) {
	switch {
	case found.Preview != "":
		return u.publishBesidePreviews(ctx, found)
	case found.Image: // of a run that an earlier build inspected
		if err := u.preview(ctx); err != nil {
			return end, err
		}
	}
	return u.publish(ctx, finalize.PublishVersionInput{Image: found.Image})
}

// hold looks for personal data in a version of an organization that publishes none with it
// by itself. What cannot be inspected is unknown, and waits as well. A version that waits has
// ended for this workflow: PublishHeldFile goes on with it when it is released.
func (u *upload) hold(ctx workflow.Context) (waits pii.HoldPersonalDataResult, err error) {
	u.step = "personal_data"
	in := pii.InspectPersonalDataInput{Org: u.in.Org, Version: u.in.Version}
	err = workflow.ExecuteActivity(inspectingPII.options(ctx, u.in.Org), personal.InspectPersonalData, in).Get(ctx, nil)
	if err != nil {
		if ctx.Err() != nil {
			return waits, ctx.Err()
		}
		workflow.GetLogger(ctx).Warn("inspect for personal data failed; unknown", "org", u.in.Org, "version", u.in.Version, "error", err)
		if err := workflow.ExecuteActivity(givingUp.options(ctx, u.in.Org), unread.GiveUpPersonalData, pii.GiveUpPersonalDataInput(in)).Get(ctx, nil); err != nil {
			return waits, err
		}
	}
	err = workflow.ExecuteActivity(holding.options(ctx, u.in.Org), personal.HoldPersonalData, pii.HoldPersonalDataInput(in)).Get(ctx, &waits)
	u.ended = err == nil && waits.Held
	return waits, err
}

// inspect is tried once inside the workflow task, which spares Temporal a third
// of its writes for a file; what does not succeed there gets the patience of a
// step of its own. There, and only there, a small file is taken to its end at
// once: its whole way is one workflow task. Which way a run went is in the result
// that its history keeps, so that runs of earlier builds find theirs again.
func (u *upload) inspect(ctx workflow.Context, toEnd bool) (found inspect.InspectObjectResult, err error) {
	u.step = files.StepInspect
	in := inspect.InspectObjectInput{Org: u.in.Org, Version: u.in.Version, ToEnd: toEnd}
	err = workflow.ExecuteLocalActivity(localOptions(ctx), inspector.InspectObject, in).Get(ctx, &found)
	if err == nil || ctx.Err() != nil || outcome(err) {
		return found, err
	}
	in.ToEnd = false
	found = inspect.InspectObjectResult{}
	err = workflow.ExecuteActivity(inspecting.options(ctx, u.in.Org), inspector.InspectObject, in).Get(ctx, &found)
	return found, err
}

func (u *upload) scan(ctx workflow.Context, found inspect.InspectObjectResult) (scanned scan.ScanObjectResult, err error) {
	u.step = files.StepScan
	in := scan.ScanObjectInput{Org: u.in.Org, Version: u.in.Version, Archive: found.Archive}
	err = workflow.ExecuteActivity(scanning.options(ctx, u.in.Org), scanner.ScanObject, in).Get(ctx, &scanned)
	return scanned, err
}

// preview waits for the previews and fails only by cancellation: a picture without
// previews is a picture.
func (u *upload) preview(ctx workflow.Context) error {
	u.step = files.StepPreview
	in := preview.RenderPreviewsInput{Org: u.in.Org, Version: u.in.Version}
	err := workflow.ExecuteActivity(rendering.options(ctx, u.in.Org), previewer.RenderPreviews, in).Get(ctx, nil)
	u.withoutPreviews(ctx, err)
	return ctx.Err()
}

func (u *upload) withoutPreviews(ctx workflow.Context, err error) {
	if err != nil && !temporal.IsCanceledError(err) {
		workflow.GetLogger(ctx).Warn("render previews failed; published without", "org", u.in.Org, "version", u.in.Version, "error", err)
	}
}

// previewPatience is how long a clean picture waits for its previews.
const previewPatience = 2 * time.Second

// publishBesidePreviews publishes a picture with its previews when they are soon there,
// and everything else, which takes programs of others, before them. Then they are added
// to the published version, and this workflow ends when they are, or are given up.
func (u *upload) publishBesidePreviews(ctx workflow.Context, found inspect.InspectObjectResult) (end UploadFileResult, err error) {
	var making workflow.Future
	if found.Preview.Quick() {
		making = u.startPreviews(ctx, found)
		soon := await(ctx, making, previewPatience)
		if soon || ctx.Err() != nil {
			u.withoutPreviews(ctx, making.Get(ctx, nil))
			if ctx.Err() != nil {
				return end, ctx.Err()
			}
			return u.publish(ctx, finalize.PublishVersionInput{Image: true})
		}
	}
	end, err = u.publish(ctx, finalize.PublishVersionInput{Image: true, Pending: true})
	if err != nil || end.Status != files.Published {
		return end, err
	}
	u.addPreviews(ctx, found, making)
	return end, nil
}

// addPreviews waits for the previews of a published version, which are begun where making is
// nil, or gives them up.
func (u *upload) addPreviews(ctx workflow.Context, found inspect.InspectObjectResult, making workflow.Future) {
	if making == nil {
		making = u.startPreviews(ctx, found)
	}
	u.step = files.StepPreview
	if failed := making.Get(ctx, nil); failed != nil && ctx.Err() == nil {
		u.withoutPreviews(ctx, failed)
		gaveUp := preview.GiveUpPreviewsInput{Org: u.in.Org, Version: u.in.Version}
		// What is not given up stays pending, and the sweep tries it again.
		_ = workflow.ExecuteActivity(givingUp.options(ctx, u.in.Org), missing.GiveUpPreviews, gaveUp).Get(ctx, nil)
	}
}

func (u *upload) startPreviews(ctx workflow.Context, found inspect.InspectObjectResult) workflow.Future {
	u.step = files.StepPreview
	in := preview.RenderPreviewsInput{Org: u.in.Org, Version: u.in.Version}
	return workflow.ExecuteActivity(previewing(found.Preview).options(ctx, u.in.Org), previewer.RenderPreviews, in)
}

// await says whether something has ended within a time.
func await(ctx workflow.Context, f workflow.Future, patience time.Duration) bool {
	timed, stop := workflow.WithCancel(ctx)
	defer stop()
	workflow.NewSelector(ctx).
		AddFuture(f, func(workflow.Future) {}).
		AddFuture(workflow.NewTimer(timed, patience), func(workflow.Future) {}).
		Select(ctx)
	return f.IsReady()
}

func (u *upload) quarantine(ctx workflow.Context, found verdict.Verdict, detail string) (UploadFileResult, error) {
	u.step = files.StepQuarantine
	if found != verdict.Infected {
		found = verdict.Unscannable
	}
	in := finalize.QuarantineVersionInput{Org: u.in.Org, Version: u.in.Version, Reason: string(found) + ":" + detail}
	var done finalize.QuarantineVersionResult
	err := workflow.ExecuteActivity(quarantining.options(ctx, u.in.Org), settler.QuarantineVersion, in).Get(ctx, &done)
	u.ended = err == nil && files.Final(done.Status)
	return UploadFileResult{done.Status, in.Reason}, err
}

func (u *upload) publish(ctx workflow.Context, in finalize.PublishVersionInput) (UploadFileResult, error) {
	u.step = files.StepPublish
	in.Org, in.Version = u.in.Org, u.in.Version
	var done finalize.PublishVersionResult
	err := workflow.ExecuteActivity(publishing.options(ctx, u.in.Org), settler.PublishVersion, in).Get(ctx, &done)
	u.ended = err == nil && files.Final(done.Status)
	if !u.ended && err == nil {
		return UploadFileResult{files.Deleted, "deleted"}, nil
	}
	return UploadFileResult{Status: done.Status}, err
}

// withdraw runs on a context of its own: the one that was cancelled can start
// nothing any more. If its own patience ends too, the workflow fails, and the
// sweep starts it again for as long as the version has no end.
func (u *upload) withdraw(ctx workflow.Context, end UploadFileResult, cause error) (UploadFileResult, error) {
	u.step = "withdraw"
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	cancelled := temporal.IsCanceledError(cause) || ctx.Err() != nil
	if cause != nil || cancelled {
		end = failureReason(cause, cancelled)
	}
	in := finalize.WithdrawVersionInput{Org: u.in.Org, Version: u.in.Version, Status: end.Status, Reason: end.Reason}
	var done finalize.WithdrawVersionResult
	err := workflow.ExecuteActivity(withdrawing.options(own, u.in.Org), settler.WithdrawVersion, in).Get(own, &done)
	switch {
	case err != nil:
		return end, err
	case done.Status == files.Published, isTimeout(cause):
		return UploadFileResult{Status: done.Status}, nil
	case cancelled:
		return end, ctx.Err()
	}
	return UploadFileResult{done.Status, end.Reason}, cause
}

// failureReason gives the status and the reason of a version that an error or a
// cancellation ended. The reason is the fault's code and nothing else of the error.
func failureReason(cause error, cancelled bool) UploadFileResult {
	var failed *temporal.ApplicationError
	switch {
	case cancelled, isTimeout(cause):
		return UploadFileResult{files.Deleted, "deleted"}
	case errors.As(cause, &failed) && failed.Type() != "":
		return UploadFileResult{files.Failed, failed.Type()}
	}
	return UploadFileResult{files.Failed, "timed_out"}
}

// outcome knows a failure that no other attempt changes.
func outcome(err error) bool {
	var failed *temporal.ApplicationError
	return errors.As(err, &failed) && failed.NonRetryable()
}

// isTimeout knows the answer to a step whose version someone else settled: it is no
// failure.
func isTimeout(cause error) bool {
	var failed *temporal.ApplicationError
	return errors.As(cause, &failed) && failed.Type() == files.ErrVersionEnded.Code
}
