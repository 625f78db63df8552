package ratelimit

import "sync"

// Concurrency bounds how many things one caller holds open at once, such as event
// streams or requests with a body. It counts in this process only.
type Concurrency[K comparable] struct {
	most int

	mu   sync.Mutex
	open map[K]int
}

// NewConcurrency lets each caller hold so many open.
func NewConcurrency[K comparable](most int) *Concurrency[K] {
	return &Concurrency[K]{most: most, open: map[K]int{}}
}

// Enter opens one more of the caller, until leave is called, once. It is false
// when the caller holds as many open as they may.
func (l *Concurrency[K]) Enter(who K) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[who] >= l.most {
		return nil, false
	}
	l.open[who]++
	return func() { l.leave(who) }, true
}

// leave deletes a caller without open requests, so that the map does not grow
// with every caller.
func (l *Concurrency[K]) leave(who K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[who]--; l.open[who] <= 0 {
		delete(l.open, who)
	}
}
