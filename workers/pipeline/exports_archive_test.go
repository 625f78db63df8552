package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/export"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	exporting "satchel/workflows/export"
)

// TestExportFromRequestToArchive is the whole process on the real server.
func TestExportFromRequestToArchive(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.PartBytes = 100 })
	var names []string
	for i := range 3 {
		ticket := b.Receive(t, "notes.txt", fmt.Appendf(nil, "number %d, and enough to fill more than a part: %s", i, strings.Repeat("x", 100)))
		_, err := b.Ends(t, b.Process(t, ticket), ticket)
		require.NoError(t, err)
		names = append(names, fmt.Sprintf("files/%s/1/notes.txt", ticket.File))
	}
	op, err := exporting.Begin(t.Context(), b.DB, b.Client, b.User, b.Org, tenancy.NewID())
	require.NoError(t, err)
	o := b.operationOf(t, b.Org, op)
	require.Equal(t, operations.Succeeded, o.State, string(o.Error))
	var result export.FinishExportResult
	require.NoError(t, json.Unmarshal(o.Result, &result))
	require.Len(t, result.Parts, 4)
	entries, problems := unpack(t, &b.Bench, op)
	require.Empty(t, problems)
	for _, name := range names {
		require.Contains(t, entries, name)
	}
	b.RequireSettled(t)
	require.Contains(t, string(entries["audit.ndjson"]), "organization.export")
}
