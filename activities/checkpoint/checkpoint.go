// Package checkpoint signs where the organizations' trails stand, and keeps what
// was signed outside the database, where it can be written once.
package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Bucket keeps objects that are written once. PutNew leaves one that is there
// already as it is, and is content.
type Bucket interface {
	PutNew(ctx context.Context, key string, body *bytes.Reader, contentType string) error
}

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	vault  Bucket
	signer *audit.Signer
}

// New makes the activities.
func New(db *tenancy.DB, vault Bucket, signer *audit.Signer) *Activities {
	return &Activities{db: db, vault: vault, signer: signer}
}

// CheckpointOrganizationsInput names the platform.
type CheckpointOrganizationsInput struct{ Org tenancy.OrgID }

// CheckpointOrganizationsResult counts.
type CheckpointOrganizationsResult struct{ Organizations, Signed int64 }

// ErrNotPlatform refuses a look across organizations that an organization asks for.
var ErrNotPlatform = fault.New(fault.Denied, "not_platform", "Only the platform signs checkpoints. Start it with the platform's organization.")

const page = 200

// CheckpointOrganizations goes through all organizations and signs the end of
// each trail. A repeated attempt goes on where the one before stood. What was
// signed about an end is not signed again: the object of that sequence number
// is there.
func (a *Activities) CheckpointOrganizations(ctx context.Context, in CheckpointOrganizationsInput) (CheckpointOrganizationsResult, error) {
	var result CheckpointOrganizationsResult
	if in.Org != tenancy.Platform {
		return result, ErrNotPlatform
	}
	var after tenancy.OrgID
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &after); err != nil {
			return result, fmt.Errorf("read where the attempt before stood: %w", err)
		}
	}
	for {
		orgs, err := a.db.Organizations(ctx, after, page)
		if err != nil || len(orgs) == 0 {
			return result, err
		}
		for _, org := range orgs {
			signed, err := a.sign(ctx, org)
			if err != nil {
				return result, fmt.Errorf("organization %s: %w", org, err)
			}
			result.Organizations++
			if signed {
				result.Signed++
			}
			after = org
			activity.RecordHeartbeat(ctx, after)
		}
	}
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
	return true, a.vault.PutNew(ctx, audit.CheckpointKey(org, head.Seq), bytes.NewReader(b), "application/json")
}
