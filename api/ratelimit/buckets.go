package ratelimit

import (
	"container/list"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// unit is the cost of one request. Requests that only carry on what another
// began cost less than a whole one.
const unit = 10

// burst is how many seconds' worth of requests may come at once, and least the
// requests that may where the allowance is small: a page loads a few dozen things.
const (
	burst = 10 * time.Second
	least = 30
)

// idleTTL is after how long an untouched bucket is removed. It is full again by
// then, since none holds more than a minute's worth, so removing it gives
// nothing away.
const idleTTL = 2 * time.Minute

// Rate is what a bucket may give: requests a minute.
type Rate int

func (a Rate) perSecond() float64 { return float64(a) / 60 }

// size is the bucket's, in requests.
func (a Rate) size() int {
	return max(min(least, int(a)), int(math.Ceil(a.perSecond()*burst.Seconds())))
}

// bucketState is a bucket as its caller is told of it.
type bucketState struct {
	limit      Rate
	left       int           // whole requests that may come now
	capacity   time.Duration // until the bucket is full again
	retryAfter time.Duration // until the request may come; zero when it may now
}

// buckets holds a bucket for each key. Their number is bounded: the one that
// was used longest ago makes room, so a flood of keys costs no memory.
type buckets[K comparable] struct {
	max int

	mu    sync.Mutex
	byKey map[K]*list.Element
	order list.List // the most recently used in front
}

type bucket[K comparable] struct {
	key  K
	used time.Time
	rate *rate.Limiter
}

func newBuckets[K comparable](most int) *buckets[K] {
	return &buckets[K]{max: most, byKey: map[K]*list.Element{}}
}

// look tells of the key's bucket and changes nothing in it.
func (b *buckets[K]) look(now time.Time, key K, a Rate, cost int) bucketState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return stateOf(b.of(now, key, a), now, a, cost)
}

// take pays the cost out of the key's bucket, or pays nothing and says how long
// it takes until it could.
func (b *buckets[K]) take(now time.Time, key K, a Rate, cost int) bucketState {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.of(now, key, a)
	s := stateOf(l, now, a, cost)
	if s.retryAfter == 0 {
		l.AllowN(now, affordable(l, cost))
		s = stateOf(l, now, a, 0)
	}
	return s
}

func stateOf(l *rate.Limiter, now time.Time, a Rate, cost int) bucketState {
	tokens, second := l.TokensAt(now), a.perSecond()*unit
	cost = affordable(l, cost)
	s := bucketState{limit: a, left: max(0, int(tokens/unit)), capacity: span((float64(l.Burst()) - tokens) / second)}
	if missing := float64(cost) - tokens; missing > 0 {
		s.retryAfter = max(1, span(missing/second))
	}
	return s
}

// affordable bounds a cost by the size of the bucket: a request that costs more than
// a small bucket holds takes all of it, and is not refused for ever.
func affordable(l *rate.Limiter, cost int) int { return min(cost, l.Burst()) }

func span(seconds float64) time.Duration {
	return time.Duration(math.Ceil(max(0, seconds) * float64(time.Second)))
}

// of finds the key's bucket, or makes it full, and holds it to the allowance:
// a changed one counts from now on, and what was taken stays taken.
func (b *buckets[K]) of(now time.Time, key K, a Rate) *rate.Limiter {
	limit, size := rate.Limit(a.perSecond()*unit), a.size()*unit
	e, ok := b.byKey[key]
	if !ok {
		b.evict(now)
		e = b.order.PushFront(&bucket[K]{key: key, rate: rate.NewLimiter(limit, size)})
		b.byKey[key] = e
	}
	b.order.MoveToFront(e)
	k := e.Value.(*bucket[K])
	k.used = now
	if k.rate.Limit() != limit {
		k.rate.SetLimitAt(now, limit)
		k.rate.SetBurstAt(now, size)
	}
	return k.rate
}

// evict makes room for one. Two idle ones go for each that comes, so that
// after a flood the memory comes back.
func (b *buckets[K]) evict(now time.Time) {
	for n := 0; n < 2; n++ {
		last := b.order.Back()
		if last == nil {
			return
		}
		k := last.Value.(*bucket[K])
		if b.order.Len() < b.max && now.Sub(k.used) < idleTTL {
			return
		}
		b.order.Remove(last)
		delete(b.byKey, k.key)
	}
}

func (b *buckets[K]) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.order.Len()
}
