package audit

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// MaxRefusals is how many refusals of one caller a minute have a row each. One
// more row says that there were others: who is refused all the time fills a log
// that is rotated, and not the audit log, which is kept.
const MaxRefusals = 30

// flood is the action of that one more row.
const flood = "access.flood"

// RefusalLimiter counts refusals by caller and minute, in one process. Its zero value is
// ready. It holds no more than the callers who were refused within the minute.
type RefusalLimiter struct {
	Now func() time.Time // nil is the clock

	mu     sync.Mutex
	minute int64
	counts map[caller]int
}

type caller struct {
	org  tenancy.OrgID
	user uuid.UUID
}

func (b *RefusalLimiter) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return time.Now()
}

// decision says how one refusal is recorded.
type decision int

const (
	record decision = iota
	summarize
	drop
)

func (b *RefusalLimiter) allow(actor tenancy.Actor, now time.Time) decision {
	b.mu.Lock()
	defer b.mu.Unlock()
	if minute := now.Unix() / 60; b.counts == nil || minute != b.minute {
		b.minute, b.counts = minute, map[caller]int{}
	}
	who := caller{actor.Org, actor.User}
	b.counts[who]++
	switch n := b.counts[who]; {
	case n <= MaxRefusals:
		return record
	case n == MaxRefusals+1:
		return summarize
	}
	return drop
}
