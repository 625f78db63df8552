package pipeline_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/workflows/edge"
)

// forgetful is a cache that notes what it forgot, and is down for as long as a test wants.
type forgetful struct {
	mu     sync.Mutex
	down   bool
	asked  int
	forgot []string
}

func (f *forgetful) Purge(_ context.Context, keys []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.down {
		return fault.New(fault.Unavailable, "edge_unavailable", "The cache is down.")
	}
	f.forgot = append(f.forgot, keys...)
	return nil
}

func (f *forgetful) set(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *forgetful) has(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.forgot, key)
}

func (f *forgetful) tries() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// happened writes an event of a type about an id, and wakes those who tell of it unless
// the notification is lost.
func happened(t *testing.T, b *worker, kind, field string, lost bool) (id uuid.UUID) {
	t.Helper()
	id = tenancy.NewID()
	_, err := b.Single(b.Org).Exec(t.Context(), `insert into organization_events (organization_id, id, type, data) values (app.org(), gen_random_uuid(), $1, jsonb_build_object($2::text, $3::uuid))`, kind, field, id)
	require.NoError(t, err)
	if !lost {
		_, err = b.Single(b.Org).Exec(t.Context(), "select pg_notify('organization_events', app.org()::text)")
		require.NoError(t, err)
	}
	return id
}

// TestEdgeIsTold of what ended, once it is up again, and also when the notification was lost.
func TestEdgeIsTold(t *testing.T) {
	t.Parallel()
	cache := &forgetful{}
	b := setup(t, func(o *pipelinetest.Options) { o.Purger = cache })
	keys := []string{
		"s-" + happened(t, b, "share.ended", "share_id", false).String(),
		"f-" + happened(t, b, "file.trashed", "file_id", false).String(),
		"v-" + happened(t, b, "file.quarantined", "version_id", false).String(),
	}
	for _, key := range keys {
		require.Eventually(t, func() bool { return cache.has(key) }, patience, pause, key)
	}
	cache.set(true)
	before := cache.tries()
	late := "s-" + happened(t, b, "share.ended", "share_id", false).String()
	require.Eventually(t, func() bool { return cache.tries() > before+1 }, patience, pause, "it is tried again")
	require.False(t, cache.has(late))
	cache.set(false)
	require.Eventually(t, func() bool { return cache.has(late) }, patience, pause)

	lost := "f-" + happened(t, b, "file.deleted", "file_id", true).String()
	b.Sweep(t, "start-waiting-purges")
	require.Eventually(t, func() bool { return cache.has(lost) }, patience, pause)
}

// gate is a cache that lets each purge in by hand.
type gate struct {
	came chan []string
	let  chan struct{}
}

func (g gate) Purge(ctx context.Context, keys []string) error {
	select {
	case g.came <- keys:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-g.let:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestEdgePurgesAreFair: an organization of which the cache hears thousands of purges, one
// at a time, keeps no other waiting for the last of them.
func TestEdgePurgesAreFair(t *testing.T) {
	t.Parallel()
	cache := gate{came: make(chan []string), let: make(chan struct{})}
	b := setup(t, func(o *pipelinetest.Options) { o.Purger = cache })
	const many = 9500
	_, err := b.Single(b.Org).Exec(t.Context(), `insert into organization_events (organization_id, id, type, data)
		select app.org(), gen_random_uuid(), 'file.trashed', jsonb_build_object('file_id', gen_random_uuid()) from generate_series(1, $1)`, many)
	require.NoError(t, err)
	_, err = b.Single(b.Org).Exec(t.Context(), "select pg_notify('organization_events', app.org()::text)")
	require.NoError(t, err)
	told := map[string]struct{}{} // a purge that took too long is tried again
	note := func(keys []string) {
		for _, key := range keys {
			told[key] = struct{}{}
		}
	}
	note(<-cache.came)
	require.Less(t, len(told), many, "a step is not everything")

	// The only slot of this worker is taken. The other's purge waits in the queue.
	small, other := tenancy.NewID(), b.Organization(t, 1<<20)
	_, err = b.Single(other).Exec(t.Context(), `insert into organization_events (organization_id, id, type, data) values (app.org(), gen_random_uuid(), 'share.ended', jsonb_build_object('share_id', $1::uuid))`, small)
	require.NoError(t, err)
	_, err = b.Single(other).Exec(t.Context(), "select pg_notify('organization_events', app.org()::text)")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		d, err := b.Client.DescribeWorkflowExecution(t.Context(), edge.WorkflowID(other), "")
		return err == nil && len(d.GetPendingActivities()) == 1
	}, patience, pause)
	steps := 1
	for _, known := told["s-"+small.String()]; !known; _, known = told["s-"+small.String()] {
		select {
		case cache.let <- struct{}{}:
		case keys := <-cache.came:
			note(keys)
			steps++
		}
	}
	require.LessOrEqual(t, steps, 4, "the other's purge has waited for few of %d steps", many/1000+1)
	for len(told) < many+1 {
		select {
		case cache.let <- struct{}{}:
		case keys := <-cache.came:
			note(keys)
		}
	}
}

// TestRecordEdge writes what the real server kept of the process.
func TestRecordEdge(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	cache := &forgetful{}
	b := setup(t, func(o *pipelinetest.Options) { o.Purger = cache })
	key := "s-" + happened(t, b, "share.ended", "share_id", false).String()
	require.Eventually(t, func() bool { return cache.has(key) }, patience, pause)
	b.keepRun(t, edge.WorkflowID(b.Org), "edge", "told")
}
