// Package checkpoint signs the heads of the organizations' audit logs and keeps the
// signatures outside the database, in a bucket where each key is written once.
package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Bucket keeps objects that are written once. PutNew leaves one that is there
// already as it is, and succeeds.
type Bucket interface {
	PutNew(ctx context.Context, key string, body *bytes.Reader, contentType string) error
}

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	bucket Bucket
	signer *audit.Signer
}

// New makes the activities.
func New(db *tenancy.DB, bucket Bucket, signer *audit.Signer) *Activities {
	return &Activities{db: db, bucket: bucket, signer: signer}
}

// CheckpointOrganizationsInput names the platform, and where to go on.
type CheckpointOrganizationsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the step before ended
}

// PlatformWork marks work across organizations.
func (CheckpointOrganizationsInput) PlatformWork() {}

// CheckpointOrganizationsResult counts the organizations that were looked at, the
// checkpoints that the last attempt signed and the organizations that failed.
type CheckpointOrganizationsResult struct {
	Organizations, Signed, Failed int64

	Next uuid.UUID `json:",omitzero"` // where the next step goes on; zero at the end
}

const page = 200

// CheckpointOrganizations goes through the organizations, for as long as its time
// allows, and signs the end of each audit log. A repeated attempt goes on behind
// the organization that the one before reached. An organization that fails, or
// takes too long, is logged, counted and passed over, so that the logs of those
// behind it do not stay unsigned. An end that was signed before is not signed
// again: the object of that sequence number exists.
func (a *Activities) CheckpointOrganizations(ctx context.Context, in CheckpointOrganizationsInput) (CheckpointOrganizationsResult, error) {
	var signed int64
	swept, err := queue.PageByID(ctx, "sign checkpoints", in.After, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.db.Organizations(ctx, tenancy.OrgID(after), page)
	}, func(ctx context.Context, org tenancy.OrgID) error {
		is, err := a.sign(ctx, org)
		if is {
			signed++
		}
		return err
	})
	return CheckpointOrganizationsResult{Organizations: int64(swept.Done), Signed: signed, Failed: int64(swept.Failed), Next: swept.Next}, err
}

func (a *Activities) sign(ctx context.Context, org tenancy.OrgID) (bool, error) {
	head, err := audit.GetHead(ctx, a.db.Single(org))
	if err != nil || head.Seq == 0 {
		return false, err
	}
	c, err := a.signer.Sign(org.String(), head.Seq, head.Hash, time.Now())
	if err != nil {
		return false, err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return false, fmt.Errorf("write checkpoint: %w", err)
	}
	err = a.bucket.PutNew(ctx, audit.CheckpointKey(org, head.Seq), bytes.NewReader(b), "application/json")
	return err == nil, err
}
