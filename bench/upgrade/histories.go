package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporal "go.temporal.io/sdk/client"

	"satchel/internal/devstack"
	"satchel/internal/devstack/checks"
)

// failedTasks is how many workflow tasks a worker says it has failed.
func failedTasks(ctx context.Context, worker *program) (int, error) {
	resp, err := get(ctx, worker.metrics+"/metrics")
	if err != nil {
		return 0, fmt.Errorf("the metrics of %s: %w", worker.name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	total := 0.0
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "} ")
		if !ok || !strings.HasPrefix(name, "temporal_workflow_task_execution_failed") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("the metrics of %s: %w", worker.name, err)
		}
		total += n
	}
	return int(total), lines.Err()
}

// histories is what Temporal keeps of the school's workflows.
type histories struct {
	Workflows int      `json:"workflows"`
	Replayed  int      `json:"replayed"`        // workflows that one worker began and another one went on with
	Failed    int      `json:"failed_in_tasks"` // workflows with a task that failed in their code
	Examples  []string `json:"examples,omitempty"`
}

func readHistories(ctx context.Context, s *devstack.Stack, orgs []string) (h histories, err error) {
	t, err := temporal.DialContext(ctx, temporal.Options{HostPort: s.Temporal, Namespace: checks.Namespace})
	if err != nil {
		return h, fmt.Errorf("connect to Temporal: %w", err)
	}
	defer t.Close()
	for token := []byte(nil); ; {
		page, err := t.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: checks.Namespace, Query: checks.Of(orgs), NextPageToken: token})
		if err != nil {
			return h, fmt.Errorf("list workflows: %w", err)
		}
		for _, w := range page.GetExecutions() {
			events := t.GetWorkflowHistory(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			if err := h.add(w.GetType().GetName(), events); err != nil {
				return h, err
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return h, nil
		}
	}
}

func (h *histories) add(kind string, events temporal.HistoryEventIterator) error {
	h.Workflows++
	workers := map[string]bool{}
	failed := ""
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return errors.Join(fmt.Errorf("read a history of %s", kind), err)
		}
		if by := e.GetWorkflowTaskCompletedEventAttributes().GetIdentity(); by != "" {
			workers[by] = true
		}
		if why := inCode(e); why != "" {
			failed = why
		}
	}
	if len(workers) > 1 {
		h.Replayed++
	}
	if failed != "" {
		if h.Failed++; len(h.Examples) < mostFailures {
			h.Examples = append(h.Examples, kind+": "+failed)
		}
	}
	return nil
}

// inCode gives why a task failed, where the workflow's code is what failed.
func inCode(e *historypb.HistoryEvent) string {
	f := e.GetWorkflowTaskFailedEventAttributes()
	if cause := f.GetCause(); cause == enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR || cause == enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE {
		return cause.String() + " " + f.GetFailure().GetMessage()
	}
	return ""
}
