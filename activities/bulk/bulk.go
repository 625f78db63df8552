// Package bulk changes many files for a person, each in a transaction of its own: what
// became of a file is committed with the change. A process that dies in the middle leaves
// files that are done and files that are not, and the next one goes on.
package bulk

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Workflows are the workflows behind versions.
type Workflows interface {
	// CancelUpload asks the workflow of a version to end clean.
	CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Starter starts the workflow of a change, or finds it started.
type Starter interface {
	StartChange(ctx context.Context, org tenancy.OrgID, change uuid.UUID) error
}

// Changer does what a change wants. The request that made the change and the activity
// both use it, so that there is one rule.
type Changer struct {
	DB        *tenancy.DB
	Workflows Workflows
	Cancelled func(ctx context.Context, err error) // is told that a workflow could not be cancelled; it ends by itself at its next step
}

// page is how many files are read at once.
const page = 100

// Change does what a change wants to each of its files that is not done. It runs as the
// person who asked, with the rights that they have now. A refusal is a result of the file;
// the error is of the database, or of what no one foresaw, and a later call goes on.
func (c Changer) Change(ctx context.Context, org tenancy.OrgID, id uuid.UUID) (files.BulkSums, error) {
	q := c.DB.OrganizationWide().Single(org)
	b, err := files.GetBulk(ctx, q, id)
	if err != nil {
		return files.BulkSums{}, err
	}
	ctx, refused, err := actAs(ctx, q, b)
	if err != nil {
		return files.BulkSums{}, err
	}
	var failed error
	for after := int32(0); ; {
		numbers, err := files.PendingBulk(ctx, q, id, after, page)
		if err != nil {
			return files.BulkSums{}, fmt.Errorf("list files of change: %w", err)
		}
		if len(numbers) == 0 {
			break
		}
		for _, n := range numbers {
			if err := c.one(ctx, q, b, n, refused); fault.KindOf(err) == fault.Unavailable || ctx.Err() != nil {
				return files.BulkSums{}, errors.Join(err, ctx.Err())
			} else if err != nil { // one file's fault does not keep the others
				failed = errors.Join(failed, err)
			}
			after = n
		}
	}
	sums, err := files.CountBulk(ctx, q, id)
	return sums, errors.Join(failed, err)
}

// The refusals of a change as a whole.
var (
	errLeft      = fault.New(fault.Denied, "no_longer_allowed", "The person who asked for this change is no longer a member, or the API key that was used has ended.")
	errRole      = fault.New(fault.Denied, "no_longer_allowed", "The person who asked for this change has a role now that changes no files.")
	errSuspended = fault.New(fault.Denied, "organization_suspended", "The organization is suspended: nothing changes until it is opened again.")
)

// actAs puts the person who asked for a change into the context. Their rights are asked
// now: since the request they may have left, or got another role.
func actAs(ctx context.Context, q tenancy.Queries, b files.Bulk) (acting context.Context, refused *fault.Fault, err error) {
	actor := tenancy.Actor{Org: q.Org(), User: b.Actor, Key: b.Key}
	m, err := tenancy.GetMembership(ctx, q, actor)
	actor.Role = m.Role
	switch {
	case errors.Is(err, tenancy.ErrNoOrganization):
		refused = errLeft
	case err != nil:
		return ctx, nil, err
	case !actor.May(tenancy.EditFiles):
		refused = errRole
	case !m.Allows(tenancy.EditFiles):
		refused = errSuspended
	}
	return tenancy.WithActor(ctx, actor), refused, nil
}

// one changes one file, or notes why not.
func (c Changer) one(ctx context.Context, q tenancy.Queries, b files.Bulk, number int32, refused *fault.Fault) error {
	if refused != nil {
		return files.RefuseBulkItem(ctx, q, b, number, refused)
	}
	open, err := c.try(ctx, q.Org(), b, number)
	if b.OnConflict == files.ConflictRenames && errors.Is(err, files.ErrNameTaken) {
		open, err = c.try(ctx, q.Org(), b, number) // another file took the name in between
	}
	if err != nil {
		why := fault.Of(err)
		switch why.Kind {
		case fault.Invalid, fault.Denied, fault.NotFound, fault.Conflict, fault.OverQuota, fault.TooLarge:
			return files.RefuseBulkItem(ctx, q, b, number, why)
		case fault.Internal, fault.Unavailable, fault.Limited:
		}
		return err
	}
	for _, version := range open {
		if err := c.Workflows.CancelUpload(ctx, q.Org(), version); err != nil && c.Cancelled != nil {
			c.Cancelled(ctx, err)
		}
	}
	return nil
}

func (c Changer) try(ctx context.Context, org tenancy.OrgID, b files.Bulk, number int32) (open []uuid.UUID, err error) {
	err = c.DB.ForPeople().InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		open, err = files.ChangeBulkItem(ctx, tx, b, number)
		return err
	})
	return open, err
}

// Activities are the activities of this package.
type Activities struct {
	changer Changer
	db      *tenancy.DB
	starter Starter
	page    int // length of one list
}

// New makes the activities.
func New(db *tenancy.DB, w Workflows, s Starter) *Activities {
	warn := func(ctx context.Context, err error) {
		activity.GetLogger(ctx).Warn("cancel workflow of trashed file failed", "error", err)
	}
	return &Activities{changer: Changer{DB: db, Workflows: w, Cancelled: warn}, db: db, starter: s, page: 500}
}

// ChangeFilesInput names the organization and the change.
type ChangeFilesInput struct {
	Org    tenancy.OrgID
	Change uuid.UUID
}

// ChangeFilesResult counts what became of the files.
type ChangeFilesResult struct {
	OK      int64 `json:"ok"`
	Refused int64 `json:"refused"`
	Skipped int64 `json:"skipped,omitempty"`
	Total   int64 `json:"total"`
}

// ChangeFiles does what a change wants to each of its files. An attempt behind one that
// died goes on with those that are not done.
func (a *Activities) ChangeFiles(ctx context.Context, in ChangeFilesInput) (ChangeFilesResult, error) {
	defer queue.Heartbeat(ctx)()
	sums, err := a.changer.Change(ctx, in.Org, in.Change)
	return ChangeFilesResult{OK: sums.Ok, Refused: sums.Refused, Skipped: sums.Skipped, Total: sums.Total}, err
}
