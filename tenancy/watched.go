package tenancy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// watchedClass is the first number of the locks that say that a thing is watched; the second is
	// the last byte of its id. app.wake of policies/rls/tables/files.sql has the same.
	watchedClass = 5147

	watchedKept     = 10 * time.Second     // a lock stays that long after its last use: things are watched in bursts
	watchedSoonest  = 5 * time.Millisecond // a lock that was not free is asked for again after this, and later and later
	watchedLatest   = 500 * time.Millisecond
	watchedPatience = 20 * time.Millisecond // for the lock, before what is watched is looked at
)

// Watched are the things for whose changes this process waits. A change of one notifies only if a
// process has the lock of its byte, shared: app.wake tries for it alone, and where it succeeds,
// what holds it back from a process that begins to watch is the transaction of the change. So one
// that has the lock and looks then sees the change, or is notified of it. There are no more
// locks than a byte has values, however many things are watched: a change of another thing with
// the same byte notifies for nothing.
type Watched struct {
	mu      sync.Mutex
	live    bool // a connection is there to hold locks
	bytes   [256]watchedByte
	changed chan struct{}
	failed  time.Duration // how long it was waited for a lock that was not free

	further []*Watched // the same things, in clusters that are listened to apart
}

type watchedByte struct {
	waiting map[*func()]struct{}
	held    bool
	since   time.Time // nothing waits since
}

// NewWatched makes one of which nothing is watched. DB.Listen holds its locks.
func NewWatched() *Watched { return &Watched{changed: make(chan struct{}, 1)} }

// elsewhere gives what another cluster is to watch: whose a thing is, its id does not say.
func (w *Watched) elsewhere() *Watched {
	if w == nil {
		return nil
	}
	other := NewWatched()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.further = append(w.further, other)
	return other
}

func (w *Watched) others() []*Watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.further
}

// Watch watches a thing until done. held is called each time from when on changes notify: what
// is watched is to be looked at then. It is not called where changes notify already, and watch says
// so. It must return quickly.
func (w *Watched) Watch(thing uuid.UUID, held func()) (already bool, done func()) {
	already, done = w.watch(thing, held)
	for _, other := range w.others() {
		there, end := other.watch(thing, held)
		before := done
		already, done = already && there, func() { end(); before() }
	}
	return already, done
}

func (w *Watched) watch(thing uuid.UUID, held func()) (already bool, done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := &w.bytes[thing[len(thing)-1]]
	if b.waiting == nil {
		b.waiting = map[*func()]struct{}{}
	}
	b.waiting[&held] = struct{}{}
	if !b.held {
		w.tell()
	}
	return b.held, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(b.waiting, &held)
		b.since = time.Now()
	}
}

// Patience is how long to wait for held before a thing is looked at for the first time: 0 while no
// connection is there.
func (w *Watched) Patience() time.Duration {
	if !w.Live() {
		return 0
	}
	return watchedPatience
}

// Live says whether a connection listens, in each cluster.
func (w *Watched) Live() bool {
	for _, other := range w.others() {
		if !other.Live() {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.live
}

func (w *Watched) tell() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// news receives after something new is watched.
func (w *Watched) news() chan struct{} {
	if w == nil {
		return nil
	}
	return w.changed
}

// lost notes that the connection is gone, and its locks with it.
func (w *Watched) lost() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live, w.failed = false, 0
	for i := range w.bytes {
		w.bytes[i].held = false
	}
}

// wanted gives the locks to take, and those to give back.
func (w *Watched) wanted() (take, give []int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live = true
	for i := range w.bytes {
		b := &w.bytes[i]
		switch {
		case len(b.waiting) > 0 && !b.held:
			take = append(take, int32(i))
		case len(b.waiting) == 0 && b.held && time.Since(b.since) > watchedKept:
			give = append(give, int32(i))
		}
	}
	return take, give
}

// hold takes and gives back locks, in one statement, and says after which time to do so again: 0 is
// when there is something new. It never waits for a lock: what has it is the transaction
// of a change, and this connection has others to hear of.
func (w *Watched) hold(ctx context.Context, conn *pgx.Conn) (again time.Duration, err error) {
	if w == nil {
		return 0, nil
	}
	take, give := w.wanted()
	if len(take)+len(give) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rows, err := conn.Query(ctx, `select b, pg_try_advisory_lock_shared($1, b), true from unnest($2::integer[]) b
		union all select b, not pg_advisory_unlock_shared($1, b), false from unnest($3::integer[]) b`, watchedClass, take, give)
	if err != nil {
		return 0, fmt.Errorf("hold locks of what is watched: %w", err)
	}
	var b int32
	var has, taken bool
	_, err = pgx.ForEachRow(rows, []any{&b, &has, &taken}, func() error {
		w.note(b, has, taken)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("hold locks of what is watched: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range take {
		if !w.bytes[b].held {
			w.failed = min(max(2*w.failed, watchedSoonest), watchedLatest)
			return w.failed, nil
		}
	}
	w.failed = 0
	return 0, nil
}

// note notes what became of a lock, and tells those who wait for it.
func (w *Watched) note(i int32, has, taken bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := &w.bytes[i]
	b.held = has
	if !has || !taken {
		if !taken && len(b.waiting) > 0 { // it is watched again, since the lock was given back
			w.tell()
		}
		return
	}
	for held := range b.waiting {
		(*held)()
	}
}
