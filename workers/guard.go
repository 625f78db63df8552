package workers

import (
	"context"
	"fmt"
	"reflect"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/tenancy"
)

// The codes with which the guard refuses. All are bugs of ours and never cured
// by another attempt.
const (
	codeNoOrganization      = "no_organization"
	codeForeignOrganization = "foreign_organization"
	codeNotPlatform         = "not_platform"
)

// guard keeps every workflow and activity inside the organization that its own
// input names. The organization travels as a plain field and not in a header:
// a header is dropped by schedules and by anyone who starts a workflow by hand,
// and a tenant that is lost on the way must be an error and not a default.
type guard struct {
	interceptor.WorkerInterceptorBase
	outcomes *activityMetrics
	jobs     *jobRows // nil: no rows of jobs are written
}

// GuardWithJobs is Guard that also writes into the rows of jobs how their work goes.
func GuardWithJobs(metrics prometheus.Registerer, db *tenancy.DB) interceptor.WorkerInterceptor {
	return &guard{outcomes: newActivityMetrics(metrics), jobs: &jobRows{db: db, metrics: newJobMetrics(metrics), running: map[string]bool{}}}
}

// Guard is what every worker of the platform runs its workflows and activities
// through.
func Guard(metrics prometheus.Registerer) interceptor.WorkerInterceptor {
	return &guard{outcomes: newActivityMetrics(metrics)}
}

func (g *guard) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	inner := &activityGuard{}
	inner.Next = next
	f := &faults{}
	f.Next = inner
	if g.jobs != nil {
		j := &jobsInterceptor{jobs: g.jobs}
		j.Next, f.Next = inner, j
	}
	m := &metricsInterceptor{outcomes: g.outcomes}
	m.Next = f
	return m
}

func (g *guard) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	w := &workflowGuard{}
	w.Next = next
	return w
}

// orgOf reads the organization that an input names. One argument, organization
// first: an input of another shape is refused. So is one that names a second
// organization, as the target of a process does, and is not the platform's.
func orgOf(args []any) (tenancy.OrgID, error) {
	if len(args) == 1 {
		v := reflect.Indirect(reflect.ValueOf(args[0]))
		if org, ok := targetOf(v, "Org"); ok {
			return org, platformOnly(org, v)
		}
	}
	return tenancy.OrgID{}, refusal(codeNoOrganization, "the input names no organization")
}

// targetOf reads a field that names an organization.
func targetOf(v reflect.Value, field string) (tenancy.OrgID, bool) {
	if v.Kind() != reflect.Struct {
		return tenancy.OrgID{}, false
	}
	f := v.FieldByName(field)
	if !f.IsValid() || !f.CanInterface() {
		return tenancy.OrgID{}, false
	}
	org, ok := f.Interface().(tenancy.OrgID)
	return org, ok && !org.IsZero()
}

// platformOnly refuses what only the platform does: work across organizations,
// which its input declares, and what one would do to another.
func platformOnly(org tenancy.OrgID, v reflect.Value) error {
	if org == tenancy.Platform {
		return nil
	}
	if _, ok := v.Interface().(tenancy.PlatformWork); ok {
		return refusal(codeNotPlatform, "this work belongs to the platform and not to one organization")
	}
	for i := range v.NumField() {
		if other, ok := targetOf(v, v.Type().Field(i).Name); ok && other != org {
			return refusal(codeForeignOrganization, "only the platform's work may name another organization")
		}
	}
	return nil
}

func refusal(code, message string) error {
	return temporal.NewNonRetryableApplicationError(message, code, nil)
}

type activityGuard struct {
	interceptor.ActivityInboundInterceptorBase
}

func (g *activityGuard) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if _, err := orgOf(in.Args); err != nil {
		return nil, err
	}
	return g.Next.ExecuteActivity(ctx, in)
}

// workflowGuard remembers the organization of a workflow's input and refuses
// whatever the workflow would start for another one.
type workflowGuard struct {
	interceptor.WorkflowInboundInterceptorBase
	org tenancy.OrgID
}

func (g *workflowGuard) Init(out interceptor.WorkflowOutboundInterceptor) error {
	o := &outboundGuard{workflow: g}
	o.Next = out
	return g.Next.Init(o)
}

func (g *workflowGuard) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	org, err := orgOf(in.Args)
	if err != nil {
		return nil, err
	}
	g.org = org
	return g.Next.ExecuteWorkflow(ctx, in)
}

// ExecuteUpdate refuses an update whose input names another organization.
func (g *workflowGuard) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	if err := g.same("update "+in.Name, in.Args); err != nil {
		return nil, err
	}
	return g.Next.ExecuteUpdate(ctx, in)
}

func (g *workflowGuard) same(what string, args []any) error {
	org, err := orgOf(args)
	if err != nil {
		return err
	}
	if org != g.org {
		return refusal(codeForeignOrganization, fmt.Sprintf("%s names another organization than its workflow", what))
	}
	return nil
}

type outboundGuard struct {
	interceptor.WorkflowOutboundInterceptorBase
	workflow *workflowGuard
}

func (o *outboundGuard) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	if err := o.workflow.same(name, args); err != nil {
		return refused(ctx, err)
	}
	return o.Next.ExecuteActivity(ctx, name, args...)
}

func (o *outboundGuard) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	if err := o.workflow.same(name, args); err != nil {
		return refused(ctx, err)
	}
	return o.Next.ExecuteLocalActivity(ctx, name, args...)
}

func (o *outboundGuard) ExecuteChildWorkflow(ctx workflow.Context, name string, args ...any) workflow.ChildWorkflowFuture {
	if err := o.workflow.same(name, args); err != nil {
		return refusedChild{refused(ctx, err)}
	}
	return o.Next.ExecuteChildWorkflow(ctx, name, args...)
}

func refused(ctx workflow.Context, err error) workflow.Future {
	future, settable := workflow.NewFuture(ctx)
	settable.SetError(err)
	return future
}

// refusedChild is a child that never started.
type refusedChild struct{ workflow.Future }

func (c refusedChild) GetChildWorkflowExecution() workflow.Future { return c.Future }

func (c refusedChild) SignalChildWorkflow(workflow.Context, string, any) workflow.Future {
	return c.Future
}
