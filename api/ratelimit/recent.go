package ratelimit

import (
	"container/list"
	"sync"
	"time"
)

// recentTTL is for how long a credential counts as good without being looked at. It
// only spares it the address's limit: it is verified all the same.
const recentTTL = 10 * time.Minute

// recent remembers a bounded number of keys for a while.
type recent[K comparable] struct {
	max int

	mu    sync.Mutex
	byKey map[K]*list.Element
	order list.List // the latest in front
}

type entry[K comparable] struct {
	key K
	at  time.Time
}

func newRecent[K comparable](most int) *recent[K] {
	return &recent[K]{max: most, byKey: map[K]*list.Element{}}
}

func (r *recent[K]) note(now time.Time, key K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.byKey[key]; ok {
		e.Value.(*entry[K]).at = now
		r.order.MoveToFront(e)
		return
	}
	for last := r.order.Back(); last != nil; last = r.order.Back() {
		s := last.Value.(*entry[K])
		if r.order.Len() < r.max && now.Sub(s.at) < recentTTL {
			break
		}
		r.order.Remove(last)
		delete(r.byKey, s.key)
	}
	r.byKey[key] = r.order.PushFront(&entry[K]{key, now})
}

func (r *recent[K]) has(now time.Time, key K) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byKey[key]
	return ok && now.Sub(e.Value.(*entry[K]).at) < recentTTL
}
