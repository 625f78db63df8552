package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"satchel/internal/queue"
)

// closedKept is for how long Temporal keeps workflows that ended, in a namespace that a
// worker makes. Rows say what became of things; the histories are for operators.
const closedKept = 72 * time.Hour

// checkServer asks for the namespace: a worker that starts without one gives up. Where the
// worker makes it, what is missing is made: a namespace holds nothing that the rows do not
// say, so after a restore of Postgres a new one does. Schedules follow by themselves.
func (f *runner) checkServer(ctx context.Context) error {
	service := f.client.WorkflowService()
	_, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: f.namespace})
	if !f.makes {
		return err
	}
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		_, err = service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace: f.namespace, WorkflowExecutionRetentionPeriod: durationpb.New(closedKept),
			Description: "Satchel",
		})
		var there *serviceerror.NamespaceAlreadyExists // another worker was faster
		if err != nil && !errors.As(err, &there) {
			return fmt.Errorf("make namespace %s: %w", f.namespace, err)
		}
		f.log.Info("made the namespace", "namespace", f.namespace)
	} else if err != nil {
		return err
	}
	return f.ensureAttributes(ctx)
}

// ensureAttributes makes the search attributes without which no workflow starts. The server
// takes seconds to know a new namespace, so it may fail at first and is tried again.
func (f *runner) ensureAttributes(ctx context.Context) error {
	operator := f.client.OperatorService()
	found, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: f.namespace})
	if err != nil {
		return fmt.Errorf("list search attributes of %s: %w", f.namespace, err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, name := range queue.SearchAttributes() {
		if _, ok := found.GetCustomAttributes()[name]; !ok {
			missing[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: f.namespace, SearchAttributes: missing}); err != nil {
		return fmt.Errorf("make search attributes of %s: %w", f.namespace, err)
	}
	return nil
}
