// Package extract is the process that reads the text of a published version, so that
// searches find the file by it.
package extract

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/extract"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// The activities by name; their receivers are never called here.
var (
	reader  *extract.Activities
	pending *extract.Pending
)

// ExtractTextInput names the version. Ids only.
type ExtractTextInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// WorkflowID is the only way to name the workflow of a version's text.
func WorkflowID(org tenancy.OrgID, version uuid.UUID) string {
	return "extract/" + org.String() + "/" + version.String()
}

// Start starts the workflow, or finds it running. One that ended may run again: it is only
// asked for while the text is pending.
func Start(ctx context.Context, c client.Client, in ExtractTextInput) error {
	if err := queue.StartAgain(ctx, c, WorkflowID(in.Org, in.Version), in.Org.String(), queue.Low, "extract", ExtractText, in); err != nil {
		return fmt.Errorf("start ExtractText: %w", err)
	}
	return nil
}

// ExtractText reads the text, and gives it up when that keeps failing. The result holds
// counts and codes; the text is in the database alone.
func ExtractText(ctx workflow.Context, in ExtractTextInput) (extract.ReadTextResult, error) {
	org := in.Org.String()
	reading := queue.Long.Within(8*time.Minute, 6*time.Hour).Attempts(3).Awaited().On(ctx, queue.Previews, org, queue.Low)
	var result extract.ReadTextResult
	err := workflow.ExecuteActivity(reading, reader.ReadText, extract.ReadTextInput(in)).Get(ctx, &result)
	if err == nil || temporal.IsCanceledError(err) {
		return result, err
	}
	workflow.GetLogger(ctx).Warn("read text failed; given up", "org", in.Org, "version", in.Version, "error", err)
	ending := queue.Short.On(ctx, queue.Batch, org, queue.Low)
	return result, workflow.ExecuteActivity(ending, pending.GiveUpText, extract.GiveUpTextInput(in)).Get(ctx, nil)
}
