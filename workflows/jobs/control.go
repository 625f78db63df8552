// Package jobs is what people and operators do to jobs and their queues in Temporal, and
// the sweep that compares the rows of jobs with it.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"satchel/internal/fault"
	"satchel/internal/queue"
)

// The refusals of this package.
var (
	ErrGone       = fault.New(fault.Conflict, "job_history_gone", "What the job was started with is no longer kept. Send the request that began it again.")
	ErrNoSchedule = fault.New(fault.NotFound, "schedule_not_found", "There is no such schedule. GET /api/v1/admin/schedules lists them.")
	errTemporal   = fault.New(fault.Unavailable, "workflows_unavailable", "The service that runs the jobs does not answer. Try again shortly.")
)

// Control is Temporal as those see it who watch over jobs.
type Control struct {
	Client    client.Client
	Namespace string
}

// translate tells what is not there from what does not answer.
func translate(err, gone error) error {
	var none *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &none):
		return gone
	}
	return errTemporal.Because(err)
}

// Cancel asks a job's workflow to end clean. It says false where none runs.
func (c Control) Cancel(ctx context.Context, workflow string) (bool, error) {
	err := translate(c.Client.CancelWorkflow(ctx, workflow, ""), ErrGone)
	if errors.Is(err, ErrGone) {
		return false, nil
	}
	return err == nil, err
}

// Again runs a job's workflow from its beginning with what it was started with. A request
// id is done once, however often it is sent.
func (c Control) Again(ctx context.Context, workflow, request string) error {
	// A long job continues as new: its beginning is that of the first run, and the newest one would skip what came before.
	described, err := c.Client.DescribeWorkflowExecution(ctx, workflow, "")
	if err != nil {
		return translate(err, ErrGone)
	}
	first := described.GetWorkflowExecutionInfo().GetFirstRunId()
	events := c.Client.GetWorkflowHistory(ctx, workflow, first, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return translate(err, ErrGone)
		}
		if e.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		_, err = c.Client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: c.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflow, RunId: first}, Reason: "the job is run again",
			WorkflowTaskFinishEventId: e.GetEventId(), RequestId: request, PostResetOperations: unpin(described.GetWorkflowExecutionInfo().GetVersioningInfo()),
			// A signal or a cancellation of the run before is not this one's.
			ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{
				enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_NEXUS,
			},
		})
		return translate(err, ErrGone)
	}
	return ErrGone
}

// SetPriority changes how early the steps of a running job come. A step that leaves its
// priority to its workflow follows. It says nothing where no workflow runs.
func (c Control) SetPriority(ctx context.Context, org, workflow string, key int) error {
	_, err := c.Client.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: c.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflow},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{Priority: &commonpb.Priority{PriorityKey: int32(key), FairnessKey: org, FairnessWeight: 1}},
		UpdateMask:               &fieldmaskpb.FieldMask{Paths: []string{"priority"}},
	})
	if err := translate(err, ErrGone); !errors.Is(err, ErrGone) {
		return err
	}
	return nil
}

// Queue is a queue as Temporal has it: what waits there, and what holds it.
type Queue struct {
	Name       queue.Name      `json:"name"`
	Backlog    int64           `json:"backlog"`
	AgeSeconds float64         `json:"age_seconds"` // of the oldest
	AddRate    float64         `json:"add_rate"`    // a second
	StartRate  float64         `json:"start_rate"`
	ByPriority map[int32]int64 `json:"by_priority"`
	Workers    int             `json:"workers"`
	Paused     bool            `json:"paused"`
	Rate       *float64        `json:"rate"`                  // starts a second; null: no limit
	OrgRate    *float64        `json:"rate_per_organization"` // null: no limit
	Reason     string          `json:"reason"`
	ChangedBy  string          `json:"changed_by"`
	ChangedAt  *time.Time      `json:"changed_at"`
}

// Queue describes one queue. The server's figures are up to five seconds old.
func (c Control) Queue(ctx context.Context, name queue.Name) (Queue, error) {
	d, err := c.Client.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: c.Namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: string(name)}, TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY, ReportStats: true, ReportConfig: true,
	})
	if err != nil {
		return Queue{}, translate(err, ErrGone)
	}
	s := d.GetStats()
	q := Queue{Name: name, Backlog: s.GetApproximateBacklogCount(), AgeSeconds: s.GetApproximateBacklogAge().AsDuration().Seconds(),
		AddRate: float64(s.GetTasksAddRate()), StartRate: float64(s.GetTasksDispatchRate()), ByPriority: map[int32]int64{}, Workers: len(d.GetPollers())}
	for key, p := range d.GetStatsByPriorityKey() {
		q.ByPriority[key] = p.GetApproximateBacklogCount()
	}
	limit := d.GetConfig().GetQueueRateLimit()
	if m := limit.GetMetadata(); m.GetUpdateTime() != nil {
		at := m.GetUpdateTime().AsTime()
		q.Reason, q.ChangedBy, q.ChangedAt = m.GetReason(), m.GetUpdateIdentity(), &at
	}
	q.Rate, q.OrgRate = rateOf(limit), rateOf(d.GetConfig().GetFairnessKeysRateLimitDefault())
	q.Paused = q.Rate != nil && *q.Rate == 0
	return q, nil
}

// Held says whether operators hold a queue or limit it. It asks for no figures.
func (c Control) Held(ctx context.Context, name queue.Name) (bool, error) {
	d, err := c.Client.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: c.Namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: string(name)}, TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY, ReportConfig: true,
	})
	if err != nil {
		return false, translate(err, ErrGone)
	}
	return rateOf(d.GetConfig().GetQueueRateLimit()) != nil || rateOf(d.GetConfig().GetFairnessKeysRateLimitDefault()) != nil, nil
}

func rateOf(l *taskqueuepb.RateLimitConfig) *float64 {
	if l.GetRateLimit() == nil {
		return nil
	}
	r := float64(l.GetRateLimit().GetRequestsPerSecond())
	return &r
}

// Limit is a change of a queue: how many steps start a second, of all organizations
// together or of each. A rate of nil is no limit, and one of 0 a pause.
type Limit struct {
	Rate   *float64
	PerOrg bool
	Reason string
	By     uuid.UUID
}

// SetLimit changes a queue. The server keeps it over its own restarts and those of the
// workers, and it holds before any worker is there.
func (c Control) SetLimit(ctx context.Context, name queue.Name, l Limit) error {
	update := &workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate{Reason: l.Reason}
	if l.Rate != nil {
		update.RateLimit = &taskqueuepb.RateLimit{RequestsPerSecond: float32(*l.Rate)}
	}
	r := &workflowservice.UpdateTaskQueueConfigRequest{Namespace: c.Namespace, Identity: "user:" + l.By.String(), TaskQueue: string(name), TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY}
	if l.PerOrg {
		r.UpdateFairnessKeyRateLimitDefault = update
	} else {
		r.UpdateQueueRateLimit = update
	}
	_, err := c.Client.WorkflowService().UpdateTaskQueueConfig(ctx, r)
	return translate(err, ErrGone)
}

// Worker is a worker of one queue.
type Worker struct {
	ID       string     `json:"id"`
	Queue    string     `json:"queue"`
	Host     string     `json:"host"`
	Process  string     `json:"process"`
	SDK      string     `json:"sdk"`
	Version  string     `json:"version"` // of the deployment; empty: it names none
	Status   string     `json:"status"`
	Started  *time.Time `json:"started_at"`
	Seen     *time.Time `json:"seen_at"`
	Free     int32      `json:"slots_free"`
	Used     int32      `json:"slots_used"`
	Finished int32      `json:"steps_done"`
	Failed   int32      `json:"steps_failed"`
}

// mostWorkers bounds the list.
const mostWorkers = 1000

// Workers lists those that were heard of in the last minutes. One that was killed is
// among them until the server forgets it: seen_at tells.
func (c Control) Workers(ctx context.Context) ([]Worker, error) {
	workers := []Worker{}
	var token []byte
	for len(workers) < mostWorkers {
		page, err := c.Client.WorkflowService().ListWorkers(ctx, &workflowservice.ListWorkersRequest{Namespace: c.Namespace, PageSize: 200, NextPageToken: token})
		if err != nil {
			return nil, translate(err, ErrGone)
		}
		for _, info := range page.GetWorkersInfo() { //nolint:staticcheck // the list without heartbeats has no slots
			h := info.GetWorkerHeartbeat()
			w := Worker{ID: h.GetWorkerInstanceKey(), Queue: h.GetTaskQueue(), Host: h.GetHostInfo().GetHostName(), Process: h.GetHostInfo().GetProcessId(),
				SDK: h.GetSdkName() + " " + h.GetSdkVersion(), Version: h.GetDeploymentVersion().GetBuildId(), Status: h.GetStatus().String(),
				Free: h.GetActivityTaskSlotsInfo().GetCurrentAvailableSlots(), Used: h.GetActivityTaskSlotsInfo().GetCurrentUsedSlots(),
				Finished: h.GetActivityTaskSlotsInfo().GetTotalProcessedTasks(), Failed: h.GetActivityTaskSlotsInfo().GetTotalFailedTasks()}
			if t := h.GetStartTime(); t != nil {
				at := t.AsTime()
				w.Started = &at
			}
			if t := h.GetHeartbeatTime(); t != nil {
				at := t.AsTime()
				w.Seen = &at
			}
			workers = append(workers, w)
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	return workers, nil
}

// Schedule is a recurring job.
type Schedule struct {
	ID       string        `json:"id"`
	Workflow string        `json:"workflow"`
	Every    time.Duration `json:"-"`
	Seconds  float64       `json:"every_seconds"`
	Paused   bool          `json:"paused"`
	Note     string        `json:"note"` // why it is paused
	Next     []time.Time   `json:"next"`
	Last     *time.Time    `json:"last"`
}

// Schedules lists the recurring jobs.
func (c Control) Schedules(ctx context.Context) ([]Schedule, error) {
	found := []Schedule{}
	list, err := c.Client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 200})
	if err != nil {
		return nil, translate(err, ErrNoSchedule)
	}
	for list.HasNext() {
		e, err := list.Next()
		if err != nil {
			return nil, translate(err, ErrNoSchedule)
		}
		s := Schedule{ID: e.ID, Workflow: e.WorkflowType.Name, Paused: e.Paused, Note: e.Note, Next: append([]time.Time{}, e.NextActionTimes...)}
		if e.Spec != nil && len(e.Spec.Intervals) > 0 {
			s.Every = e.Spec.Intervals[0].Every
			s.Seconds = s.Every.Seconds()
		}
		if n := len(e.RecentActions); n > 0 {
			s.Last = &e.RecentActions[n-1].ActualTime
		}
		found = append(found, s)
	}
	return found, nil
}

// LastDone gives when the newest run of a recurring job that succeeded had ended. It is false
// where Temporal knows of none: none ran yet, or its namespace forgets sooner.
func (c Control) LastDone(ctx context.Context, id string) (time.Time, bool, error) {
	page, err := c.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: c.Namespace, PageSize: 1, Query: fmt.Sprintf("TemporalScheduledById = '%s' AND ExecutionStatus = 'Completed'", id),
	})
	if err != nil {
		return time.Time{}, false, translate(err, ErrNoSchedule)
	}
	for _, e := range page.GetExecutions() {
		return e.GetCloseTime().AsTime(), true, nil
	}
	return time.Time{}, false, nil
}

// PauseSchedule pauses a recurring job, or lets it go on.
func (c Control) PauseSchedule(ctx context.Context, id string, paused bool, note string) error {
	h := c.Client.ScheduleClient().GetHandle(ctx, id)
	if paused {
		return translate(h.Pause(ctx, client.SchedulePauseOptions{Note: note}), ErrNoSchedule)
	}
	return translate(h.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note}), ErrNoSchedule)
}

// RunSchedule runs a recurring job now. While a run of it is on its way, that one is it.
func (c Control) RunSchedule(ctx context.Context, id string) error {
	err := c.Client.ScheduleClient().GetHandle(ctx, id).Trigger(ctx, client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP})
	return translate(err, ErrNoSchedule)
}

// Status is what became of the workflow of a job.
type Status string

// The statuses.
const (
	StatusRunning   Status = "running"
	StatusSucceeded Status = "succeeded"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
	StatusNone      Status = "none" // there is none, or none any more
)

// Status looks at the newest run of a job's workflow.
func (c Control) Status(ctx context.Context, workflow string) (Status, error) {
	d, err := c.Client.DescribeWorkflowExecution(ctx, workflow, "")
	if err := translate(err, ErrGone); err != nil {
		if errors.Is(err, ErrGone) {
			return StatusNone, nil
		}
		return "", err
	}
	switch s := d.GetWorkflowExecutionInfo().GetStatus(); s {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return StatusRunning, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return StatusSucceeded, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		return StatusCancelled, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED:
		return StatusFailed, nil
	default:
		return "", fmt.Errorf("workflow status %v is not known", s)
	}
}
