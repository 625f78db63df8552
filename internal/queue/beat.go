package queue

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// BeatTimeout is the heartbeat timeout of activities that use Beat: how soon a
// dead worker is noticed. Without it, a step that a killed worker was doing
// waits for its whole StartToClose time.
const BeatTimeout = 20 * time.Second

const beatEvery = 5 * time.Second

// Beat heartbeats by the clock until stop is called: work that is one call to
// a store, a renderer or a database says nothing while it lasts. Outside of an
// activity it does nothing.
func Beat(ctx context.Context) (stop func()) {
	if !activity.IsActivity(ctx) {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			activity.RecordHeartbeat(ctx)
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}
