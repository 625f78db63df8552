package wiring

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/activities/verification"
	"satchel/internal/s3"
	"satchel/policies/audit"
	"satchel/tenancy"
	verifying "satchel/workflows/verification"
)

func newVerification(db *tenancy.DB, store *s3.Store, c client.Client, s *audit.Signer) *verification.Activities {
	return verification.New(db, checkpointBucket{store.Audit}, s.Trusted(), verificationStarter{c})
}

// checkpointBucket is the bucket of checkpoints as the verification knows it.
type checkpointBucket struct{ bucket *s3.Bucket }

// PutNew stores an object that is not there.
func (b checkpointBucket) PutNew(ctx context.Context, key string, body *bytes.Reader, contentType string) error {
	return b.bucket.PutNew(ctx, key, body, contentType)
}

// ListAfter gives the first n keys behind one.
func (b checkpointBucket) ListAfter(ctx context.Context, prefix, after string, n int) ([]string, error) {
	var keys []string
	for o, err := range b.bucket.ListAfter(ctx, prefix, after) {
		if err != nil {
			return nil, err
		}
		if keys = append(keys, o.Key); len(keys) == n {
			break
		}
	}
	return keys, nil
}

// Read reads an object, at most so many bytes of it.
func (b checkpointBucket) Read(ctx context.Context, key string, most int64) ([]byte, error) {
	body, err := b.bucket.Open(ctx, key, "", 0, -1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	read, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if int64(len(read)) > most {
		return nil, fmt.Errorf("%s has more than the %d bytes that an object of its kind may have: it was not written by Satchel, and is not read. Look who wrote it", key, most)
	}
	return read, nil
}

type verificationStarter struct{ client client.Client }

// StartVerification starts the workflow of a verification, or finds it started.
func (s verificationStarter) StartVerification(ctx context.Context, org tenancy.OrgID, op uuid.UUID) error {
	return verifying.Start(ctx, s.client, org, op)
}
