package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
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
	b := setup(t, func(o *options) { o.partBytes = 1 })
	operator := b.Member(t, tenancy.Platform, tenancy.Operator)
	b.recordProvisioning(t, operator)
	b.recordSuspension(t, operator)
	b.recordExports(t)
	b.recordDeletions(t, operator)
}

// keepRun waits for the end of a workflow and keeps its history.
func (b *bundle) keepRun(t *testing.T, id, process, name string) {
	t.Helper()
	run := b.client.GetWorkflow(t.Context(), id, "")
	_ = run.Get(t.Context(), nil) // some of them end as failures
	b.keepOf(t, run, process, name)
}

func (b *bundle) recordProvisioning(t *testing.T, operator uuid.UUID) {
	for name, email := range map[string]string{"done": "", "failed": "owner@school.example"} { // an address without an invitation's id cannot be invited
		n := tenancy.NewOrganization{ID: tenancy.OrgID(tenancy.NewID()), Slug: "s-" + uuid.NewString(), Name: "School", Tier: "basic"}
		n.OwnerEmail = email
		op, err := provisioning.Begin(t.Context(), b.DB, b.client, operator, n)
		require.NoError(t, err)
		require.Equal(t, name == "done", b.operationEnds(t, op).State == operations.Succeeded)
		b.keepRun(t, provisioning.WorkflowID(n.ID), "provisioning", name)
	}
}

func (b *bundle) recordSuspension(t *testing.T, operator uuid.UUID) {
	require.NoError(t, b.InTx(t.Context(), b.org, func(tx *tenancy.Tx) error {
		_, err := files.Create(t.Context(), tx, files.New{Name: "open.txt", Size: 10, UploadedBy: b.user, TTL: time.Hour})
		return err
	}))
	op := tenancy.NewID()
	require.NoError(t, suspension.Begin(t.Context(), b.DB, b.client, operator, b.org, op, ""))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.keepRun(t, suspension.WorkflowID(b.org, op), "suspension", "suspended")
	op = tenancy.NewID()
	require.NoError(t, suspension.BeginResume(t.Context(), b.DB, b.client, operator, b.org, op))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.keepRun(t, suspension.ResumeID(b.org, op), "suspension", "resumed")
}

func (b *bundle) recordExports(t *testing.T) {
	for i := range 12 { // each a part of its own
		ticket := b.receive(t, "notes.txt", fmt.Appendf(nil, "number %d", i))
		_, err := b.ends(t, b.start(t, ticket), ticket)
		require.NoError(t, err)
	}
	op, err := export.Begin(t.Context(), b.DB, b.client, b.user, b.org, tenancy.NewID())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		o, err := operations.Get(t.Context(), b.Single(b.org), op)
		return err == nil && len(o.Steps) > 2
	}, patience, time.Millisecond)
	require.NoError(t, b.client.CancelWorkflow(t.Context(), export.WorkflowID(b.org, op), ""))
	require.Equal(t, operations.Cancelled, b.operationOf(t, b.org, op).State)
	b.keepRun(t, export.WorkflowID(b.org, op), "export", "cancelled")
	op, err = export.Begin(t.Context(), b.DB, b.client, b.user, b.org, tenancy.NewID())
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.org, op).State)
	b.keepRun(t, export.WorkflowID(b.org, op), "export", "done")
}

func (b *bundle) recordDeletions(t *testing.T, operator uuid.UUID) {
	op := tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.client, operator, b.org, op, time.Hour))
	require.NoError(t, offboarding.CancelDeletion(t.Context(), b.DB, b.client, b.org))
	b.keepRun(t, offboarding.WorkflowID(b.org, op), "offboarding", "kept")
	op = tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.client, operator, b.org, op, 0))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.keepRun(t, offboarding.WorkflowID(b.org, op), "offboarding", "done")
}
