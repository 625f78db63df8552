package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
)

// temporalPeer is jobs as the platform's are: a workflow whose step is an activity on a queue
// of its own, never eager, with a heartbeat. Its worker is this program again, so that it can
// be killed like Celery's.
type temporalPeer struct {
	client  client.Client
	address string
	file    string
}

const peerQueue = "bench-celery"

func peerOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, HeartbeatTimeout: 5 * time.Second, DisableEagerExecution: true, Priority: queue.For("bench", queue.Default),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond},
	})
}

// peerProbe says how long it waited since it was sent.
func peerProbe(_ context.Context, sent time.Time) (time.Duration, error) {
	return time.Since(sent), nil
}

func peerProbeJob(ctx workflow.Context, sent time.Time) (d time.Duration, err error) {
	return d, workflow.ExecuteActivity(peerOptions(ctx), peerProbe, sent).Get(ctx, &d)
}

// peerEffect writes one short line, which is whole.
func peerEffect(ctx context.Context, file string, n int) error {
	activity.RecordHeartbeat(ctx)
	time.Sleep(10 * time.Millisecond)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = fmt.Fprintln(f, n)
	return err
}

func peerEffectJob(ctx workflow.Context, file string, n int) error {
	return workflow.ExecuteActivity(peerOptions(ctx), peerEffect, file, n).Get(ctx, nil)
}

// peerWorker is the command that is the worker.
func peerWorker() *cobra.Command {
	return &cobra.Command{
		Use: "celery-peer ADDRESS", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := client.DialContext(cmd.Context(), client.Options{HostPort: args[0], Namespace: "satchel", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
			if err != nil {
				return err
			}
			defer c.Close()
			w := worker.New(c, peerQueue, worker.Options{DisableEagerActivities: true, MaxConcurrentActivityExecutionSize: 2})
			w.RegisterWorkflow(peerProbeJob)
			w.RegisterWorkflow(peerEffectJob)
			w.RegisterActivity(peerProbe)
			w.RegisterActivity(peerEffect)
			return w.Run(worker.InterruptCh())
		},
	}
}

func (p *temporalPeer) name() string { return "ours" }

func (p *temporalPeer) effectsFile() string { return p.file }

func (p *temporalPeer) start(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "celery-peer", p.address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, cmd.Start()
}

func (p *temporalPeer) one(ctx context.Context) (d time.Duration, err error) {
	run, err := p.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: peerQueue}, peerProbeJob, time.Now())
	if err != nil {
		return 0, err
	}
	return d, run.Get(ctx, &d)
}

// gathered waits for what several do.
type gathered struct {
	sync.WaitGroup
	mu    sync.Mutex
	waits []time.Duration
	err   error
}

func (t *gathered) add(d time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits = append(t.waits, d)
	if err != nil {
		t.err = err
	}
}

func (p *temporalPeer) steady(ctx context.Context, rate int, length time.Duration) ([]time.Duration, error) {
	var all gathered
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for end := time.Now().Add(length); time.Now().Before(end); <-tick.C {
		all.Go(func() { all.add(p.one(ctx)) })
	}
	all.Wait()
	return all.waits, all.err
}

// senders is how many send a burst, as one program of Celery does with one connection.
const senders = 16

func (p *temporalPeer) each(n int, do func(int) error) error {
	var all gathered
	left := make(chan int)
	for range senders {
		all.Go(func() {
			for i := range left {
				all.add(0, do(i))
			}
		})
	}
	for i := range n {
		left <- i
	}
	close(left)
	all.Wait()
	return all.err
}

func (p *temporalPeer) burst(ctx context.Context, n int) (time.Duration, error) {
	begun := time.Now()
	runs := make([]client.WorkflowRun, n)
	err := p.each(n, func(i int) (err error) {
		runs[i], err = p.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: peerQueue}, peerProbeJob, time.Now())
		return err
	})
	for i := 0; err == nil && i < n; i++ {
		err = runs[i].Get(ctx, nil)
	}
	return time.Since(begun), err
}

func (p *temporalPeer) effects(ctx context.Context, n int) error {
	batch := uuid.NewString()
	return p.each(n, func(i int) error {
		_, err := p.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("bench-celery/%s/%d", batch, i), TaskQueue: peerQueue}, peerEffectJob, p.file, i)
		return err
	})
}
