package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
)

const queueName = "bench"

// waited is the answer of the probe: what the server noted between an
// activity's scheduling and its start.
func probe(ctx context.Context) (time.Duration, error) {
	info := activity.GetInfo(ctx)
	return info.StartedTime.Sub(info.ScheduledTime), nil
}

func probeWorkflow(ctx workflow.Context) (time.Duration, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, DisableEagerExecution: true, Priority: queue.For("bench", queue.Default),
	})
	var d time.Duration
	err := workflow.ExecuteActivity(ctx, probe).Get(ctx, &d)
	return d, err
}

// queue sends jobs at a steady rate through the stack's own Temporal server to
// a worker of its own, never eagerly, and reads the server's own clock.
func (b *bench) queue(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: b.Temporal, Namespace: "satchel", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return err
	}
	defer c.Close()
	w := worker.New(c, queueName, worker.Options{DisableEagerActivities: true})
	w.RegisterWorkflow(probeWorkflow)
	w.RegisterActivity(probe)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	for _, rate := range []struct {
		perSecond int
		goal      float64
	}{{20, 50}, {50, 100}} {
		waits, err := steady(ctx, c, rate.perSecond, 20*time.Second)
		if err != nil {
			return err
		}
		p99 := quantile(waits, .99)
		b.add(fmt.Sprintf("schedule-to-start at %d/s", rate.perSecond), p99, "ms p99", fmt.Sprintf("< %.0f", rate.goal), p99 < rate.goal,
			"%d workflows of one activity in 20 s; p50 %.1f ms, by the server's clock", len(waits), quantile(waits, .5))
	}
	return nil
}

func steady(ctx context.Context, c client.Client, perSecond int, length time.Duration) ([]time.Duration, error) {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		waits []time.Duration
		first error
	)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for end := time.Now().Add(length); time.Now().Before(end); <-tick.C {
		wg.Go(func() {
			var d time.Duration
			run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queueName}, probeWorkflow)
			if err == nil {
				err = run.Get(ctx, &d)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				first = err
				return
			}
			waits = append(waits, d)
		})
	}
	wg.Wait()
	return waits, first
}
