package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/retention"
)

// ApplyRetentionInput names the platform, and where the sweep goes on.
type ApplyRetentionInput struct {
	Org   tenancy.OrgID
	After queue.Places // where the run before ended, by organization
}

// PlatformWork marks work across organizations.
func (ApplyRetentionInput) PlatformWork() {}

// ApplyRetentionResult counts what was found and done, of all organizations.
type ApplyRetentionResult struct {
	SweepResult

	Places queue.Places `json:",omitempty"` // where the next run goes on; its Next stays zero
}

// ApplyRetention puts files into the trash whose time is over by their organization's
// policies, from where they come back for as long as trash is kept, or lists them for an
// officer's decision. It takes a page of each organization at a time. A file that fails is
// tried again by the next run that begins at the head.
func (a *Activities) ApplyRetention(ctx context.Context, in ApplyRetentionInput) (ApplyRetentionResult, error) {
	orgs, err := organizations(ctx, func(after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.OrganizationsWithRetention(ctx, after, a.page)
	})
	if err != nil {
		return ApplyRetentionResult{}, fmt.Errorf("find organizations with policies of retention: %w", err)
	}
	swept, places, err := queue.SweepFairly(ctx, "apply retention", in.After, orgs, orgOf, func(r tenancy.Ref) uuid.UUID { return r.File },
		func(ctx context.Context, org tenancy.Ref, after uuid.UUID) ([]tenancy.Ref, error) {
			return a.db.FilesBeyondRetention(ctx, org.Org, after, organizationPage)
		}, a.retire)
	return ApplyRetentionResult{SweepResult: swept, Places: places}, err
}

// errOnItsWay leaves a file of which a version came in since it was found to the next run.
var errOnItsWay = errors.New("a version of the file is on its way")

// retire asks once more, with the file locked: it may have been kept, held or changed since
// it was found. Done twice it does nothing more.
func (a *Activities) retire(ctx context.Context, r tenancy.Ref) error {
	err := a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
		if err := files.Lock(ctx, tx, r.File); err != nil {
			return err
		}
		due, is, err := retention.FileDue(ctx, tx, r.File)
		if err != nil || !is {
			return err
		}
		if due.Disposal == retention.Review {
			return retention.Enlist(ctx, tx, r.File, due)
		}
		open, err := files.TrashFor(ctx, tx, r.File, "retention:"+due.Policy.String())
		if err == nil && len(open) > 0 {
			err = errOnItsWay
		}
		return err
	})
	if errors.Is(err, errOnItsWay) || errors.Is(err, files.ErrNotFound) {
		return nil
	}
	return err
}
