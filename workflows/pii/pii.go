// Package pii is the process that looks for personal data in a published version.
package pii

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/pii"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// The activities by name; their receivers are never called here.
var (
	inspector *pii.Activities
	pending   *pii.Pending
)

// InspectFileInput names the version. Ids only.
type InspectFileInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// WorkflowID is the only way to name the workflow of a version's inspection.
func WorkflowID(org tenancy.OrgID, version uuid.UUID) string {
	return "pii/" + org.String() + "/" + version.String()
}

// Start starts the workflow, or finds it running. One that ended may run again: it is only
// asked for while an inspection is due.
func Start(ctx context.Context, c client.Client, in InspectFileInput) error {
	if err := queue.StartAgain(ctx, c, WorkflowID(in.Org, in.Version), in.Org.String(), queue.Low, "pii", InspectFile, in); err != nil {
		return fmt.Errorf("start InspectFile: %w", err)
	}
	return nil
}

// InspectFile inspects the version, and says that nothing is known when that keeps failing.
// The result holds counts and codes; what was found is in the database alone.
func InspectFile(ctx workflow.Context, in InspectFileInput) (pii.InspectPersonalDataResult, error) {
	org := in.Org.String()
	reading := queue.Long.Within(8*time.Minute, 6*time.Hour).Attempts(3).Awaited().On(ctx, queue.Files, org, queue.Low)
	var result pii.InspectPersonalDataResult
	err := workflow.ExecuteActivity(reading, inspector.InspectPersonalData, pii.InspectPersonalDataInput(in)).Get(ctx, &result)
	if err == nil || temporal.IsCanceledError(err) {
		return result, err
	}
	workflow.GetLogger(ctx).Warn("inspect for personal data failed; given up", "org", in.Org, "version", in.Version, "error", err)
	ending := queue.Short.On(ctx, queue.Batch, org, queue.Low)
	return result, workflow.ExecuteActivity(ending, pending.GiveUpPersonalData, pii.GiveUpPersonalDataInput(in)).Get(ctx, nil)
}
