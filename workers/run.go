package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"satchel/internal/queue"
)

// runner is the program's workers. They start as soon as Temporal is there, and
// the program is up, and says what it waits for, before that.
type runner struct {
	log        *slog.Logger
	client     client.Client
	namespace  string
	makes      bool // the namespace, where it is missing
	maintained bool // begins nothing by itself
	components []queue.Component
	workers    []worker.Worker
	fatal      func(error)
	sweeps     *sweeps
	watch      *watch
	versions   *versions

	cancel  context.CancelFunc
	ended   chan struct{}
	running atomic.Bool
}

const (
	checkInterval = 2 * time.Second
	checkTimeout  = 20 * time.Second
)

func (f *runner) start() {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go func() {
		defer close(f.ended)
		f.run(ctx)
	}()
}

// run puts everything in place, sweeps, and watches over the jobs until the program stops.
func (f *runner) run(ctx context.Context) {
	if !f.waitFor(ctx, "namespace", f.checkServer) {
		return
	}
	if !f.waitFor(ctx, "versions", f.versions.before) {
		return
	}
	for _, w := range f.workers {
		if err := w.Start(); err != nil {
			f.fatal(fmt.Errorf("start worker: %w", err))
			return
		}
	}
	f.running.Store(true)
	f.log.Info("workers started", "queues", len(f.workers), "maintenance", f.maintained, "build", f.versions.build, "versioned", f.versions.on)
	if !f.waitFor(ctx, "current build", f.versions.after) {
		return
	}
	if f.maintained { // what is asked for is done, as the check of a restored system
		f.watch.run(ctx)
		return
	}
	var swept sync.WaitGroup
	swept.Go(func() { f.sweeps.run(ctx) })
	defer swept.Wait()
	for _, id := range retired {
		if !f.waitFor(ctx, "retired schedule "+id, func(ctx context.Context) error { return retireSchedule(ctx, f.client, id) }) {
			return
		}
	}
	for _, component := range f.components {
		for _, s := range component.Schedules {
			// Each has its own time: when Temporal is slow, the next try does not begin with the first one again.
			if !f.waitFor(ctx, "schedule "+s.ID, func(ctx context.Context) error {
				return ensureSchedule(ctx, f.client.ScheduleClient(), component.Queue, s)
			}) {
				return
			}
		}
	}
	f.watch.run(ctx)
}

// waitFor tries again until it succeeds, and says false when the program stops.
func (f *runner) waitFor(ctx context.Context, what string, try func(context.Context) error) bool {
	for {
		attempt, cancel := context.WithTimeout(ctx, checkTimeout)
		err := try(attempt)
		cancel()
		if err == nil {
			return true
		}
		f.log.Warn("temporal check failed; will retry", "check", what, "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(checkInterval):
		}
	}
}

func (f *runner) check(context.Context) error {
	if !f.running.Load() {
		return errors.New("the workers wait for Temporal's namespace")
	}
	return nil
}

// stop lets running activities finish for as long as their worker's stop timeout
// allows; what is cut off is tried again by another worker.
func (f *runner) stop() {
	f.cancel()
	<-f.ended
	if !f.running.Load() {
		return
	}
	done := make(chan struct{}, len(f.workers))
	for _, w := range f.workers {
		go func() { w.Stop(); done <- struct{}{} }()
	}
	for range f.workers {
		<-done
	}
}
