package workers

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// TestNextTryIsTemporals: the row says when Temporal tries again: by its backoff, its
// longest pause, or the wait that the fault names, and up to a quarter later, and never
// behind the last attempt.
func TestNextTryIsTemporals(t *testing.T) {
	t.Parallel()
	now := time.Now()
	policy := &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Second, MaximumAttempts: 4}
	down := fault.New(fault.Unavailable, "down", "It is down.")
	for name, c := range map[string]struct {
		attempt int32
		err     error
		budget  time.Duration
		want    time.Duration
	}{
		"first":        {1, down, 0, time.Second},
		"second":       {2, down, 0, 2 * time.Second},
		"longest":      {3, down, 0, 4 * time.Second},
		"last":         {4, down, 0, -1},
		"not foreseen": {1, errors.New("x"), 0, time.Second},
		"refused":      {1, fault.New(fault.Invalid, "bad", "It is bad."), 0, -1},
		"named":        {1, fault.New(fault.Limited, "slow", "Slow down.").After(time.Minute), 0, time.Minute},
		"no time left": {2, down, time.Second, -1},
	} {
		info := activity.Info{Attempt: c.attempt, RetryPolicy: policy, ScheduledTime: now, ScheduleToCloseTimeout: c.budget}
		got := nextTry(info, c.err, now)
		if c.want < 0 {
			require.True(t, got.IsZero(), name)
			continue
		}
		require.GreaterOrEqual(t, got.Sub(now), c.want, name)
		require.Less(t, got.Sub(now), c.want*5/4, name)
		var told *temporal.ApplicationError
		require.ErrorAs(t, applicationErrorOf(c.err, info), &told, name)
		require.Equal(t, got.Sub(now), told.NextRetryDelay(), "%s: the row and Temporal are told the same", name)
	}
}

// TestPausesAreSpread: what failed together does not come back together.
func TestPausesAreSpread(t *testing.T) {
	t.Parallel()
	policy := &temporal.RetryPolicy{InitialInterval: time.Minute, BackoffCoefficient: 2}
	tenths := map[int]int{}
	for range 1000 {
		info := activity.Info{Attempt: 1, ActivityID: "5", RetryPolicy: policy}
		info.WorkflowExecution.RunID = uuid.NewString()
		tenths[int(10*(pauseBehind(fault.New(fault.Unavailable, "down", "It is down."), info)-time.Minute)/(15*time.Second))]++
	}
	require.Len(t, tenths, 10)
	for n, count := range tenths {
		require.InDelta(t, 100, count, 60, "tenth %d", n)
	}
}

// TestWhatEndsAJobIsNoAttempt: a job that is called off before its work began is ended by a step. That is no attempt, and
// the row goes on saying that it waits for the queue that operators hold, until it says that it is over.
func TestWhatEndsAJobIsNoAttempt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	org, id := db.Organization(t, 1), tenancy.NewID()
	look := func() operations.Operation {
		o, err := operations.Get(t.Context(), db.Single(org), id)
		require.NoError(t, err)
		return o
	}
	run := func(steps ...string) (seen []operations.Operation) {
		env := workflowEnvironment(t)
		env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{GuardWithJobs(prometheus.NewRegistry(), db.DB)}})
		env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id.String()})
		failed := false
		for _, name := range []string{"BuildReport", "EndReport"} {
			env.RegisterActivityWithOptions(func(context.Context, input) error {
				if seen = append(seen, look()); name == "EndReport" && !failed {
					failed = true
					return fault.New(fault.Unavailable, "store_unavailable", "It is down.")
				}
				return nil
			}, activity.RegisterOptions{Name: name})
		}
		env.RegisterWorkflowWithOptions(func(ctx workflow.Context, in input) error {
			ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1, MaximumAttempts: 3}})
			for _, step := range steps {
				if err := workflow.ExecuteActivity(ctx, step, in).Get(ctx, nil); err != nil {
					return err
				}
			}
			return nil
		}, workflow.RegisterOptions{Name: "BuildReport"})
		env.ExecuteWorkflow("BuildReport", input{Org: org})
		require.NoError(t, env.GetWorkflowError())
		return seen
	}
	require.NoError(t, operations.Insert(t.Context(), db.Single(org), operations.Operation{ID: id, Kind: "build_report", WorkflowID: id.String()}))
	_, err := db.MarkPaused(t.Context(), "batch", true)
	require.NoError(t, err)
	seen := run("EndReport")
	require.Len(t, seen, 2)
	require.Equal(t, "store_unavailable", seen[1].ReasonCode, "that its end failed is seen")
	for _, o := range append(seen, look()) {
		require.Equal(t, operations.Paused, o.State)
		require.Zero(t, o.Attempts)
		require.Nil(t, o.StartedAt)
	}
	require.Empty(t, look().ReasonCode)

	seen = run("BuildReport", "EndReport")
	require.Equal(t, operations.Running, seen[1].State)
	require.Equal(t, 1, look().Attempts, "of its work")
	require.Equal(t, operations.Running, look().State)
	require.NotNil(t, look().StartedAt)
}

func TestClassOfFailure(t *testing.T) {
	t.Parallel()
	require.Equal(t, "done", outcomeOf(nil))
	require.Equal(t, "cancelled", outcomeOf(context.Canceled))
	require.Equal(t, string(operations.Theirs), outcomeOf(fault.New(fault.Unavailable, "c", "t")))
	require.Equal(t, string(operations.Limit), outcomeOf(fault.New(fault.OverQuota, "c", "t")))
	require.Equal(t, string(operations.Input), outcomeOf(fault.New(fault.Invalid, "c", "t")))
	require.Equal(t, string(operations.Ours), outcomeOf(errors.New("x")))
}

// TestWhatASweepFound is summed over the parts of its result.
func TestWhatASweepFound(t *testing.T) {
	t.Parallel()
	var sum queue.Swept
	addSwept(reflect.ValueOf(struct {
		Uploads, Files queue.Swept
		Next           uuid.UUID
	}{Uploads: queue.Swept{Found: 2, Done: 1}, Files: queue.Swept{Found: 1, Done: 1}}), &sum, 0)
	require.Equal(t, 3, sum.Found)
	require.Equal(t, 2, sum.Done)
	for _, other := range []any{nil, 7, struct{ N int }{7}} {
		var none queue.Swept
		addSwept(reflect.ValueOf(other), &none, 0)
		require.Zero(t, none.Found)
	}
}
