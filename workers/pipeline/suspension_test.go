package pipeline_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/suspension"
)

// TestResumedOrganizationGoesOn: what was let into the pipeline and lost, and
// what waits in the admission queue behind it, is started by the resumption and by no one else.
func TestResumedOrganizationGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.MaxRunning, o.Unstarted = 1, patience })
	operator := b.Member(t, tenancy.Platform, tenancy.Operator)
	b.Receive(t, "notes.txt", []byte("let in and lost"))
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		_, err := files.Admit(t.Context(), tx, 1)
		return err
	}))
	b.Receive(t, "notes.txt", []byte("waiting"))
	op := tenancy.NewID()
	require.NoError(t, suspension.Begin(t.Context(), b.DB, b.Client, operator, b.Org, op, ""))
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	require.Equal(t, 2, count(t, &b.Bench, "status = 'processing'"), "their bytes are complete: they are not ended")
	op = tenancy.NewID()
	require.NoError(t, suspension.BeginResume(t.Context(), b.DB, b.Client, operator, b.Org, op))
	o := b.operationEnds(t, op)
	require.Equal(t, operations.Succeeded, o.State)
	require.JSONEq(t, `{"files_started":1}`, string(o.Result))
	require.Eventually(t, func() bool { return count(t, &b.Bench, "status = 'published' and cleaned_at is not null") == 2 }, patience, pause)
	b.RequireSettled(t)
}
