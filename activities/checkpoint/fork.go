package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// Archive is the bucket of checkpoints, read as well. ListAfter gives the first n keys that
// begin with a prefix and follow a key, in their order.
type Archive interface {
	Bucket
	ListAfter(ctx context.Context, prefix, after string, n int) ([]string, error)
	Read(ctx context.Context, key string, most int64) ([]byte, error)
}

// Forks notes of audit logs that they were restored.
type Forks struct {
	db     *tenancy.DB
	bucket Archive
	signer *audit.Signer
}

// NewForks makes it.
func NewForks(db *tenancy.DB, bucket Archive, signer *audit.Signer) *Forks {
	return &Forks{db: db, bucket: bucket, signer: signer}
}

const (
	keysPage  = 1000
	mostBytes = 4 << 10 // of a checkpoint, which has a few hundred
)

// Restored compares the newest checkpoints of an organization with its audit log. Where they
// speak of events that the log does not have, a restore lost those: it signs that, so that a
// verification does not take the loss for a forgery, and says true. A repeated call finds
// what the one before signed, and says false.
func (f *Forks) Restored(ctx context.Context, org tenancy.OrgID) (bool, error) {
	keys, err := f.list(ctx, audit.CheckpointPrefix(org))
	if err != nil || len(keys) == 0 {
		return false, err
	}
	known, err := f.known(ctx, org)
	if err != nil {
		return false, err
	}
	fork := audit.Fork{Organization: org.String()}
	for i := len(keys) - 1; i >= 0; i-- {
		c, err := f.read(ctx, org, keys[i])
		if err != nil {
			return false, err
		}
		if explained(known, c) {
			continue
		}
		hash, err := audit.HashAt(ctx, f.db.Single(org), c.Seq)
		if err != nil {
			return false, err
		}
		if hash == c.Hash {
			fork.After = c.Seq
			break
		}
		fork.Through = max(fork.Through, c.Seq)
	}
	if fork.Through == 0 {
		return false, nil
	}
	fork, err = f.signer.SignFork(fork, time.Now())
	if err != nil {
		return false, err
	}
	b, err := json.Marshal(fork)
	if err != nil {
		return false, fmt.Errorf("write fork: %w", err)
	}
	return true, f.bucket.PutNew(ctx, audit.ForkKey(org, fork), bytes.NewReader(b), "application/json")
}

func (f *Forks) list(ctx context.Context, prefix string) (all []string, err error) {
	var after string
	for {
		keys, err := f.bucket.ListAfter(ctx, prefix, after, keysPage)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		if all = append(all, keys...); len(keys) < keysPage {
			return all, nil
		}
		after = keys[len(keys)-1]
	}
}

// read reads a checkpoint. One whose signature is not the platform's explains nothing, and
// ends the work: somebody has written into the bucket.
func (f *Forks) read(ctx context.Context, org tenancy.OrgID, key string) (audit.Checkpoint, error) {
	seq, err := audit.CheckpointSeq(org, key)
	if err != nil {
		return audit.Checkpoint{}, err
	}
	b, err := f.bucket.Read(ctx, key, mostBytes)
	if err != nil {
		return audit.Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	c := audit.ReadCheckpoint(seq, b, f.signer.Trusted()...)
	if c.Bad != nil {
		return c.Checkpoint, c.Bad
	}
	return c.Checkpoint, nil
}

func (f *Forks) known(ctx context.Context, org tenancy.OrgID) (forks []audit.Fork, err error) {
	keys, err := f.list(ctx, audit.ForkPrefix(org))
	for _, key := range keys {
		b, err := f.bucket.Read(ctx, key, mostBytes)
		if err != nil {
			return nil, fmt.Errorf("read fork: %w", err)
		}
		if fork, ok := audit.ReadFork(b, org, f.signer.Trusted()...); ok {
			forks = append(forks, fork)
		}
	}
	return forks, err
}

func explained(forks []audit.Fork, c audit.Checkpoint) bool {
	for _, f := range forks {
		if f.Explains(c) {
			return true
		}
	}
	return false
}
