package keyring

import (
	"sync"
	"time"
)

// cache knows values for a while. When it is full it forgets what is past its time, and any
// other when that is not enough.
type cache[K comparable, V any] struct {
	most int
	time time.Duration
	now  func() time.Time

	mu     sync.Mutex
	values map[K]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](most int, t time.Duration) *cache[K, V] {
	return &cache[K, V]{most: most, time: t, now: time.Now, values: map[K]kept[V]{}}
}

func (c *cache[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	got, ok := c.values[k]
	if !ok || !c.now().Before(got.until) {
		return v, false
	}
	return got.value, true
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if len(c.values) >= c.most {
		for other, kept := range c.values {
			if !now.Before(kept.until) || len(c.values) >= c.most {
				delete(c.values, other)
			}
		}
	}
	c.values[k] = kept[V]{v, now.Add(c.time)}
}

func (c *cache[K, V]) drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, k)
}
