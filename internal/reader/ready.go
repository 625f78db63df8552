package reader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"satchel/internal/sandbox"
)

// Job is what a child that waits is told, as one line of JSON on its input.
type Job struct {
	Input  string `json:"input"`  // the file
	Media  string `json:"media"`  // its media type
	Output string `json:"output"` // an existing, empty folder
}

// longestWait is how long a child waits for a file. It keeps some 60 MiB, which a worker that
// reads no more PDFs gets back.
const longestWait = 5 * time.Minute

// ready is the child that waits with PDFium started, which takes longer than reading most
// files does. There is at most one. It has seen no file, reads one, and ends.
type ready struct {
	mu    sync.Mutex
	child *waiting
}

type waiting struct {
	jobs   *os.File // where it gets its job
	cancel context.CancelCauseFunc
	ended  chan struct{}
	result sandbox.Result // when it has ended
	err    error
}

var errNotNeeded = errors.New("no file came for the child that waited")

// prepareNext starts a child that waits, unless one does. One that cannot be started is
// missed by the next file alone, which starts its own.
func (r Reader) prepareNext(ctx context.Context) {
	r.ready.mu.Lock()
	defer r.ready.mu.Unlock()
	if r.ready.child.waits() {
		return
	}
	input, jobs, err := os.Pipe()
	if err != nil {
		return
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	w := &waiting{jobs: jobs, cancel: cancel, ended: make(chan struct{})}
	r.ready.child = w
	forgotten := time.AfterFunc(longestWait, func() { r.ready.forget(w) })
	go func() {
		defer close(w.ended)
		defer cancel(nil)
		defer forgotten.Stop()
		w.result, w.err = sandbox.Start(own, sandbox.Child{Program: r.program, Args: []string{"--wait", "--cache", r.cache.dir}, Input: input,
			Limits: sandbox.Limits{Wall: longestWait + r.timeout + time.Minute, CPU: CPU * time.Second}})
		_ = input.Close()
		_ = jobs.Close() // closed already where a job was given
	}()
}

func (w *waiting) waits() bool {
	if w == nil {
		return false
	}
	select {
	case <-w.ended:
		return false
	default:
		return true
	}
}

// forget ends a child that no file came for.
func (r *ready) forget(w *waiting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.child == w && w != nil {
		r.child = nil
		w.cancel(errNotNeeded)
	}
}

// take gives the child that waits to one caller; nil: none does.
func (r *ready) take() *waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.child
	r.child = nil
	if !w.waits() {
		return nil
	}
	return w
}

// read gives the child its file and waits for its end. It is killed when the caller's time, or
// that of a file, is over.
func (w *waiting) read(ctx context.Context, job Job, longest time.Duration) (sandbox.Result, error) {
	defer context.AfterFunc(ctx, func() { w.cancel(context.Cause(ctx)) })()
	late := time.AfterFunc(longest, func() {
		w.cancel(sandbox.Finding{Code: sandbox.TimedOut, Message: fmt.Sprintf("did not end within %s", longest)})
	})
	defer late.Stop()
	if err := json.NewEncoder(w.jobs).Encode(job); err != nil {
		w.cancel(fmt.Errorf("give the child its file: %w", err))
	}
	_ = w.jobs.Close()
	<-w.ended
	return w.result, w.err
}
