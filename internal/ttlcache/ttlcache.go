// Package ttlcache remembers values in memory for a while, and a bounded number of them.
package ttlcache

import (
	"maps"
	"sync"
	"time"
)

// Cache knows values for a while. When it is full it forgets what is past its time, and any
// other when that is not enough. Several goroutines may use it.
type Cache[K comparable, V any] struct {
	Now func() time.Time // for tests

	most int
	ttl  time.Duration

	mu     sync.Mutex
	values map[K]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

// New makes a cache of at most so many values, each of which is known for ttl.
func New[K comparable, V any](most int, ttl time.Duration) *Cache[K, V] {
	return &Cache[K, V]{Now: time.Now, most: most, ttl: ttl, values: map[K]kept[V]{}}
}

// Get gives a value that was put less than its time ago.
func (c *Cache[K, V]) Get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	got, ok := c.values[k]
	if !ok || !c.Now().Before(got.until) {
		return v, false
	}
	return got.value, true
}

// Put remembers a value for the time of the cache.
func (c *Cache[K, V]) Put(k K, v V) { c.put(k, v, time.Time{}) }

// PutUntil is Put for a value that has an end of its own, which may come earlier.
func (c *Cache[K, V]) PutUntil(k K, v V, end time.Time) { c.put(k, v, end) }

func (c *Cache[K, V]) put(k K, v V, end time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if len(c.values) >= c.most {
		maps.DeleteFunc(c.values, func(_ K, v kept[V]) bool { return !now.Before(v.until) })
	}
	for other := range c.values {
		if len(c.values) < c.most {
			break
		}
		delete(c.values, other)
	}
	until := now.Add(c.ttl)
	if !end.IsZero() && end.Before(until) {
		until = end
	}
	c.values[k] = kept[V]{v, until}
}

// Drop forgets a value.
func (c *Cache[K, V]) Drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, k)
}

// Clear forgets all values.
func (c *Cache[K, V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.values)
}

// Len is how many values are held, those past their time included.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}
