// Package verification compares an organization's audit log with itself and with
// what was signed about it, a bounded number of events at a time.
package verification

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Bucket is where signed checkpoints are. ListAfter gives the first n keys that
// begin with a prefix and follow a key, in their order.
type Bucket interface {
	ListAfter(ctx context.Context, prefix, after string, n int) ([]string, error)
	Read(ctx context.Context, key string, most int64) ([]byte, error)
}

// Workflows starts the workflow of a verification, or finds it started.
type Workflows interface {
	StartVerification(ctx context.Context, org tenancy.OrgID, op uuid.UUID) error
}

// Activities are the activities of this package.
type Activities struct {
	db        *tenancy.DB
	bucket    Bucket
	trusted   []ed25519.PublicKey
	workflows Workflows
}

// New makes the activities. The keys check the signatures; they are configured and
// not read from the store, where a forger could put one beside the checkpoints.
func New(db *tenancy.DB, bucket Bucket, trusted []ed25519.PublicKey, w Workflows) *Activities {
	return &Activities{db: db, bucket: bucket, trusted: trusted, workflows: w}
}

// stepEvents bounds the events of one activity: a few seconds of work, after
// which the verifications of other organizations get the slot.
const stepEvents = 20_000

// VerifyAuditEventsInput names the organization and says how far its audit log is
// verified.
type VerifyAuditEventsInput struct {
	Org          tenancy.OrgID
	Verification audit.Verification
}

// VerifyAuditEventsResult says how far it is verified now.
type VerifyAuditEventsResult struct{ Verification audit.Verification }

// VerifyAuditEvents verifies the next events. It changes nothing, so a repeated
// attempt finds the same.
func (a *Activities) VerifyAuditEvents(ctx context.Context, in VerifyAuditEventsInput) (VerifyAuditEventsResult, error) {
	defer queue.Heartbeat(ctx)()
	v := in.Verification
	signed := func(ctx context.Context, after int64, n int) ([]audit.CheckpointCheck, error) {
		return a.checkpoints(ctx, in.Org, after, n)
	}
	err := v.Next(ctx, a.db.Single(in.Org), signed, stepEvents)
	return VerifyAuditEventsResult{v}, err
}

// mostBytes bounds what is read of one checkpoint, which has a few hundred bytes.
const mostBytes = 4 << 10

// checkpoints reads an organization's checkpoints behind a sequence number. Keys
// sort as the numbers do.
func (a *Activities) checkpoints(ctx context.Context, org tenancy.OrgID, after int64, n int) ([]audit.CheckpointCheck, error) {
	keys, err := a.bucket.ListAfter(ctx, audit.CheckpointPrefix(org), audit.CheckpointKey(org, after), n)
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	forks, err := a.forks(ctx, org)
	if err != nil {
		return nil, err
	}
	found := make([]audit.CheckpointCheck, len(keys))
	for i, key := range keys {
		seq, err := audit.CheckpointSeq(org, key)
		if err != nil {
			return nil, err
		}
		b, err := a.bucket.Read(ctx, key, mostBytes)
		if err != nil {
			return nil, fmt.Errorf("read checkpoint: %w", err)
		}
		found[i] = audit.ReadCheckpoint(seq, b, a.trusted...)
		for _, f := range forks {
			found[i].Lost = found[i].Lost || f.Explains(found[i].Checkpoint)
		}
	}
	return found, nil
}

// mostForks bounds how many restores of one organization are known: there is one a restore.
const mostForks = 100

// forks reads what the platform signed about restores of the audit log. What is not signed
// explains nothing.
func (a *Activities) forks(ctx context.Context, org tenancy.OrgID) (forks []audit.Fork, err error) {
	keys, err := a.bucket.ListAfter(ctx, audit.ForkPrefix(org), "", mostForks)
	if err != nil {
		return nil, fmt.Errorf("list forks: %w", err)
	}
	for _, key := range keys {
		b, err := a.bucket.Read(ctx, key, mostBytes)
		if err != nil {
			return nil, fmt.Errorf("read fork: %w", err)
		}
		if f, ok := audit.ReadFork(b, org, a.trusted...); ok {
			forks = append(forks, f)
		}
	}
	return forks, nil
}

const sweepPage = 500

// SweepsOf is the sweep of verifications.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{{Name: "restart-verifications", Every: time.Minute, Run: a.restartVerifications}}
}

// restartVerifications starts the workflow of every verification that is not at
// its end: it was never started, or was lost. Starting one that runs changes
// nothing.
func (a *Activities) restartVerifications(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "restart verifications", after, organizationOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.OperationRef, error) {
		return a.db.VerificationsUnfinished(ctx, tenancy.OrgID(after), sweepPage)
	}, func(ctx context.Context, r tenancy.OperationRef) error {
		return a.workflows.StartVerification(ctx, r.Org, r.Operation)
	})
}

func organizationOf(r tenancy.OperationRef) uuid.UUID { return r.Org.UUID() }
