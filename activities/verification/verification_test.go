package verification_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/verification"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// objects is a bucket in memory.
type objects map[string][]byte

func (o objects) ListAfter(_ context.Context, prefix, after string, n int) ([]string, error) {
	var keys []string
	for key := range o {
		if strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys[:min(n, len(keys))], nil
}

func (o objects) Read(_ context.Context, key string, _ int64) ([]byte, error) { return o[key], nil }

// bundle is an organization of seven events with a checkpoint after each.
type bundle struct {
	*pgtest.Database
	org     tenancy.OrgID
	trusted []ed25519.PublicKey
	objects objects
	started started
}

func setup(t *testing.T) *bundle {
	t.Helper()
	_, signer, err := audit.NewKey()
	require.NoError(t, err)
	b := &bundle{Database: pgtest.New(t), trusted: signer.Trusted(), objects: objects{}, started: started{}}
	b.org = b.Organization(t, 1)
	for seq := int64(1); seq <= 7; seq++ {
		require.NoError(t, audit.Record(t.Context(), b.Single(b.org), audit.Event{Action: "file.trash", ObjectID: "x"}))
		head, err := audit.GetHead(t.Context(), b.Single(b.org))
		require.NoError(t, err)
		c, err := signer.Sign(b.org.String(), seq, head.Hash, time.Now())
		require.NoError(t, err)
		b.objects[audit.CheckpointKey(b.org, seq)], err = json.Marshal(c)
		require.NoError(t, err)
	}
	return b
}

func (b *bundle) activities() *verification.Activities {
	return verification.New(b.DB, b.objects, b.trusted, b.started)
}

func (b *bundle) verify(t *testing.T) audit.Report {
	t.Helper()
	var v audit.Verification
	for !v.Ended {
		result, err := b.activities().VerifyAuditEvents(t.Context(), verification.VerifyAuditEventsInput{Org: b.org, Verification: v})
		require.NoError(t, err)
		v = result.Verification
	}
	return v.Report()
}

func TestCheckpointsOfTheStoreAreCompared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.verify(t)
	require.True(t, r.OK, r.FirstBroken)
	require.Equal(t, 7, r.Checkpoints)

	good, third := b.objects[audit.CheckpointKey(b.org, 3)], audit.CheckpointKey(b.org, 3)
	for name, forged := range map[string][]byte{
		"no JSON":                 []byte("{"),
		"another signature":       []byte(strings.Replace(string(good), `"signature":"`, `"signature":"AAAA`, 1)),
		"another event's, signed": b.objects[audit.CheckpointKey(b.org, 4)],
	} {
		b.objects[third] = forged
		r := b.verify(t)
		require.False(t, r.OK, name)
		require.EqualValues(t, 3, r.FirstBroken.Seq, name)
	}
	b.objects[third] = good
	b.objects[audit.CheckpointKey(b.org, 9)] = b.objects[audit.CheckpointKey(b.org, 7)]
	require.EqualValues(t, 8, b.verify(t).FirstBroken.Seq, "one about an event that is not there")
}

// started are the verifications that the sweep started; one organization's start
// fails.
type started map[tenancy.OrgID]uuid.UUID

var errStart = errors.New("this one cannot be started")

func (s started) StartVerification(_ context.Context, org tenancy.OrgID, op uuid.UUID) error {
	if s[org] == uuid.Max {
		return errStart
	}
	s[org] = op
	return nil
}

// begin makes the row of a verification that was asked for a while ago.
func (b *bundle) begin(t *testing.T, org tenancy.OrgID) uuid.UUID {
	t.Helper()
	op := tenancy.NewID()
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		return operations.Insert(t.Context(), tx, operations.Operation{ID: op, Kind: "verify_audit_log", WorkflowID: "w"})
	}))
	_, err := b.Admin(t).Exec(t.Context(), "update operations set created_at = now() - interval '1 minute' where id = $1", op)
	require.NoError(t, err)
	return op
}

// TestSweepStartsVerificationsWithoutAWorkflow: the api ended between the row and the
// start, or Temporal did not answer.
func TestSweepStartsVerificationsWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fails, ended, fresh := b.Organization(t, 1), b.Organization(t, 1), b.Organization(t, 1)
	lost := b.begin(t, b.org)
	b.begin(t, fails)
	b.started[fails] = uuid.Max
	require.NoError(t, operations.End(t.Context(), b.Single(ended), b.begin(t, ended), operations.Succeeded, nil, nil, nil))
	require.NoError(t, b.InTx(t.Context(), fresh, func(tx *tenancy.Tx) error {
		return operations.Insert(t.Context(), tx, operations.Operation{ID: tenancy.NewID(), Kind: "verify_audit_log", WorkflowID: "w"})
	}))
	swept, err := activitytest.Sweep(t, verification.SweepsOf(b.activities()), "restart-verifications")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 2, Done: 1, Failed: 1}, swept)
	require.Equal(t, lost, b.started[b.org])
	require.Zero(t, b.started[ended])
	require.Zero(t, b.started[fresh], "the request that made it starts it")
}
