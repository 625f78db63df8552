package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/tenancy"
)

// TestRowsOlderThanTemporalAreSettled: Postgres was restored to a moment before files were
// published, and Temporal was not, or was given up.
func TestRowsOlderThanTemporalAreSettled(t *testing.T) {
	t.Parallel()
	for name, newNamespace := range map[string]bool{"in the same namespace": false, "in a new namespace": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			var tickets []files.Created
			for i := range 3 {
				content := fmt.Appendf(nil, "content %d", i)
				ticket := b.Receive(t, "notes.txt", content)
				v, err := b.Ends(t, b.Process(t, ticket), ticket)
				require.NoError(t, err)
				require.Equal(t, files.Published, v.Status)
				b.setBack(t, ticket, content)
				tickets = append(tickets, ticket)
			}
			if newNamespace {
				b.Move(t)
			}
			b.settles(t, tickets)
			b.RequireSettled(t)
		})
	}
}

// settles sweeps as workers do, until every version is published.
func (b *worker) settles(t *testing.T, tickets []files.Created) {
	t.Helper()
	require.Eventually(t, func() bool {
		// In a namespace that was just made, a start may fail at first.
		_, _ = activitytest.Sweep(t, b.Sweeps(), "start-waiting-uploads")
		for _, ticket := range tickets {
			if v, err := files.GetVersion(context.Background(), b.Single(b.Org), ticket.Version); err != nil || v.Status != files.Published {
				return false
			}
		}
		return true
	}, patience, time.Second)
}

// setBack gives a published version the row and the object that it had before: the bucket's
// copy is older or newer than the database, and here staging was not emptied.
func (b *worker) setBack(t *testing.T, ticket files.Created, content []byte) {
	t.Helper()
	ctx := context.Background()
	etag, err := b.Store.Staging.Put(ctx, files.StagingKey(b.Org, ticket.Version), bytes.NewReader(content), int64(len(content)), "")
	require.NoError(t, err)
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		if _, err := tx.Exec(ctx, "update files set current_id = null, status = 'processing' where id = $1", ticket.File); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update file_versions set status = 'processing', used_bytes = 0, reserved_bytes = size, published_at = null, object_etag = '', staging_etag = $2,
			preview = '', cleaned_at = null, started_at = now() - interval '1 hour', updated_at = now() - interval '1 hour' where id = $1`, ticket.Version, etag)
		return err
	}))
}
