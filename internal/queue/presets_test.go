package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
)

func TestPresetsAreBounded(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]queue.Preset{"short": queue.Short, "store": queue.Store, "long": queue.Long, "mail": queue.Mail, "sweep": queue.ForSweep()} {
		o := p.Options(queue.Batch, "school", queue.Low)
		require.Equal(t, string(queue.Batch), o.TaskQueue, name)
		require.Equal(t, queue.For("school", queue.Low), o.Priority, name)
		require.Positive(t, o.StartToCloseTimeout, name)
		require.GreaterOrEqual(t, o.ScheduleToCloseTimeout, o.StartToCloseTimeout, name)
		require.Positive(t, o.RetryPolicy.InitialInterval, name)
		require.GreaterOrEqual(t, o.RetryPolicy.MaximumInterval, o.RetryPolicy.InitialInterval, name)
		if o.StartToCloseTimeout > time.Minute {
			require.Positive(t, o.HeartbeatTimeout, "%s: a dead worker would be noticed at the end of the attempt", name)
		}
	}
}

func TestPresetsAreChangedByCopy(t *testing.T) {
	t.Parallel()
	changed := queue.Mail.Within(time.Second, time.Hour).Attempts(7).Heartbeat(0).Pauses(time.Minute, 2*time.Minute).Awaited()
	require.Equal(t, workflow.ActivityOptions{
		TaskQueue: string(queue.Interactive), StartToCloseTimeout: time.Second, ScheduleToCloseTimeout: time.Hour, WaitForCancellation: true,
		Priority:    queue.For("school", queue.High),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Minute, BackoffCoefficient: 2, MaximumInterval: 2 * time.Minute, MaximumAttempts: 7},
	}, changed.Options(queue.Interactive, "school", queue.High))
	require.Equal(t, 2*time.Minute, queue.Mail.Options(queue.Interactive, "school", queue.High).StartToCloseTimeout)
}
