package organization

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// BeginDeletionInput names the organization whose grace period is over.
type BeginDeletionInput struct {
	Org, Target tenancy.OrgID
	Operation   uuid.UUID
}

// BeginDeletionResult says whether the deletion goes on. It does not when the
// organization was kept, and not yet while a hold of it is in force.
type BeginDeletionResult struct {
	Begun  bool
	OnHold bool `json:",omitempty"`
}

// BeginDeletion is the point of no return.
func (a *BatchActivities) BeginDeletion(ctx context.Context, in BeginDeletionInput) (BeginDeletionResult, error) {
	begun, err := tenancy.BeginDeletion(ctx, a.DB.Single(in.Target), in.Operation)
	if errors.Is(err, tenancy.ErrOnHold) {
		return BeginDeletionResult{OnHold: true}, nil
	}
	return BeginDeletionResult{Begun: begun}, err
}

// StopWorkflowsInput names the organization whose workflows must end.
type StopWorkflowsInput struct{ Org, Target tenancy.OrgID }

// StopWorkflowsResult counts the terminated workflows, and the versions that are there and their bytes,
// of which none comes any more and none was removed yet.
type StopWorkflowsResult struct {
	Cancelled, Terminated int64
	Versions, Bytes       int64 `json:",omitempty"`
}

// errStillRunning asks for another attempt.
var errStillRunning = fault.New(fault.Unavailable, "workflows_running", "Workflows of the organization still run.")

// StopWorkflows cancels the workflows of versions in process, waits until they
// have cleaned up after themselves, and terminates every other one.
func (a *BatchActivities) StopWorkflows(ctx context.Context, in StopWorkflowsInput) (StopWorkflowsResult, error) {
	defer queue.Heartbeat(ctx)()
	var result StopWorkflowsResult
	open, err := a.inProcess(ctx, in.Target, &result)
	if err != nil {
		return result, err
	}
	for _, v := range open {
		if err := a.Workflows.CancelUpload(ctx, in.Target, v.ID); err != nil {
			return result, err
		}
		result.Cancelled++
	}
	for _, v := range open {
		running, err := a.Workflows.Running(ctx, in.Target, v.ID)
		if err != nil {
			return result, err
		}
		if running {
			return result, errStillRunning
		}
	}
	result.Terminated, err = a.Workflows.TerminateAll(ctx, in.Target)
	return result, err
}

// there are the statuses of versions of which bytes are kept.
var there = []files.Status{files.Processing, files.Held, files.Published, files.Quarantined}

// inProcess lists the versions that are being processed, or whose workflow may
// not have ended yet. It counts what is there.
func (a *BatchActivities) inProcess(ctx context.Context, org tenancy.OrgID, counted *StopWorkflowsResult) (open []files.VersionRow, err error) {
	var after uuid.UUID
	for {
		page, err := files.ListVersions(ctx, a.DB.Single(org), after, pageSize)
		if err != nil || len(page) == 0 {
			return open, err
		}
		for _, v := range page {
			after = v.ID
			if slices.Contains(there, v.Status) {
				counted.Versions++
				counted.Bytes += v.Size
			}
			if v.Status == files.Processing {
				open = append(open, v)
			}
		}
		activity.RecordHeartbeat(ctx, after.String())
	}
}

// removalsAtOnce bounds the organizations whose files one worker removes at once: a
// removal may last for hours, and the sweeps run on the same queue.
const removalsAtOnce = 2

// errBusy sends a removal back into the queue.
var errBusy = fault.New(fault.Limited, "deletions_busy", "Other organizations are being deleted.").After(30 * time.Second)

// RemoveFilesInput names the organization whose files must go.
type RemoveFilesInput struct{ Org, Target tenancy.OrgID }

// RemoveFilesResult counts the removed files.
type RemoveFilesResult struct{ Files, Objects int64 }

// RemoveFiles removes every object and every open multipart upload under the
// organization's prefix, in every bucket, and then the files' rows. Rows last:
// they are what the reconciler holds objects against.
func (a *BatchActivities) RemoveFiles(ctx context.Context, in RemoveFilesInput) (RemoveFilesResult, error) {
	select {
	case a.removing <- struct{}{}:
		defer func() { <-a.removing }()
	default:
		return RemoveFilesResult{}, errBusy
	}
	defer queue.Heartbeat(ctx)()
	var result RemoveFilesResult
	var err error
	if a.Certifier != nil {
		if err := a.Certifier.Tell(ctx, in.Target); err != nil {
			return result, err
		}
	}
	if result.Objects, err = a.removeObjects(ctx, in.Target); err != nil {
		return result, err
	}
	if result.Files, err = a.removeRows(ctx, in.Target); err != nil {
		return result, err
	}
	// What a request wrote that was under way when its upload was ended.
	late, err := a.removeObjects(ctx, in.Target)
	result.Objects += late
	return result, err
}

func (a *BatchActivities) removeObjects(ctx context.Context, org tenancy.OrgID) (n int64, err error) {
	prefix := org.String() + "/"
	for _, b := range slices.Concat(a.Buckets, a.Others) {
		if err := b.AbortAll(ctx, prefix); err != nil {
			return n, fmt.Errorf("end multipart uploads: %w", err)
		}
		err := b.Each(ctx, prefix, func(key string, _ time.Time) error {
			if !strings.HasPrefix(key, prefix) {
				return fmt.Errorf("the store listed %d bytes of a key outside the prefix", len(key))
			}
			n++
			return b.Remove(ctx, key)
		})
		if err != nil {
			return n, fmt.Errorf("remove objects: %w", err)
		}
	}
	return n, nil
}

// removeRows removes files with their versions, a page at a time, so that no
// transaction is long.
func (a *BatchActivities) removeRows(ctx context.Context, org tenancy.OrgID) (n int64, err error) {
	for {
		var page int64
		err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
			page, err = files.PurgePage(ctx, tx, pageSize)
			return err
		})
		if err != nil || page == 0 {
			return n, err
		}
		n += page
		activity.RecordHeartbeat(ctx, n)
	}
}

// DeleteOrganizationRowsInput names the organization and what was removed of it.
type DeleteOrganizationRowsInput struct {
	Org, Target tenancy.OrgID
	Operation   uuid.UUID
	Files       int `json:",omitempty"` // that were removed before, for the certificate
	Objects     int `json:",omitempty"`
	Versions    int `json:",omitempty"` // that were there
	Bytes       int `json:",omitempty"`
}

// DeleteOrganizationRowsResult counts the rows that were removed, by table; nil when
// an earlier attempt had done it.
type DeleteOrganizationRowsResult struct{ Rows map[string]int64 }

// errLeft has the step tried again: what it found is removed.
var errLeft = fault.New(fault.Unavailable, "copies_left", "Objects of the organization were there still. They were removed; the step looks again.")

// DeleteOrganizationRows removes every row that is left, the audit log and the
// organization itself, and says so in the platform's audit log, with a certificate. No bucket
// lists anything of the organization then. Users who had no other organization stay as an issuer's
// subject and nothing else.
func (a *BatchActivities) DeleteOrganizationRows(ctx context.Context, in DeleteOrganizationRowsInput) (DeleteOrganizationRowsResult, error) {
	defer queue.Heartbeat(ctx)()
	var result DeleteOrganizationRowsResult
	left, err := a.removeObjects(ctx, in.Target)
	if err == nil && left > 0 {
		err = errLeft
	}
	if err != nil {
		return result, err
	}
	err = a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		result.Rows, err = tenancy.DeleteOrganizationRows(ctx, tx, in.Target)
		if err != nil || result.Rows == nil {
			return err
		}
		err = audit.Record(ctx, tx, audit.Event{
			Action: "organization.erase", ObjectID: in.Target.String(), Code: "operation:" + in.Operation.String(),
		})
		if err != nil || a.Certifier == nil {
			return err
		}
		return a.Certifier.Certify(ctx, tx, in.Target, in.Operation, erasures.Removed{Files: int64(in.Files), Objects: int64(in.Objects), Versions: int64(in.Versions), Bytes: int64(in.Bytes), Rows: result.Rows})
	})
	if err != nil || a.Certifier == nil {
		return result, err
	}
	return result, a.Certifier.Keep(ctx, in.Target, in.Operation)
}
