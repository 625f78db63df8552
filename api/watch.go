package api

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// pollEvery is how often those who wait look by themselves: the notification is
// the fast way, and a lost one may cost seconds but never an answer.
const pollEvery = 5 * time.Second

// watch tells those who wait for a file that something happened to it.
type watch struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]struct{} // by "<organization>/<file>"
}

func newWatch() *watch { return &watch{waiting: map[string]map[chan struct{}]struct{}{}} }

// heard wakes who waits for that file, or everybody when the payload is empty.
// A channel that is full already has its wake-up, so this never blocks.
func (w *watch) heard(payload string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if payload != "" {
		wake(w.waiting[payload])
		return
	}
	for _, all := range w.waiting {
		wake(all)
	}
}

func wake(waiting map[chan struct{}]struct{}) {
	for c := range waiting {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// subscribe gives a channel that receives after every change. Subscribe first
// and look at the rows then: the other order misses what happens in between.
func (w *watch) subscribe(org tenancy.OrgID, file uuid.UUID) (changed <-chan struct{}, cancel func()) {
	key := strings.ToLower(org.String() + "/" + file.String())
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[key] == nil {
		w.waiting[key] = map[chan struct{}]struct{}{}
	}
	w.waiting[key][c] = struct{}{}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[key], c)
		if len(w.waiting[key]) == 0 {
			delete(w.waiting, key)
		}
	}
}

// await gives the version as it is once it is final, or once the time is up.
func (a *API) await(ctx context.Context, org tenancy.OrgID, t files.Ticket, patience time.Duration) (files.View, error) {
	a.metrics.watching.Inc()
	defer a.metrics.watching.Dec()
	return waitFor(ctx, a, org, t.File, patience, func() (files.View, bool, error) {
		v, err := files.GetOf(ctx, a.DB.Once(org), t.File, t.Version)
		return v, files.Final(v.Status), err
	})
}

// waitFor looks at a thing until it has ended, its time is up, or this program
// goes. What happens to the thing wakes it; it looks now and then all the same.
func waitFor[T any](ctx context.Context, a *API, org tenancy.OrgID, id uuid.UUID, patience time.Duration, look func() (T, bool, error)) (T, error) {
	changed, cancel := a.watch.subscribe(org, id)
	defer cancel()
	up := time.NewTimer(patience)
	defer up.Stop()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		v, ended, err := look()
		if err != nil || patience <= 0 || ended {
			return v, err
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-up.C:
			patience = 0
		case <-a.draining:
			patience = 0
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}
