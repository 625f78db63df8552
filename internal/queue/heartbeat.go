package queue

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// HeartbeatTimeout is the heartbeat timeout of activities that use Beat: how soon a
// dead worker is noticed. Without it, a step that a killed worker was doing
// waits for its whole StartToClose time.
const HeartbeatTimeout = 20 * time.Second

const heartbeatInterval = 5 * time.Second

// Heartbeat heartbeats by the clock until stop is called: work that is one call to
// a store, a renderer or a database says nothing while it lasts. The first beat
// comes after a pause: the timeout counts from the activity's start, and a step
// of milliseconds should not write to Temporal's database to say that it began.
// Outside of an activity it does nothing.
func Heartbeat(ctx context.Context) (stop func()) {
	if !activity.IsActivity(ctx) {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(heartbeatInterval)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}
