package uploads

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
)

// Neither a form nor tus waits for the start of the workflow, which may hang
// while Temporal is down.
func TestTheAnswerDoesNotWaitForTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.block = make(chan struct{})
	u := b.replica(t)
	c := b.serve(t, u)
	id := c.create(5).id(t)
	require.Equal(t, http.StatusNoContent, c.patch(id, 0, []byte("hello")).status)
	form, err := b.form(t, u, strings.NewReader("hello"), -1, Metadata{})
	require.NoError(t, err)
	b.mu.Lock()
	require.Empty(t, b.started)
	b.mu.Unlock()
	close(b.block)
	require.Equal(t, 1, b.startsOf(t, u, id))
	require.Equal(t, 1, b.startsOf(t, u, form.Version))
}

// A process that dies between the answer and the start leaves versions that are
// received and wait: the statement by which the sweep admits finds them.
func TestAStartThatIsLostIsMadeUpFor(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.block = make(chan struct{})
	defer close(b.block)
	u := b.replica(t)
	want := map[uuid.UUID]bool{}
	for range mostWorkers + 3 {
		form, err := b.form(t, u, strings.NewReader("hello"), -1, Metadata{})
		require.NoError(t, err)
		want[form.Version] = true
	}
	dead, die := context.WithCancel(context.Background())
	die()
	u.Wait(dead)
	require.Empty(t, u.starts.queue)
	admitted, err := files.Admit(context.Background(), b.db.Single(b.org), 3)
	require.NoError(t, err)
	require.NotEmpty(t, admitted)
	for _, v := range admitted {
		require.True(t, want[v.ID])
	}
}

func TestTheQueueOfStartsIsBounded(t *testing.T) {
	t.Parallel()
	b := newBackground()
	block := make(chan struct{})
	taken := 0
	for b.run(func() { <-block }) {
		taken++
	}
	require.GreaterOrEqual(t, taken, mostQueued)
	require.LessOrEqual(t, taken, mostQueued+mostWorkers)
	close(block)
	b.wait(context.Background())
	require.Zero(t, b.workers)
	require.True(t, b.run(func() {}), "there is room again")
	b.wait(context.Background())
}
