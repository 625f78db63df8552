package checkpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/checkpoint"
	"satchel/activities/verification"
	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// archive keeps objects in memory, each written once.
type archive map[string][]byte

func (a archive) PutNew(_ context.Context, key string, body *bytes.Reader, _ string) error {
	if a[key] == nil {
		b, err := io.ReadAll(body)
		a[key] = b
		return err
	}
	return nil
}

func (a archive) Read(_ context.Context, key string, _ int64) ([]byte, error) { return a[key], nil }

func (a archive) ListAfter(_ context.Context, prefix, after string, n int) ([]string, error) {
	keys := slices.Sorted(maps.Keys(a))
	keys = slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) || k <= after })
	return keys[:min(n, len(keys))], nil
}

type noWorkflows struct{}

func (noWorkflows) StartVerification(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }

// TestRestoredLogIsExplained: signed checkpoints speak of events that a restore lost, and
// the log goes on with others under the same numbers.
func TestRestoredLogIsExplained(t *testing.T) {
	t.Parallel()
	d, a := pgtest.New(t), archive{}
	org, ctx := d.Organization(t, 1), t.Context()
	_, signer, err := audit.NewKey()
	require.NoError(t, err)
	say := func() {
		require.NoError(t, audit.Record(ctx, d.Single(org), audit.Event{Action: "file.trash", ObjectID: "x"}))
	}
	sign := func(seq int64, hash audit.Hash) {
		c, err := signer.Sign(org.String(), seq, hash, time.Now())
		require.NoError(t, err)
		a[audit.CheckpointKey(org, seq)], err = json.Marshal(c)
		require.NoError(t, err)
	}
	verify := func() audit.Report {
		var v audit.Verification
		for !v.Ended {
			result, err := verification.New(d.DB, a, signer.Trusted(), noWorkflows{}).VerifyAuditEvents(ctx, verification.VerifyAuditEventsInput{Org: org, Verification: v})
			require.NoError(t, err)
			v = result.Verification
		}
		return v.Report()
	}
	for range 3 {
		say()
	}
	head, err := audit.GetHead(ctx, d.Single(org))
	require.NoError(t, err)
	sign(head.Seq, head.Hash)
	forks := checkpoint.NewForks(d.DB, a, signer)
	forked, err := forks.Restored(ctx, org)
	require.NoError(t, err)
	require.False(t, forked, "nothing was lost")
	require.True(t, verify().OK)

	sign(head.Seq+1, audit.Hash{1}) // of the log that was lost
	sign(head.Seq+4, audit.Hash{4})
	say() // before the check
	require.False(t, verify().OK)
	forked, err = forks.Restored(ctx, org)
	require.NoError(t, err)
	require.True(t, forked)
	require.True(t, verify().OK, "the log ends before the last number of the lost one")
	for range 5 {
		say()
	}
	r := verify()
	require.True(t, r.OK, r.FirstBroken)
	require.Equal(t, 1, r.Checkpoints, "what is lost agrees with nothing")
	forked, err = forks.Restored(ctx, org)
	require.NoError(t, err)
	require.False(t, forked, "it is known")

	// Who can write into the bucket and has not the key explains nothing.
	_, forger, err := audit.NewKey()
	require.NoError(t, err)
	sign(head.Seq+5, audit.Hash{5})
	f, err := forger.SignFork(audit.Fork{Organization: org.String(), Through: head.Seq + 5}, time.Now())
	require.NoError(t, err)
	a[audit.ForkKey(org, f)], err = json.Marshal(f)
	require.NoError(t, err)
	require.False(t, verify().OK)
}
