package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/export"
	"satchel/workflows/offboarding"
	"satchel/workflows/provisioning"
	"satchel/workflows/suspension"
)

// TestRecordOrganizations writes the histories that the processes of an
// organization's life replay.
func TestRecordOrganizations(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, func(o *pipelinetest.Options) { o.PartBytes = 1 })
	operator := b.Member(t, tenancy.Platform, tenancy.Operator)
	b.recordProvisioning(t, operator)
	b.recordSuspension(t, operator)
	b.recordExports(t)
	b.recordDeletions(t, operator)
}

// keepRun waits for the end of a workflow and keeps its history.
func (b *worker) keepRun(t *testing.T, id, process, name string) {
	t.Helper()
	run := b.Client.GetWorkflow(t.Context(), id, "")
	_ = run.Get(t.Context(), nil) // some of them end as failures
	b.keepOf(t, run, process, name)
}

func (b *worker) recordProvisioning(t *testing.T, operator uuid.UUID) {
	for name, email := range map[string]string{"done": "", "failed": "owner@school.example"} { // an address without an invitation's id cannot be invited
		n := tenancy.NewOrganization{ID: tenancy.OrgID(tenancy.NewID()), Slug: "s-" + uuid.NewString(), Name: "School", Tier: "basic"}
		n.OwnerEmail = email
		op, err := provisioning.Begin(t.Context(), b.DB, b.Client, operator, n)
		require.NoError(t, err)
		require.Equal(t, name == "done", b.operationEnds(t, op).State == operations.Succeeded)
		b.keepRun(t, provisioning.WorkflowID(n.ID), "provisioning", name)
	}
}

func (b *worker) recordSuspension(t *testing.T, operator uuid.UUID) {
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := files.Create(t.Context(), tx, files.New{Name: "open.txt", Size: 10, UploadedBy: b.User, TTL: time.Hour})
		return err
	}))
	op := tenancy.NewID()
	require.NoError(t, suspension.Begin(t.Context(), b.DB, b.Client, operator, b.Org, op, ""))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.keepRun(t, suspension.WorkflowID(b.Org, op), "suspension", "suspended")
	op = tenancy.NewID()
	require.NoError(t, suspension.BeginResume(t.Context(), b.DB, b.Client, operator, b.Org, op))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.keepRun(t, suspension.ResumeID(b.Org, op), "suspension", "resumed")
}

func (b *worker) recordExports(t *testing.T) {
	for i := range 12 { // each a part of its own
		ticket := b.Receive(t, "notes.txt", fmt.Appendf(nil, "number %d", i))
		_, err := b.Ends(t, b.Process(t, ticket), ticket)
		require.NoError(t, err)
	}
	op, err := export.Begin(t.Context(), b.DB, b.Client, b.User, b.Org, tenancy.NewID())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		o, err := operations.Get(t.Context(), b.Single(b.Org), op)
		return err == nil && len(o.Steps) > 2
	}, patience, time.Millisecond)
	require.NoError(t, b.Client.CancelWorkflow(t.Context(), export.WorkflowID(b.Org, op), ""))
	require.Equal(t, operations.Cancelled, b.operationOf(t, b.Org, op).State)
	b.keepRun(t, export.WorkflowID(b.Org, op), "export", "cancelled")
	op, err = export.Begin(t.Context(), b.DB, b.Client, b.User, b.Org, tenancy.NewID())
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, op).State)
	b.keepRun(t, export.WorkflowID(b.Org, op), "export", "done")
}

func (b *worker) recordDeletions(t *testing.T, operator uuid.UUID) {
	op := tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.Client, operator, b.Org, op, time.Hour))
	require.NoError(t, offboarding.CancelDeletion(t.Context(), b.DB, b.Client, b.Org))
	b.keepRun(t, offboarding.WorkflowID(b.Org, op), "offboarding", "kept")
	op = tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.Client, operator, b.Org, op, 0))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.keepRun(t, offboarding.WorkflowID(b.Org, op), "offboarding", "done")
}
