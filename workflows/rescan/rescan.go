// Package rescan is the process that scans an organization's published files
// again, with the signatures of today, and quarantines what they find.
package rescan

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/finalize"
	"satchel/activities/operation"
	"satchel/activities/scan"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// The activities by name; their receivers are never called here.
var (
	scanner *scan.Activities
	settler *finalize.Activities
)

// Kind is what operations of this process are called.
const Kind = "rescan_storage"

// RescanStorageInput names the organization and the operation that reports.
type RescanStorageInput struct {
	Org       tenancy.OrgID
	Operation uuid.UUID

	// What is known so far, carried on when a long run continues as new.
	After uuid.UUID
	Sum   RescanStorageResult
}

// RescanStorageResult is the report. The lists hold the first versions only; the
// counts are complete.
type RescanStorageResult struct {
	Scanned          int64       `json:"scanned"`
	InfectedCount    int64       `json:"infected_count"`
	UnscannableCount int64       `json:"unscannable_count"`
	DamagedCount     int64       `json:"damaged_count"`
	Infected         []uuid.UUID `json:"infected"` // now in quarantine
	Unscannable      []uuid.UUID `json:"unscannable"`
	Damaged          []uuid.UUID `json:"damaged"`
}

const mostListed = 200

// WorkflowID names the workflow of an operation.
func WorkflowID(org tenancy.OrgID, op uuid.UUID) string {
	return "rescan/" + org.String() + "/" + op.String()
}

// Begin makes the operation's row under the id and starts its workflow. The
// operation belongs to the organization whose files are scanned.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, org tenancy.OrgID, op uuid.UUID) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: op, Kind: Kind, WorkflowID: WorkflowID(org, op), CreatedBy: &by},
		Org:       org, Action: "storage.rescan",
		Start: func(ctx context.Context, id uuid.UUID) error {
			return Start(ctx, c, RescanStorageInput{Org: org, Operation: id})
		},
	})
	return err
}

// Start starts the workflow of an operation, or finds it started.
func Start(ctx context.Context, c client.Client, in RescanStorageInput) error {
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(in.Org, in.Operation), queue.Batch, in.Org.String(), queue.For(in.Org.String(), queue.Low), "rescan"), RescanStorage, in)
	if err != nil {
		return fmt.Errorf("start RescanStorage: %w", err)
	}
	return nil
}

// RescanStorage goes through the published versions, a stretch at a time.
func RescanStorage(ctx workflow.Context, in RescanStorageInput) (RescanStorageResult, error) {
	r := &run{in: in, sum: in.Sum, report: operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Low}}
	err := r.all(ctx)
	return r.sum, r.report.End(ctx, err, "rescan_failed", r.steps, r.sum)
}

// run is one run of RescanStorage.
type run struct {
	in  RescanStorageInput
	sum RescanStorageResult

	report operation.Report
}

func (r *run) all(ctx workflow.Context) error {
	for {
		stretch, err := r.scan(ctx)
		if err != nil {
			return fmt.Errorf("scan again: %w", err)
		}
		if err := r.revoke(ctx, stretch.Infected); err != nil {
			return fmt.Errorf("revoke infected versions: %w", err)
		}
		r.add(stretch)
		if stretch.Last == uuid.Nil {
			return nil
		}
		r.in.After = stretch.Last
		if err := r.report.Progress(ctx, r.steps(operations.Running), r.sum); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			r.in.Sum = r.sum
			return workflow.NewContinueAsNewError(ctx, RescanStorage, r.in)
		}
	}
}

func (r *run) scan(ctx workflow.Context) (result scan.RescanVersionsResult, err error) {
	ctx = r.options(ctx, queue.Files, 2*time.Hour, 20*time.Second)
	in := scan.RescanVersionsInput{Org: r.in.Org, After: r.in.After}
	err = workflow.ExecuteActivity(ctx, scanner.RescanVersions, in).Get(ctx, &result)
	return result, err
}

// revoke acts on each infected version before it counts it.
func (r *run) revoke(ctx workflow.Context, infected []scan.Infection) error {
	ctx = r.options(ctx, queue.Interactive, 10*time.Minute, 0)
	for _, found := range infected {
		in := finalize.RevokeVersionInput{
			Org: r.in.Org, Version: found.Version, Signature: found.Signature, Engine: found.Engine, Database: found.Database,
		}
		if err := workflow.ExecuteActivity(ctx, settler.RevokeVersion, in).Get(ctx, nil); err != nil {
			return err
		}
		r.sum.InfectedCount++
		r.sum.Infected = list(r.sum.Infected, found.Version)
	}
	return nil
}

func (r *run) add(s scan.RescanVersionsResult) {
	r.sum.Scanned += s.Scanned
	r.sum.UnscannableCount += int64(len(s.Unscannable))
	r.sum.DamagedCount += int64(len(s.Damaged))
	r.sum.Unscannable = list(r.sum.Unscannable, s.Unscannable...)
	r.sum.Damaged = list(r.sum.Damaged, s.Damaged...)
}

func list(to []uuid.UUID, more ...uuid.UUID) []uuid.UUID {
	room := max(0, mostListed-len(to))
	return append(to, more[:min(room, len(more))]...)
}

func (r *run) steps(state operations.State) []operations.Step {
	return []operations.Step{{Name: "versions", State: state, Done: r.sum.Scanned}}
}

// options lets the re-scan wait behind every upload: no one watches it.
func (r *run) options(ctx workflow.Context, q queue.Name, attempt, heartbeat time.Duration) workflow.Context {
	return queue.Long.Within(attempt, 24*time.Hour).Heartbeat(heartbeat).Pauses(time.Second, 30*time.Second).On(ctx, q, r.in.Org.String(), queue.Low)
}
