package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// parts are killed as often as they stand here: programs of a platform die more often than its database.
var parts = []string{"api", "api", "api", "worker", "worker", "worker", "temporal", "postgres", "s3", "clamd"}

// killed counts the kills by part.
type killed struct {
	mu sync.Mutex
	by map[string]int
}

func (k *killed) add(part string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = map[string]int{}
	}
	k.by[part]++
}

func (k *killed) count() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, by := range k.by {
		n += by
	}
	return n
}

// String names the parts in the order of the alphabet.
func (k *killed) String() (text string) {
	for _, part := range slices.Sorted(maps.Keys(k.by)) {
		text += fmt.Sprintf("%s %d, ", part, k.by[part])
	}
	return text
}

const (
	killPoll    = 20 * time.Millisecond
	restartTime = 3 * time.Minute
)

// kill kills parts at random moments of the uploads: each kill waits for its number of answers, so
// that a part which is slow to come back takes none of the others' moments. What is left when all is sent
// disturbs the backlog.
func (c *chaos) kill(ctx context.Context) error {
	moments := make([]int, c.kills)
	for i := range moments {
		moments[i] = rand.IntN(c.uploads) //nolint:gosec // a moment, no secret
	}
	slices.Sort(moments)
	processes := c.Processes()
	for _, moment := range moments {
		for int(c.sent.Load()) < moment && int(c.sent.Load()) < c.uploads {
			if err := pause(ctx, killPoll); err != nil {
				return err
			}
		}
		part := parts[rand.IntN(len(parts))] //nolint:gosec // a choice, no secret
		waiting, cancel := context.WithTimeout(ctx, restartTime)
		err := processes.Kill(waiting, part)
		cancel()
		if err != nil {
			return err
		}
		c.killed.add(part)
	}
	return nil
}
