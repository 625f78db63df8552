package pipeline_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pipelinetest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	verifying "satchel/workflows/verification"
)

// recordEvents adds many events to the organization's audit log, a thousand in
// each transaction.
func (b *worker) recordEvents(t *testing.T, n int) {
	t.Helper()
	require.NoError(t, audit.Record(t.Context(), b.Single(b.Org), audit.Event{Action: "file.trash", ObjectID: "x"}))
	for n--; n > 0; n -= 1000 {
		_, err := b.Single(b.Org).Exec(t.Context(), `insert into audit_events (organization_id, event)
			select app.org(), event from audit_events cross join generate_series(1, $1) where seq = 1`, min(n, 1000))
		require.NoError(t, err)
	}
}

// TestVerificationOfAnAuditLog runs on a real Temporal: the audit log takes several
// steps, the checkpoint that the worker signed is compared, and forty requests
// begin one verification.
func TestVerificationOfAnAuditLog(t *testing.T) {
	t.Parallel()
	const events = 41_000
	b := setup(t, nil)
	b.recordEvents(t, events)
	signer, err := audit.NewSigner(pipelinetest.AuditKey)
	require.NoError(t, err)
	head, err := audit.GetHead(t.Context(), b.Single(b.Org))
	require.NoError(t, err)
	signed, err := signer.Sign(b.Org.String(), head.Seq, head.Hash, time.Now())
	require.NoError(t, err)
	object, err := json.Marshal(signed)
	require.NoError(t, err)
	require.NoError(t, b.Store.Audit.PutNew(t.Context(), audit.CheckpointKey(b.Org, head.Seq), bytes.NewReader(object), "application/json"))

	asked := map[uuid.UUID]bool{}
	for range 40 {
		op, err := verifying.Begin(t.Context(), b.DB, down{}, b.User, b.Org, tenancy.NewID())
		require.NoError(t, err, "the sweep starts what cannot be started now")
		asked[op] = true
	}
	require.Len(t, asked, 1)
	for op := range asked {
		require.NoError(t, verifying.Start(t.Context(), b.Client, b.Org, op))
		o := b.operationOf(t, b.Org, op)
		require.Equal(t, operations.Succeeded, o.State, string(o.Error))
		var report audit.Report
		require.NoError(t, json.Unmarshal(o.Result, &report))
		require.True(t, report.OK, report.FirstBroken)
		require.Equal(t, 1, report.Checkpoints)
		require.GreaterOrEqual(t, report.Events, int64(events))
	}
}

// TestRecordVerifications writes the histories that the verification replays.
func TestRecordVerifications(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	for _, c := range []struct {
		name   string
		events int
	}{{"done", 3}, {"many-steps", 21_000}} {
		b.recordEvents(t, c.events)
		op, err := verifying.Begin(t.Context(), b.DB, b.Client, b.User, b.Org, tenancy.NewID())
		require.NoError(t, err)
		require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, op).State)
		b.keepRun(t, verifying.WorkflowID(b.Org, op), "verification", c.name)
	}
}
