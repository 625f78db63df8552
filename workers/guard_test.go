package workers

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/tenancy"
)

type input struct {
	Org tenancy.OrgID
	For uuid.UUID // what the workflow passes on as the organization
	How string
}

func touch(context.Context, input) (string, error) { return "touched", nil }

func child(workflow.Context, input) (string, error) { return "touched", nil }

// parent does one thing for the organization that it is told.
func parent(ctx workflow.Context, in input) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, ScheduleToCloseTimeout: time.Minute})
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
	passed := input{Org: tenancy.OrgID(in.For)}
	var result string
	switch in.How {
	case "activity":
		return result, workflow.ExecuteActivity(ctx, touch, passed).Get(ctx, &result)
	case "local activity":
		return result, workflow.ExecuteLocalActivity(ctx, touch, passed).Get(ctx, &result)
	case "child":
		future := workflow.ExecuteChildWorkflow(ctx, child, passed)
		if err := future.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return "", err
		}
		return result, future.Get(ctx, &result)
	}
	return "", nil
}

func requireRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Type())
	require.True(t, refused.NonRetryable(), "another attempt would find the same")
}

func TestWorkflowStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	own, other := tenancy.OrgID(tenancy.NewID()), tenancy.OrgID(tenancy.NewID())
	for _, how := range []string{"activity", "local activity", "child"} {
		for name, c := range map[string]struct {
			target tenancy.OrgID
			code   string
		}{
			"its own":  {own, ""},
			"another":  {other, codeForeignOrganization},
			"none":     {tenancy.OrgID{}, codeNoOrganization},
			"platform": {tenancy.Platform, codeForeignOrganization},
		} {
			t.Run(how+" for "+name, func(t *testing.T) {
				t.Parallel()
				env := workflowEnvironment(t)
				env.RegisterWorkflow(parent)
				env.RegisterWorkflow(child)
				env.RegisterActivity(touch)
				env.ExecuteWorkflow(parent, input{Org: own, For: c.target.UUID(), How: how})
				if c.code == "" {
					require.NoError(t, env.GetWorkflowError())
					return
				}
				requireRefused(t, env.GetWorkflowError(), c.code)
			})
		}
	}
}

func TestWorkflowWithoutOrganizationIsRefused(t *testing.T) {
	t.Parallel()
	env := workflowEnvironment(t)
	env.RegisterWorkflow(parent)
	env.ExecuteWorkflow(parent, input{})
	requireRefused(t, env.GetWorkflowError(), codeNoOrganization)
}

func TestActivityWithoutOrganizationIsRefused(t *testing.T) {
	t.Parallel()
	env := activityEnvironment(t, newGuard())
	env.RegisterActivity(touch)
	_, err := env.ExecuteActivity(touch, input{})
	requireRefused(t, err, codeNoOrganization)
}

func TestOrgOf(t *testing.T) {
	t.Parallel()
	org := tenancy.OrgID(tenancy.NewID())
	for name, c := range map[string]struct {
		args []any
		ok   bool
	}{
		"a struct":            {[]any{input{Org: org}}, true},
		"a pointer":           {[]any{&input{Org: org}}, true},
		"nothing":             {nil, false},
		"two arguments":       {[]any{input{Org: org}, 1}, false},
		"no struct":           {[]any{"x"}, false},
		"nil":                 {[]any{nil}, false},
		"a nil pointer":       {[]any{(*input)(nil)}, false},
		"no such field":       {[]any{struct{ X int }{1}}, false},
		"another type":        {[]any{struct{ Org string }{org.String()}}, false},
		"a bare uuid":         {[]any{struct{ Org uuid.UUID }{org.UUID()}}, false},
		"an unexported field": {[]any{struct{ org tenancy.OrgID }{org}}, false},
		"zero":                {[]any{input{}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := orgOf(c.args)
			if c.ok {
				require.NoError(t, err)
				require.Equal(t, org, got)
				return
			}
			requireRefused(t, err, codeNoOrganization)
		})
	}
}

// TestOnlyThePlatformNamesAnotherOrganization: an organization's own work ends
// before it could do anything to another's.
func TestOnlyThePlatformNamesAnotherOrganization(t *testing.T) {
	t.Parallel()
	type aimed struct{ Org, Target tenancy.OrgID }
	a, b := tenancy.OrgID(tenancy.NewID()), tenancy.OrgID(tenancy.NewID())
	for _, in := range []aimed{{tenancy.Platform, b}, {a, a}, {a, tenancy.OrgID{}}} {
		_, err := orgOf([]any{in})
		require.NoError(t, err)
	}
	for _, in := range []aimed{{a, b}, {a, tenancy.Platform}} {
		_, err := orgOf([]any{in})
		requireRefused(t, err, codeForeignOrganization)
		_, err = orgOf([]any{&in})
		requireRefused(t, err, codeForeignOrganization)
	}
}

type sweepInput struct{ Org tenancy.OrgID }

func (sweepInput) PlatformWork() {}

// TestOnlyThePlatformWorksAcrossOrganizations: the input says it, and the work
// does not begin.
func TestOnlyThePlatformWorksAcrossOrganizations(t *testing.T) {
	t.Parallel()
	for org, code := range map[tenancy.OrgID]string{tenancy.Platform: "", tenancy.OrgID(tenancy.NewID()): codeNotPlatform, {}: codeNoOrganization} {
		env, called := activityEnvironment(t, newGuard()), false
		env.RegisterActivityWithOptions(func(context.Context, sweepInput) error { called = true; return nil }, activity.RegisterOptions{Name: "Sweep"})
		_, err := env.ExecuteActivity("Sweep", sweepInput{Org: org})
		require.Equal(t, code == "", called)
		if code != "" {
			requireRefused(t, err, code)
		}
	}
}

func TestPanicIsOurFailure(t *testing.T) {
	t.Parallel()
	env := activityEnvironment(t, newGuard())
	env.RegisterActivityWithOptions(func(context.Context, input) error { panic("with the name of a file") }, activity.RegisterOptions{Name: "Panic"})
	_, err := env.ExecuteActivity("Panic", input{Org: tenancy.Platform})
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "internal", failed.Type())
	require.False(t, failed.NonRetryable())
	require.NotContains(t, err.Error(), "name of a file")
}

func TestUnknownErrorKeepsItsTextToItself(t *testing.T) {
	t.Parallel()
	env := activityEnvironment(t, newGuard())
	env.RegisterActivityWithOptions(func(context.Context, input) error { return errors.New("holiday.jpg of somebody") }, activity.RegisterOptions{Name: "Fail"})
	_, err := env.ExecuteActivity("Fail", input{Org: tenancy.Platform})
	require.ErrorContains(t, err, "internal")
	require.NotContains(t, err.Error(), "holiday")
}
