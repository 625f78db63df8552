package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// PruneVersionsInput names the platform, and where the sweep goes on.
type PruneVersionsInput struct {
	Org   tenancy.OrgID
	After queue.Places // where the run before ended, by organization
}

// PlatformWork marks work across organizations.
func (PruneVersionsInput) PlatformWork() {}

// PruneVersionsResult counts what was found and removed, of all organizations.
type PruneVersionsResult struct {
	SweepResult

	Places queue.Places `json:",omitempty"` // where the next run goes on; its Next stays zero
}

// PruneVersions deletes the versions that are beyond what their organizations keep, a page
// of each organization at a time. Their objects are removed by cleanUploads, which
// finds every version that ended. One that fails is tried again by the next run that
// begins at the head.
func (a *Activities) PruneVersions(ctx context.Context, in PruneVersionsInput) (PruneVersionsResult, error) {
	orgs, err := organizations(ctx, func(after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.OrganizationsWithOldVersions(ctx, after, a.page)
	})
	if err != nil {
		return PruneVersionsResult{}, fmt.Errorf("find organizations that limit their versions: %w", err)
	}
	swept, places, err := queue.SweepFairly(ctx, "prune versions", in.After, orgs, orgOf, versionOf,
		func(ctx context.Context, org tenancy.Ref, after uuid.UUID) ([]tenancy.Ref, error) {
			return a.db.VersionsBeyondRetention(ctx, org.Org, after, organizationPage)
		}, func(ctx context.Context, r tenancy.Ref) error {
			err := a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error { return files.PruneVersion(ctx, tx, r.File, r.Version) })
			if errors.Is(err, tenancy.ErrOnHold) { // placed since the version was found; it is not found again
				return nil
			}
			return err
		})
	return PruneVersionsResult{SweepResult: swept, Places: places}, err
}
