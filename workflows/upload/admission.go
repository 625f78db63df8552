package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/files"
	"satchel/tenancy"
)

// AdmissionConfig bounds how much of the pipeline one organization may fill, whatever
// its tier allows.
type AdmissionConfig struct {
	MaxRunning int `env:"SATCHEL_FILES_AT_ONCE" envDefault:"3"` // most files of one organization in the pipeline, whatever its tier's concurrent_scans; the same for api and worker, and below SATCHEL_SCAN_SLOTS

	Versioned bool `env:"SATCHEL_WORKER_VERSIONING" envDefault:"false"` // whether workers name the build of their workflows, and a new build gets work only when `worker promote` says so (docs/upgrading.md); the same for api and worker
}

// Check refuses a bound under which no file would ever be processed.
func (c AdmissionConfig) Check() error {
	if c.MaxRunning < 1 {
		return fmt.Errorf("SATCHEL_FILES_AT_ONCE is %d: no file would ever be processed; use 1 or more", c.MaxRunning)
	}
	return nil
}

// Admission is where an organization's received files wait for the pipeline. Only a
// few of each are in it at once, as many as its tier says and never more than the
// ceiling: a backlog is rows, which cost nothing, and not
// thousands of workflows that keep Temporal and the cores from everyone else.
type Admission struct {
	db      *tenancy.DB
	client  client.Client
	ceiling int
	eager   bool
}

// NewAdmission makes it.
func NewAdmission(db *tenancy.DB, c client.Client, config AdmissionConfig) (*Admission, error) {
	return &Admission{db: db, client: c, ceiling: config.MaxRunning, eager: !config.Versioned}, config.Check()
}

// Start starts the version's workflow, or finds it running.
func (l *Admission) Start(ctx context.Context, in UploadFileInput) error {
	return start(ctx, l.client, in, l.eager)
}

// MaxRunning is how many files of an organization are in the pipeline at most.
func (l *Admission) MaxRunning() int { return l.ceiling }

// StartAdmitted admits as many of the organization's waiting files as there is room
// for, and starts their workflows. It is called when a file joins the admission queue and
// when one leaves the pipeline; the sweep calls it for queues with room that did not move.
// A process that is killed between the commit and the start leaves an admitted
// version without a workflow, which the sweep starts. The commit does not wait for the disk:
// a version whose admission a crash of the database undid waits again, and a second start of
// its workflow is a no-op.
func (l *Admission) StartAdmitted(ctx context.Context, org tenancy.OrgID) error {
	admitted, err := files.Admit(ctx, l.db.Relaxed(org), l.ceiling)
	return l.start(ctx, org, admitted, err)
}

// StartAdmittedBehind is StartAdmitted when a published version has left the pipeline and its
// objects are removed. It notes that in the same transaction.
func (l *Admission) StartAdmittedBehind(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	admitted, err := files.AdmitBehind(ctx, l.db.Relaxed(org), version, l.ceiling)
	return l.start(ctx, org, admitted, err)
}

// StartReceived starts the workflow of a version that was admitted by the transaction that received it.
func (l *Admission) StartReceived(ctx context.Context, in UploadFileInput) error {
	return l.start(ctx, in.Org, []files.AdmittedVersion{{ID: in.Version, FileID: in.File}}, nil)
}

// start starts workflows. A version whose start fails goes back to the queue, and then the queue is
// looked at once more: others may wait behind it that no version which leaves the pipeline would
// let in, and a refusal of Temporal is mostly over by then. What fails again is the sweep's.
func (l *Admission) start(ctx context.Context, org tenancy.OrgID, admitted []files.AdmittedVersion, err error) error {
	failed := l.startEach(ctx, org, admitted, err)
	if failed == nil || err != nil {
		return failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startAgain)
	defer cancel()
	admitted, err = files.Admit(ctx, l.db.Relaxed(org), l.ceiling)
	if again := l.startEach(ctx, org, admitted, err); again != nil {
		return errors.Join(failed, again)
	}
	return nil
}

// startAgain bounds the second try of starts.
const startAgain = 3 * time.Second

func (l *Admission) startEach(ctx context.Context, org tenancy.OrgID, admitted []files.AdmittedVersion, err error) error {
	if err != nil {
		return fmt.Errorf("admit waiting uploads: %w", err)
	}
	var failed error
	for _, v := range admitted {
		if err := l.Start(ctx, UploadFileInput{Org: org, File: v.FileID, Version: v.ID}); err != nil {
			failed = errors.Join(failed, err, files.ReturnToQueue(context.WithoutCancel(ctx), l.db.Single(org), v.ID))
		}
	}
	return failed
}
