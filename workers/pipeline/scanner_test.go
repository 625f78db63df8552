package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pipelinetest"
)

// TestThousandFilesThroughASlowAndFlakyScanner: a thousand files, four scan
// slots, a scanner that answers one at a time and every seventh time wrongly.
// Elsewhere that stuck at three hundred files. Here all end, and no file is
// scanned more often than once and once for each real failure. They are of a kind
// without previews, so that the scanner alone is what they wait for.
func TestThousandFilesThroughASlowAndFlakyScanner(t *testing.T) {
	t.Parallel()
	const many = 1000
	b := setup(t, func(o *pipelinetest.Options) { o.Budget = time.Hour })
	slow := make(chan struct{})
	go feed(t.Context(), slow, 2*time.Millisecond)
	var failures atomic.Int64
	bad := clamdtest.BadReplies()
	b.Clamd.Behave(clamdtest.Behaviour{Each: func(n int64) clamdtest.Behaviour {
		if n%7 == 0 {
			failures.Add(1)
			return bad[0]
		}
		return clamdtest.Behaviour{Scans: true, Gate: slow}
	}})
	var wg sync.WaitGroup
	jobs := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range jobs {
				b.Process(t, b.Receive(t, fmt.Sprintf("n%d.stl", i), fmt.Appendf(nil, "file number %d", i)))
			}
		})
	}
	for i := range many {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	ctx := context.Background()
	require.Eventually(t, func() bool {
		counts, err := files.CountByStatus(ctx, b.Single(b.Org))
		return err == nil && len(counts) == 1 && counts[0].Status == files.Published && counts[0].Files == many
	}, 12*time.Minute, 200*time.Millisecond)
	require.LessOrEqual(t, b.Clamd.Scans(), many+failures.Load())
	b.RequireSettled(t)
}

// feed lets one scan through at each tick.
func feed(ctx context.Context, gate chan<- struct{}, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case gate <- struct{}{}:
		}
	}
}

// TestSizesAroundTheScannersLimit: what the scanner takes is scanned; what it
// does not take has one declared end in seconds, with its reason, gives its
// bytes back, and can be deleted.
func TestSizesAroundTheScannersLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	b := setup(t, func(o *pipelinetest.Options) { o.MaxBytes = limit })
	b.Clamd.Behave(clamdtest.Scanning(nil))
	for size, status := range map[int]files.Status{
		limit - 1: files.Published, limit: files.Published,
		limit + 1: files.Quarantined, 2 * limit: files.Quarantined, 100 * limit: files.Quarantined,
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			ticket := b.Receive(t, "long.txt", bytes.Repeat([]byte("a"), size))
			v, err := b.Ends(t, b.Process(t, ticket), ticket)
			require.NoError(t, err)
			require.Equal(t, status, v.Status)
			require.Zero(t, v.ReservedBytes)
			if status == files.Quarantined {
				require.Equal(t, "unscannable:too_large", v.StatusReason)
				require.Zero(t, v.UsedBytes)
			}
			b.RequireSettled(t)
			b.requireDeletable(t, ticket)
		})
	}
}

// requireDeletable puts a file into the trash and waits until it is gone for good.
func (b *worker) requireDeletable(t *testing.T, ticket files.Created) {
	t.Helper()
	ctx := context.Background()
	b.Trash(t, ticket.File)
	require.Eventually(t, func() bool { // the workers make the schedules while they run
		return b.Client.ScheduleClient().GetHandle(ctx, "purge-trashed-files").Trigger(ctx, client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE}) == nil
	}, patience, pause)
	require.Eventually(t, func() bool {
		_, err := files.GetVersion(ctx, b.Single(b.Org), ticket.Version)
		return err != nil
	}, patience, pause)
	require.Empty(t, keys(t, b.Store.Clean))
	require.Empty(t, keys(t, b.Store.Quarantine))
	require.Empty(t, keys(t, b.Store.Staging))
}
