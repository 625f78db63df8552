package workers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"satchel/internal/fault"
)

// retryable says of every kind of fault whether the same activity may succeed
// later. What no one foresaw is tried again within the activity's budget: most
// of it turns out to be infrastructure.
var retryable = map[fault.Kind]bool{
	fault.Internal:    true,
	fault.Unavailable: true,
	fault.Limited:     true, // after the wait that it names
	fault.Invalid:     false,
	fault.Denied:      false,
	fault.NotFound:    false,
	fault.Conflict:    false,
	fault.OverQuota:   false,
	fault.TooLarge:    false,
}

// faults turns an activity's error into what Temporal keeps of it: a code and
// whether to try again. The text stays in the worker's log, because histories
// outlive a deletion and may be read by people who may not see the data.
type faults struct {
	interceptor.ActivityInboundInterceptorBase
}

func (f *faults) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			activity.GetLogger(ctx).Error("activity panicked", "panic", p, "stack", string(debug.Stack()))
			result, err = nil, applicationError(fault.Of(errors.New("panic")), activity.GetInfo(ctx))
		}
	}()
	result, err = f.Next.ExecuteActivity(ctx, in)
	return result, f.translate(ctx, err)
}

func (f *faults) translate(ctx context.Context, err error) error {
	var known *temporal.ApplicationError
	switch {
	case err == nil, errors.Is(err, activity.ErrResultPending), errors.As(err, &known):
		return err
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return context.Canceled // as Temporal expects the answer to a cancellation
	}
	found := fault.Of(err)
	activity.GetLogger(ctx).Warn("activity failed", "code", found.Code, "kind", found.Kind.String(), "error", err)
	return applicationError(found, activity.GetInfo(ctx))
}

func applicationError(f *fault.Fault, info activity.Info) error {
	message := fmt.Sprintf("%s (%s); the worker's log says more", f.Code, f.Kind)
	return temporal.NewApplicationErrorWithOptions(message, f.Code, temporal.ApplicationErrorOptions{
		NonRetryable: !retryable[f.Kind], NextRetryDelay: pauseBehind(f, info), // zero leaves it to the retry policy
	})
}

// spread is by how much a pause is made longer at most. What failed together, because
// something was down, does not come back together.
const spread = 0.25

// pauseBehind is how long the next try of an activity waits: what the fault says, else what
// the retry policy says, and up to a quarter more. Temporal's own policy has no jitter. The
// part more follows from the attempt, so that the row of the job can say the same time.
func pauseBehind(f *fault.Fault, info activity.Info) time.Duration {
	pause := f.RetryAfter
	if p := info.RetryPolicy; pause == 0 && p != nil {
		pause = backoff(p, info.Attempt)
	}
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, info.WorkflowExecution.RunID, info.ActivityID, info.Attempt) // a hash takes all
	return pause + time.Duration(float64(pause)*spread*float64(h.Sum64()%1024)/1024)
}

// backoff is the pause behind an attempt by a retry policy.
func backoff(p *temporal.RetryPolicy, attempt int32) time.Duration {
	pause := time.Duration(float64(p.InitialInterval) * math.Pow(max(1, p.BackoffCoefficient), float64(attempt-1)))
	if longest := p.MaximumInterval; longest > 0 && (pause > longest || pause <= 0) {
		return longest
	}
	return pause
}
