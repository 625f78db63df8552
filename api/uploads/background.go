package uploads

import (
	"context"
	"sync"
)

const (
	mostWorkers = 8     // jobs that run at once
	mostQueued  = 1_000 // jobs that wait for a worker; the sweep does what is beyond
)

// background runs jobs behind answers. Its workers exist only while there are
// jobs, and both the workers and the queue are bounded: when Temporal is down,
// each job takes its whole timeout.
type background struct {
	mu      sync.Mutex
	idle    *sync.Cond
	queue   []func()
	workers int
}

func newBackground() *background {
	b := &background{}
	b.idle = sync.NewCond(&b.mu)
	return b
}

// run queues a job. It is false when the queue is full.
func (b *background) run(job func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) >= mostQueued {
		return false
	}
	b.queue = append(b.queue, job)
	if b.workers < mostWorkers {
		b.workers++
		go b.work()
	}
	return true
}

func (b *background) work() {
	for job := b.next(); job != nil; job = b.next() {
		job()
	}
}

// next takes a job, or ends the worker when there is none.
func (b *background) next() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 {
		b.workers--
		b.idle.Broadcast()
		return nil
	}
	job := b.queue[0]
	b.queue = b.queue[1:]
	return job
}

// wait returns when all jobs have run, or when ctx ends. Jobs that have not
// begun by then are dropped: the process is about to end, and the sweep does
// what they would have done.
func (b *background) wait(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.idle.Broadcast()
	})()
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.workers > 0 && ctx.Err() == nil {
		b.idle.Wait()
	}
	b.queue = nil
}
