package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"satchel/api/auditlog"
	"satchel/internal/s3"
	"satchel/internal/settings"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// checkpointConfig names the key by which signatures are checked. It is
// configured and not read from the store: anyone who could write checkpoints there
// could write a key beside them.
type checkpointConfig struct {
	PublicKey string `env:"SATCHEL_AUDIT_PUBLIC_KEY,required"` // public key that checks the checkpoints of the audit logs
}

// checkpoints reads the signed checkpoints of the worker.
type checkpoints struct {
	bucket *s3.Bucket
	key    ed25519.PublicKey
}

func newCheckpoints(store *s3.Store) (auditlog.Checkpoints, error) {
	c, err := settings.Load[checkpointConfig]()
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(c.PublicKey))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("SATCHEL_AUDIT_PUBLIC_KEY is not the base64 of an Ed25519 public key; `satchel audit keygen` makes one")
	}
	return &checkpoints{bucket: store.Audit, key: key}, nil
}

// mostCheckpoint bounds what is read of one: a checkpoint has a few hundred bytes.
const mostCheckpoint = 4 << 10

// Read reads an organization's checkpoints. Keys sort as the sequence numbers do.
func (k *checkpoints) Read(ctx context.Context, org tenancy.OrgID) ([]audit.CheckpointCheck, error) {
	var found []audit.CheckpointCheck
	err := k.bucket.List(ctx, audit.CheckpointPrefix(org), func(o s3.Object) error {
		body, err := k.bucket.Open(ctx, o.Key, "", 0, -1)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }()
		b, err := io.ReadAll(io.LimitReader(body, mostCheckpoint))
		if err != nil {
			return fmt.Errorf("read checkpoint: %w", err)
		}
		found = append(found, audit.ReadCheckpoint(b, k.key))
		return nil
	})
	return found, err
}
