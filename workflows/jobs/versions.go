package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"satchel/internal/queue"
)

// Deployment is the name under which Temporal knows the versioned workers of a namespace.
const Deployment = "satchel"

// Version is a build of the workers, as Temporal knows it.
type Version struct {
	Build   string
	State   string    // current, ramping, draining, drained or inactive (it never was current)
	Since   time.Time // when it was first heard of
	Workers int       // programs that were heard of in the last minutes
	Pinned  int64     // open workflows that end on this build alone
}

// Stranded says that workflows wait for workers of this build, and there are none.
func (v Version) Stranded() bool { return v.Pinned > 0 && v.Workers == 0 }

// Routing is to which builds Temporal gives work.
type Routing struct {
	Current  string // empty: workers that name no build
	Ever     bool   // whether a build was chosen once
	Ramping  string // empty: none
	Percent  float32
	Settled  bool      // whether every queue has it
	Versions []Version // the newest first

	token []byte // of the state that this describes
}

// Routing says which builds there are and which has the work. A namespace whose workers were
// never versioned has the zero one.
func (c Control) Routing(ctx context.Context) (Routing, error) {
	r, info, err := c.routing(ctx)
	if err != nil || len(info.GetVersionSummaries()) == 0 {
		return r, err
	}
	programs, err := c.programs(ctx)
	if err != nil {
		return Routing{}, err
	}
	for _, s := range info.GetVersionSummaries() {
		v := Version{Build: s.GetDeploymentVersion().GetBuildId(), State: stateOf(s.GetStatus()), Since: s.GetCreateTime().AsTime()}
		v.Workers = programs[v.Build]
		if v.Pinned, err = c.pinned(ctx, v.Build); err != nil {
			return Routing{}, err
		}
		r.Versions = append(r.Versions, v)
	}
	slices.SortFunc(r.Versions, func(a, b Version) int { return cmp.Or(b.Since.Compare(a.Since), strings.Compare(a.Build, b.Build)) })
	return r, nil
}

// Chosen is Routing without the list of versions.
func (c Control) Chosen(ctx context.Context) (Routing, error) {
	r, _, err := c.routing(ctx)
	return r, err
}

func (c Control) routing(ctx context.Context) (Routing, *deploymentpb.WorkerDeploymentInfo, error) {
	var d *workflowservice.DescribeWorkerDeploymentResponse
	err := whenFree(ctx, func(ctx context.Context) (err error) {
		d, err = c.Client.WorkflowService().DescribeWorkerDeployment(ctx, &workflowservice.DescribeWorkerDeploymentRequest{Namespace: c.Namespace, DeploymentName: Deployment})
		return err
	})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return Routing{}, nil, nil
	}
	if err != nil {
		return Routing{}, nil, fmt.Errorf("describe the versions of workers: %w", err)
	}
	info := d.GetWorkerDeploymentInfo()
	config := info.GetRoutingConfig()
	return Routing{
		Current: config.GetCurrentDeploymentVersion().GetBuildId(), Ever: config.GetCurrentVersionChangedTime() != nil,
		Ramping: config.GetRampingDeploymentVersion().GetBuildId(), Percent: config.GetRampingVersionPercentage(),
		Settled: info.GetRoutingConfigUpdateState() != enumspb.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS, token: d.GetConflictToken(),
	}, info, nil
}

func stateOf(s enumspb.WorkerDeploymentVersionStatus) string {
	switch s {
	case enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT:
		return "current"
	case enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING:
		return "ramping"
	case enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING:
		return "draining"
	case enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED:
		return "drained"
	case enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE, enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_CREATED, enumspb.WORKER_DEPLOYMENT_VERSION_STATUS_UNSPECIFIED:
		return "inactive"
	}
	return strings.ToLower(s.String())
}

// heardOf is how long ago a worker may have been heard of that counts as running. Workers tell
// of themselves each minute.
const heardOf = 3 * time.Minute

// programs counts the programs that have workers of each build. Each has one on the queue of
// short steps.
func (c Control) programs(ctx context.Context) (map[string]int, error) {
	workers, err := c.Workers(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]int{}
	for _, w := range workers {
		if w.Queue == string(queue.Interactive) && w.Status == enumspb.WORKER_STATUS_RUNNING.String() && w.Seen != nil && time.Since(*w.Seen) < heardOf {
			found[w.Version]++
		}
	}
	return found, nil
}

// onBuild is the query for what only a build's workers go on with.
func onBuild(build string) string {
	return fmt.Sprintf("TemporalWorkerDeploymentVersion = '%s:%s' AND TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'", Deployment, strings.ReplaceAll(build, "'", ""))
}

func (c Control) pinned(ctx context.Context, build string) (int64, error) {
	n, err := c.Client.WorkflowService().CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: c.Namespace, Query: onBuild(build)})
	if err != nil {
		return 0, fmt.Errorf("count the workflows of build %s: %w", build, err)
	}
	return n.GetCount(), nil
}

// Choose makes a build the current one: what begins has its first task there, and open workflows
// that are not pinned go on there. The empty build is of workers that name none. Temporal
// refuses a build without workers, or whose workers miss a queue that the current ones have.
func (c Control) Choose(ctx context.Context, build string) error {
	return c.choose(ctx, build, nil)
}

func (c Control) choose(ctx context.Context, build string, token []byte) error {
	err := whenFree(ctx, func(ctx context.Context) error {
		_, err := c.Client.WorkflowService().SetWorkerDeploymentCurrentVersion(ctx, &workflowservice.SetWorkerDeploymentCurrentVersionRequest{
			Namespace: c.Namespace, DeploymentName: Deployment, BuildId: build, ConflictToken: token,
			AllowNoPollers: build == "", IgnoreMissingTaskQueues: build == "",
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("make build %q current: %w", build, err)
	}
	return nil
}

// ChooseFirst makes a build current in a namespace where none ever was: nothing would run there.
// It says which build is current.
func (c Control) ChooseFirst(ctx context.Context, build string) (string, error) {
	r, err := c.Chosen(ctx)
	if err != nil || r.Ever {
		return r.Current, err
	}
	if r.token == nil {
		return "", fmt.Errorf("build %s is not known to Temporal yet", build) // its workers were not heard of
	}
	if err := c.choose(ctx, build, r.token); err != nil { // also when another build was faster
		return "", err
	}
	return build, nil
}

// Ramp gives a build a part of what begins, and of what is not pinned, by the ids of workflows.
// Zero ends it.
func (c Control) Ramp(ctx context.Context, build string, percent float32) error {
	if percent == 0 {
		build = ""
	}
	err := whenFree(ctx, func(ctx context.Context) error {
		_, err := c.Client.WorkflowService().SetWorkerDeploymentRampingVersion(ctx, &workflowservice.SetWorkerDeploymentRampingVersionRequest{
			Namespace: c.Namespace, DeploymentName: Deployment, BuildId: build, Percentage: percent,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("give build %q %.0f %% of the work: %w", build, percent, err)
	}
	return nil
}

// movable is by how many workflows one look of Release goes on.
const movable = 200

// Release lets the open workflows that are pinned to a build go on where the current build is.
// It gives how many. One that the current build cannot replay is blocked there until a build
// that can is current.
func (c Control) Release(ctx context.Context, build string) (released int, err error) {
	seen := map[string]bool{}
	var token []byte
	for {
		page, err := c.Client.WorkflowService().ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: c.Namespace, PageSize: movable, NextPageToken: token, Query: onBuild(build)})
		if err != nil {
			return released, fmt.Errorf("list the workflows of build %s: %w", build, err)
		}
		for _, e := range page.GetExecutions() {
			if run := e.GetExecution().GetRunId(); !seen[run] {
				seen[run] = true
				if err := c.release(ctx, e.GetExecution()); err != nil {
					return released, err
				}
				released++
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return released, nil
		}
	}
}

func (c Control) release(ctx context.Context, run *commonpb.WorkflowExecution) error {
	options, mask := unpinned()
	err := whenFree(ctx, func(ctx context.Context) error {
		_, err := c.Client.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
			Namespace: c.Namespace, WorkflowExecution: run, WorkflowExecutionOptions: options, UpdateMask: mask,
		})
		return err
	})
	var ended *serviceerror.NotFound
	if err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("release workflow %s: %w", run.GetWorkflowId(), err)
	}
	return nil
}

// unpinned is the option of a workflow that goes on where the current build is.
func unpinned() (*workflowpb.WorkflowExecutionOptions, *fieldmaskpb.FieldMask) {
	return &workflowpb.WorkflowExecutionOptions{VersioningOverride: &workflowpb.VersioningOverride{
		Override: &workflowpb.VersioningOverride_AutoUpgrade{AutoUpgrade: true},
	}}, &fieldmaskpb.FieldMask{Paths: []string{"versioning_override"}}
}

// unpin is what a job that runs again is given where its first run was pinned: the workers of
// that build may be gone for long.
func unpin(v *workflowpb.WorkflowExecutionVersioningInfo) []*workflowpb.PostResetOperation {
	if v.GetBehavior() != enumspb.VERSIONING_BEHAVIOR_PINNED {
		return nil
	}
	options, mask := unpinned()
	return []*workflowpb.PostResetOperation{{Variant: &workflowpb.PostResetOperation_UpdateWorkflowOptions_{
		UpdateWorkflowOptions: &workflowpb.PostResetOperation_UpdateWorkflowOptions{WorkflowExecutionOptions: options, UpdateMask: mask},
	}}}
}
