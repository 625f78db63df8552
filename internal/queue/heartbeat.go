package queue

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// HeartbeatTimeout is the heartbeat timeout of activities that use Beat: how soon a
// dead worker is noticed. Without it, a step that a killed worker was doing
// waits for its whole StartToClose time.
const HeartbeatTimeout = 20 * time.Second

// longestBeat is the longest pause between two beats.
const longestBeat = 5 * time.Second

// interval is the pause between two beats: of the timeout, three may be late or get lost.
func interval(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return longestBeat
	}
	return min(longestBeat, timeout/4)
}

// Heartbeat heartbeats by the clock until stop is called: work that is one call to
// a store, a renderer or a database says nothing while it lasts. The first beat
// comes after a pause: the timeout counts from the activity's start, and a step
// of milliseconds should not write to Temporal's database to say that it began.
// Outside of an activity it does nothing.
func Heartbeat(ctx context.Context) (stop func()) { return startBeat(ctx).stop }

// beat heartbeats by the clock, with the details that were set last.
type beat struct {
	ctx         context.Context // the activity's
	quit, ended chan struct{}   // nil outside of an activity

	mu      sync.Mutex
	details []any
}

func startBeat(ctx context.Context) *beat {
	b := &beat{ctx: ctx}
	if !activity.IsActivity(ctx) {
		return b
	}
	b.quit, b.ended = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(b.ended)
		tick := time.NewTicker(interval(activity.GetInfo(ctx).HeartbeatTimeout))
		defer tick.Stop()
		for {
			select {
			case <-b.quit:
				return
			case <-tick.C:
				b.record()
			}
		}
	}()
	return b
}

// set changes what an attempt behind this one finds; nil for nothing.
func (b *beat) set(details any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.details = nil
	if details != nil {
		b.details = []any{details}
	}
}

func (b *beat) record() {
	if b.quit == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	activity.RecordHeartbeat(b.ctx, b.details...)
}

func (b *beat) stop() {
	if b.quit == nil {
		return
	}
	close(b.quit)
	<-b.ended
}
