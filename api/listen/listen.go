// Package listen wakes those who wait for something to happen.
package listen

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/tenancy"
)

// PollEvery is how often those who wait look by themselves: the notification is
// the fast way, and a lost one may cost seconds but never an answer.
const PollEvery = 5 * time.Second

// Listener tells those who wait for a thing that something happened to it.
type Listener struct {
	watching prometheus.Gauge
	watched  *tenancy.Watched
	drain    sync.Once
	draining chan struct{}

	mu      sync.Mutex
	waiting map[string]map[chan struct{}]struct{} // by "<organization>/<file>"
}

// New makes a watch on which no one waits.
func New(registry prometheus.Registerer) *Listener {
	w := &Listener{
		watching: prometheus.NewGauge(prometheus.GaugeOpts{Name: "satchel_api_watchers", Help: "Requests that wait for a file to change."}),
		watched:  tenancy.NewWatched(),
		draining: make(chan struct{}), waiting: map[string]map[chan struct{}]struct{}{},
	}
	registry.MustRegister(w.watching)
	return w
}

// Watched are the things that are waited for. Without a connection that holds their locks, changes
// of files do not notify.
func (w *Listener) Watched() *tenancy.Watched { return w.watched }

// Drain ends the requests that only wait, so that a shutdown need not.
func (w *Listener) Drain() { w.drain.Do(func() { close(w.draining) }) }

// Count counts one who waits for a file, until done.
func (w *Listener) Count() (done func()) {
	w.watching.Inc()
	return w.watching.Dec
}

// Notify wakes the requests that wait for that file, or all of them when the
// payload is empty. A full channel already holds a wake-up, so this never
// blocks.
func (w *Listener) Notify(payload string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if payload != "" {
		signal(w.waiting[payload])
		return
	}
	for _, all := range w.waiting {
		signal(all)
	}
}

func signal(waiting map[chan struct{}]struct{}) {
	for c := range waiting {
		wake(c)
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Subscribe gives a channel that receives after every change. Subscribe first
// and look at the rows then: the other order misses what happens in between. It waits a moment
// for the database to know that the thing is watched; where that takes longer, the channel
// receives when it does.
func (w *Listener) Subscribe(org tenancy.OrgID, file uuid.UUID) (changed <-chan struct{}, cancel func()) {
	key := strings.ToLower(org.String() + "/" + file.String())
	c := make(chan struct{}, 1)
	w.mu.Lock()
	if w.waiting[key] == nil {
		w.waiting[key] = map[chan struct{}]struct{}{}
	}
	w.waiting[key][c] = struct{}{}
	w.mu.Unlock()
	already, unwatch := w.watched.Watch(file, func() { wake(c) })
	if patience := w.watched.Patience(); !already && patience > 0 {
		up := time.NewTimer(patience)
		defer up.Stop()
		select {
		case <-c:
		case <-up.C:
		}
	}
	return c, func() {
		unwatch()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[key], c)
		if len(w.waiting[key]) == 0 {
			delete(w.waiting, key)
		}
	}
}

// WaitFor looks at a thing until it has ended, its time is up, or this program
// goes. What happens to the thing wakes it; it looks now and then all the same.
func WaitFor[T any](ctx context.Context, w *Listener, org tenancy.OrgID, id uuid.UUID, patience time.Duration, look func() (T, bool, error)) (T, error) {
	if patience <= 0 {
		v, _, err := look()
		return v, err
	}
	changed, cancel := w.Subscribe(org, id)
	defer cancel()
	up := time.NewTimer(patience)
	defer up.Stop()
	poll := time.NewTicker(PollEvery)
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
		case <-w.draining:
			patience = 0
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}
