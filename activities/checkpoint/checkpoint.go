// Package checkpoint signs the heads of the organizations' audit logs and keeps the
// signatures outside the database, in a bucket where each key is written once.
package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"satchel/internal/fault"
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

// CheckpointOrganizationsInput names the platform.
type CheckpointOrganizationsInput struct{ Org tenancy.OrgID }

// CheckpointOrganizationsResult counts the organizations that were looked at, the
// checkpoints that were signed and the organizations that failed.
type CheckpointOrganizationsResult struct{ Organizations, Signed, Failed int64 }

// ErrNotPlatform refuses a look across organizations that an organization asks for.
var ErrNotPlatform = fault.New(fault.Denied, "not_platform", "Only the platform signs checkpoints. Start it with the platform's organization.")

const page = 200

// progress is the heartbeat state from which a repeated attempt resumes.
type progress struct {
	After  tenancy.OrgID
	Result CheckpointOrganizationsResult
}

// CheckpointOrganizations goes through all organizations and signs the end of
// each audit log. A repeated attempt goes on behind the organization that the
// one before reached. An organization that fails is logged, counted and passed
// over, so that the logs of those behind it do not stay unsigned. An end that was
// signed before is not signed again: the object of that sequence number exists.
func (a *Activities) CheckpointOrganizations(ctx context.Context, in CheckpointOrganizationsInput) (CheckpointOrganizationsResult, error) {
	var p progress
	if in.Org != tenancy.Platform {
		return p.Result, ErrNotPlatform
	}
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &p); err != nil {
			return p.Result, fmt.Errorf("read the progress of the attempt before: %w", err)
		}
	}
	for {
		orgs, err := a.db.Organizations(ctx, p.After, page)
		if err != nil || len(orgs) == 0 {
			return p.Result, err
		}
		for _, org := range orgs {
			signed, err := a.sign(ctx, org)
			if ctx.Err() != nil {
				return p.Result, fmt.Errorf("sign checkpoints: %w", ctx.Err())
			}
			p.note(ctx, org, signed, err)
			activity.RecordHeartbeat(ctx, p)
		}
	}
}

func (p *progress) note(ctx context.Context, org tenancy.OrgID, signed bool, err error) {
	p.After = org
	switch {
	case err != nil:
		queue.SweepFailed(ctx, "sign checkpoints", org, err)
		p.Result.Failed++
		return
	case signed:
		p.Result.Signed++
	}
	p.Result.Organizations++
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
	return true, a.bucket.PutNew(ctx, audit.CheckpointKey(org, head.Seq), bytes.NewReader(b), "application/json")
}
