package pii

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/personal"
	"satchel/policies/pii"
	"satchel/tenancy"
)

// Config says when an inspection is asked for again, and how long a version may wait.
type Config struct {
	Again    time.Duration `env:"SATCHEL_PII_AGAIN" envDefault:"2h"`  // a published file whose inspection was asked for and did not come for this long is asked for again; longer than all attempts take
	HeldDays int           `env:"SATCHEL_HELD_DAYS" envDefault:"30"`  // days after which a file that waits for a decision about its personal data is rejected and deleted
	Silent   time.Duration `env:"SATCHEL_PII_SILENT" envDefault:"1m"` // a released file whose publication did not begin for this long is started again
}

// Pending are the activities about versions that are not inspected yet.
type Pending struct {
	db      *tenancy.DB
	starter Starter
	config  Config
	page    int // length of one list
}

// NewPending makes the activities.
func NewPending(db *tenancy.DB, s Starter, c Config) *Pending {
	return &Pending{db: db, starter: s, config: c, page: 200}
}

// Starter starts workflows, or finds them started.
type Starter interface {
	StartInspection(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
	StartRelease(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error
}

// SweepsOf are the sweeps of inspections. The interval of the first is how long a published
// file waits at most before it is inspected; a new version of the detectors has everything
// inspected again by it.
func SweepsOf(p *Pending) []queue.Sweep {
	return []queue.Sweep{
		{Name: "start-due-inspections", Every: 20 * time.Second, Run: p.startDue},
		{Name: "start-released-files", Every: time.Minute, Run: p.startReleased},
		{Name: "reject-files-held-long", Every: 2 * time.Minute, Run: p.rejectLong},
	}
}

// startDue starts a workflow for every published version that these detectors have not read.
// The publication makes the row; this is the only start, so a process that dies loses none.
func (p *Pending) startDue(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepAndNote(ctx, "start due inspections", after, func(r tenancy.Ref) uuid.UUID { return r.Version }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return p.db.PersonalDataDue(ctx, pii.Version, p.config.Again, after, p.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return p.starter.StartInspection(ctx, r.Org, r.Version)
	}, p.db.PersonalDataAsked)
}

// startReleased starts the publication of versions that were released by a process that
// died before it did.
func (p *Pending) startReleased(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start released files", after, func(r tenancy.Ref) uuid.UUID { return r.Version }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return p.db.ReleasedSilent(ctx, p.config.Silent, after, p.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return p.starter.StartRelease(ctx, r.Org, r.File, r.Version)
	})
}

// rejectLong ends versions about which no one decided: what waits is not kept for ever.
func (p *Pending) rejectLong(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	longer := time.Duration(p.config.HeldDays) * 24 * time.Hour
	return queue.SweepByID(ctx, "reject files held long", after, func(r tenancy.Ref) uuid.UUID { return r.Version }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return p.db.HeldLong(ctx, longer, after, p.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return p.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
			waits, err := personal.Decide(ctx, tx, r.Version, personal.Rejected, nil)
			if err != nil || !waits {
				return err
			}
			return files.Withdraw(ctx, tx, r.Version, files.Rejected, "held_too_long")
		})
	})
}
