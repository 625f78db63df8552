// Package recently remembers in this process what was written a moment ago, so that what is
// written once in a while costs the database no question each time. What is forgotten is
// asked again.
package recently

import (
	"sync"
	"time"
)

// most bounds how much is remembered, twice.
const most = 8192

// Set is what was written lately. The zero one is empty.
type Set[K comparable] struct {
	mu          sync.Mutex
	now, before map[K]time.Time
}

// Note remembers that something was written at a time.
func (s *Set[K]) Note(k K, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || len(s.now) >= most {
		s.now, s.before = make(map[K]time.Time), s.now
	}
	s.now[k] = at
}

// Has says whether something was written after a time.
func (s *Set[K]) Has(k K, after time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.now[k]
	if !ok {
		at, ok = s.before[k]
	}
	return ok && at.After(after)
}
