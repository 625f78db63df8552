package pipeline_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	changing "satchel/activities/bulk"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/bulk"
	"satchel/workflows/sweep"
)

// changeMany asks for a change of more files than one request changes: those, and some that
// are not there.
func (b *worker) changeMany(t *testing.T, action files.BulkAction, ids ...uuid.UUID) uuid.UUID {
	t.Helper()
	change := files.Bulk{ID: tenancy.NewID(), Action: action, Actor: b.User, Files: ids}
	for len(change.Files) <= bulk.InRequest {
		change.Files = append(change.Files, tenancy.NewID())
	}
	require.NoError(t, bulk.Begin(t.Context(), b.Client, changing.Changer{DB: b.DB}, b.Org, change))
	return change.ID
}

// TestManyFilesAreChangedByAWorkflow of the worker's real processes.
func TestManyFilesAreChangedByAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, b.published(t, "notes").File)
	}
	id := b.changeMany(t, files.BulkTrash, ids...)
	require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, id).State)
	sums, err := files.CountBulk(t.Context(), b.Single(b.Org), id)
	require.NoError(t, err)
	require.Equal(t, files.BulkSums{Ok: 3, Refused: bulk.InRequest - 2, Total: bulk.InRequest + 1}, sums)
	for _, file := range ids {
		v, err := files.Get(t.Context(), b.Single(b.Org), file)
		require.NoError(t, err)
		require.Equal(t, files.Deleted, v.FileStatus)
	}
}

// TestRecordBulk writes the histories of changes of many files, and of the sweeps of versions and of retention.
func TestRecordBulk(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	id := b.changeMany(t, files.BulkTrash, b.published(t, "notes").File)
	b.keepRun(t, bulk.WorkflowID(b.Org, id), "bulk", "done")
	require.NoError(t, b.runOf(t, "sweep", "retention", sweep.ApplyRetention, sweep.ApplyRetentionInput{Org: tenancy.Platform}))
	require.NoError(t, b.runOf(t, "sweep", "versions", sweep.PruneOldVersions, sweep.PruneVersionsInput{Org: tenancy.Platform}))
}
