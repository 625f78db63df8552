package reader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
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

// mostWaiting is how many children wait at once: one for the next PDF, and one more while several
// are on their way.
const mostWaiting = 2

// expectedFor is for how long a file is waited for that was said to come. It may have been
// infected, or be read by another worker.
const expectedFor = time.Minute

// mostExpected is how many are remembered: enough for mostWaiting children while some of them come.
const mostExpected = 100

// ready is the children that wait with PDFium started, which takes longer than reading most
// files does. Each has seen no file, reads one, and ends.
type ready struct {
	mu       sync.Mutex
	children []*waiting  // the first one started first
	expected []time.Time // when each file was said to come that has not come
	now      func() time.Time

	preparing atomic.Int32 // how many files make children ready; more than may wait are of no use, and a flood of files would wait behind a start that hangs
}

type waiting struct {
	jobs   *os.File // where it gets its job
	cancel context.CancelCauseFunc
	ended  chan struct{}
	result sandbox.Result // when it has ended
	err    error
}

var errNotNeeded = errors.New("no file came for the child that waited")

// Expect says that a file of that media type is going to be read soon, and does not wait: what its
// child needs is made ready meanwhile, such as while the file is scanned.
func (r Reader) Expect(ctx context.Context, mediaType string) {
	ctx = context.WithoutCancel(ctx)
	if mediaType == pdf {
		r.ready.expect()
	}
	if r.ready.preparing.Add(1) > mostWaiting {
		r.ready.preparing.Add(-1)
		return
	}
	go func() {
		defer r.ready.preparing.Add(-1)
		if err := r.prepare(ctx); err == nil && mediaType == pdf { // else the file's own child says what is wrong
			r.prepareNext(ctx)
		}
	}()
}

func (r *ready) expect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.expected) >= mostExpected {
		r.expected = slices.Delete(r.expected, 0, 1)
	}
	r.expected = append(r.expected, r.now())
}

// wanted is how many children are to wait.
func (r *ready) wanted() int {
	r.expected = slices.DeleteFunc(r.expected, func(at time.Time) bool { return r.now().Sub(at) >= expectedFor })
	return min(max(1, len(r.expected)), mostWaiting)
}

// prepareNext starts children that wait, until there are as many as are wanted. One that cannot
// be started is missed by its file alone, which starts its own.
func (r Reader) prepareNext(ctx context.Context) {
	r.ready.mu.Lock()
	defer r.ready.mu.Unlock()
	r.ready.children = slices.DeleteFunc(r.ready.children, func(w *waiting) bool { return !w.waits() })
	for len(r.ready.children) < r.ready.wanted() {
		w := r.startWaiting(ctx)
		if w == nil {
			return
		}
		r.ready.children = append(r.ready.children, w)
	}
}

// startWaiting starts one; nil: it cannot.
func (r Reader) startWaiting(ctx context.Context) *waiting {
	input, jobs, err := os.Pipe()
	if err != nil {
		return nil
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	w := &waiting{jobs: jobs, cancel: cancel, ended: make(chan struct{})}
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
	return w
}

func (w *waiting) waits() bool {
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
	if i := slices.Index(r.children, w); i >= 0 {
		r.children = slices.Delete(r.children, i, i+1)
		w.cancel(errNotNeeded)
	}
}

// take gives the child that has waited longest to one caller; nil: none waits.
func (r *ready) take() *waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.expected) > 0 { // this one, or one like it
		r.expected = r.expected[1:]
	}
	for len(r.children) > 0 {
		w := r.children[0]
		if r.children = r.children[1:]; w.waits() {
			return w
		}
	}
	return nil
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
