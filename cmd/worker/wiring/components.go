package wiring

import (
	"time"

	"go.uber.org/fx"

	"satchel/activities/checkpoint"
	"satchel/activities/email"
	"satchel/activities/extract"
	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/activities/invitation"
	"satchel/activities/operation"
	"satchel/activities/pii"
	"satchel/activities/preview"
	"satchel/activities/reconcile"
	"satchel/activities/scan"
	"satchel/activities/share"
	"satchel/activities/sweep"
	usagerecord "satchel/activities/usage"
	"satchel/activities/verification"
	"satchel/internal/keyring"
	"satchel/internal/queue"
	checkpointing "satchel/workflows/checkpoint"
	extracting "satchel/workflows/extract"
	inviting "satchel/workflows/invitation"
	inspecting "satchel/workflows/pii"
	previewing "satchel/workflows/preview"
	reconciling "satchel/workflows/reconcile"
	"satchel/workflows/rescan"
	sharing "satchel/workflows/share"
	sweeping "satchel/workflows/sweep"
	"satchel/workflows/upload"
	counting "satchel/workflows/usage"
	verifying "satchel/workflows/verification"
)

// stopTimeout leaves the workers time to finish what they run, and the
// connections time to close after them.
const stopTimeout = 40 * time.Second

// component puts what it is given into the group from which the workers are
// built: a new process is one package and one line.
func component(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"components"`)))
}

var uploadProcess = fx.Module("upload",
	fx.Provide(newInspect, newSmall, newScan, newPreview, newFinalize),
	component(func(i *inspect.Activities, s *finalize.Activities) queue.Component {
		return queue.Component{Queue: queue.Interactive, Pinned: []any{upload.UploadFile}, Activities: []any{i, s}}
	}),
	component(func(s *scan.Activities, p *preview.Activities) queue.Component {
		return queue.Component{Queue: queue.Files, Activities: []any{s, p}}
	}),
)

var previewProcess = fx.Module("preview",
	fx.Provide(newMissing, newWarmer),
	component(func(w *preview.Warmer) queue.Component { return queue.Component{Sweeps: preview.SweepsOfWarmer(w)} }),
	component(func(p *preview.Activities) queue.Component {
		return queue.Component{Queue: queue.Previews, Activities: []any{p}}
	}),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Pinned: []any{previewing.MakePreviews, previewing.MakePages, previewing.MakePicture}}
	}),
	component(func(m *preview.Missing) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{previewing.RetryPreviews, previewing.SweepPictures}, Activities: []any{m}, Schedules: previewing.Schedules(), Sweeps: preview.SweepsOf(m)}
	}),
)

var textProcess = fx.Module("text",
	fx.Provide(newExtract, newPending),
	component(func(e *extract.Activities) queue.Component {
		return queue.Component{Queue: queue.Previews, Activities: []any{e}}
	}),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Pinned: []any{extracting.ExtractText}}
	}),
	component(func(p *extract.Pending) queue.Component {
		return queue.Component{Queue: queue.Batch, Activities: []any{p}, Sweeps: extract.SweepsOf(p)}
	}),
)

var personalProcess = fx.Module("personal",
	fx.Provide(newPersonal, newPersonalPending),
	component(func(a *pii.Activities) queue.Component { // files that wait for it come before those that do not, by their priority
		return queue.Component{Queue: queue.Files, Activities: []any{a}}
	}),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Pinned: []any{inspecting.InspectFile, upload.PublishHeldFile}}
	}),
	component(func(p *pii.Pending) queue.Component {
		return queue.Component{Queue: queue.Batch, Activities: []any{p}, Sweeps: pii.SweepsOf(p)}
	}),
)

var sweepProcess = fx.Module("sweep",
	fx.Provide(newSweep),
	component(func(s *sweep.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{sweeping.PurgeTrashedFiles, sweeping.PruneOldVersions, sweeping.ApplyRetention, sweeping.CleanIdempotencyKeys, sweeping.SweepPeople},
			Activities: []any{s}, Schedules: sweeping.Schedules(), Sweeps: sweep.SweepsOf(s)}
	}),
)

var keysProcess = fx.Module("keys",
	component(func(k *keyring.Ring) queue.Component {
		return queue.Component{Queue: queue.Batch, Sweeps: sweep.KeySweeps(k)}
	}),
)

var reconcileProcess = fx.Module("reconcile",
	fx.Provide(newReconcile),
	component(func(r *reconcile.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{reconciling.ReconcileStorage},
			Activities: []any{r}, Schedules: reconciling.Schedules()}
	}),
)

var checkpointProcess = fx.Module("checkpoint",
	fx.Provide(newCheckpoint),
	component(func(a *checkpoint.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{checkpointing.CheckpointAuditLogs},
			Activities: []any{a}, Schedules: checkpointing.Schedules()}
	}),
)

var verificationProcess = fx.Module("verification",
	fx.Provide(newVerification),
	component(func(a *verification.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{verifying.VerifyAuditLog},
			Activities: []any{a}, Sweeps: verification.SweepsOf(a)}
	}),
)

// The re-scan's activities are those of the upload, and the operation's.
var rescanProcess = component(func() queue.Component {
	return queue.Component{Queue: queue.Batch, Workflows: []any{rescan.RescanStorage}}
})

var invitationProcess = fx.Module("invitation",
	fx.Provide(newEmail, newInvitation),
	component(func(e *email.Activities) queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{inviting.InviteMember}, Activities: []any{e}}
	}),
	component(func(i *invitation.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Activities: []any{i}, Sweeps: invitation.SweepsOf(i)}
	}),
)

var shareProcess = fx.Module("share",
	fx.Provide(newShare),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{sharing.MailShare, sharing.MailShareCode}} // their activities are among those of the mails
	}),
	component(func(s *share.Sweeps) queue.Component {
		return queue.Component{Sweeps: share.SweepsOf(s)}
	}),
)

var usageProcess = fx.Module("usage",
	fx.Provide(NewUsage),
	component(func(u *usagerecord.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{counting.RollUpUsage}, Activities: []any{u}, Schedules: counting.Schedules(), Sweeps: usagerecord.SweepsOf(u)}
	}),
	// The mail is the email capability's.
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{counting.WarnOrganization}}
	}),
)

var operationRecorder = fx.Module("operation",
	fx.Provide(operation.New),
	component(func(o *operation.Activities) queue.Component {
		return queue.Component{Queue: queue.Batch, Activities: []any{o}, Sweeps: operation.SweepsOf(o)}
	}),
)
