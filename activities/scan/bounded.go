package scan

import (
	"context"
	"io"
	"time"

	"golang.org/x/sync/semaphore"
)

// large is the size in bytes above which a stream's own size counts. clamd needs memory for a quarter
// of each stream that it scans.
const large = 16 << 20

// Bounded lets no more than so many streams be with the scanner at once, and of large ones no more
// than so many bytes together: the largest file alone, or as many smaller ones as fit. Scans of the
// queue of files have a slot of their worker each, and those of small files, which are scanned inside
// the workflow task, have none there: both together stay within the scanner's threads, and its
// memory does not grow with the number of its threads.
func Bounded(s Scanner, most int, bytes int64) Scanner {
	most, bytes = max(most, 1), max(bytes, large)
	return bounded{s, semaphore.NewWeighted(int64(most)), semaphore.NewWeighted(bytes), bytes}
}

type bounded struct {
	Scanner
	slots, room *semaphore.Weighted
	bytes       int64
}

// waitKey is the key of how long a context's scans wait for their place at most.
type waitKey struct{}

// Scan waits for its place for as long as its context lasts, or says. A large stream waits for room first: it
// keeps no small one from a slot meanwhile.
func (b bounded) Scan(ctx context.Context, r io.Reader, size int64) (Finding, error) {
	waiting := ctx
	if most, ok := ctx.Value(waitKey{}).(time.Duration); ok {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, most)
		defer cancel()
	}
	if size > large {
		weight := min(size, b.bytes)
		if err := b.room.Acquire(waiting, weight); err != nil {
			return Finding{}, err
		}
		defer b.room.Release(weight)
	}
	if err := b.slots.Acquire(waiting, 1); err != nil {
		return Finding{}, err
	}
	defer b.slots.Release(1)
	return b.Scanner.Scan(ctx, r, size)
}
