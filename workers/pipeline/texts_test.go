package pipeline_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/extract"
	extracting "satchel/workflows/extract"
)

// TestTextsAreRead: the sweep finds a published file, and its text is stored.
func TestTextsAreRead(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ticket := b.published(t, "The frogs of the pond")
	b.Sweep(t, "start-pending-texts")
	var result extract.ReadTextResult
	require.NoError(t, b.Client.GetWorkflow(t.Context(), extracting.WorkflowID(b.Org, ticket.Version), "").Get(t.Context(), &result))
	require.Equal(t, extract.Ready, result.State)
	var body string
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select body from file_texts where version_id = $1", ticket.Version).Scan(&body))
	require.Equal(t, "The frogs of the pond", body)
	b.RequireSettled(t)
}

// TestRecordTexts writes what the real server kept of a text that is read.
func TestRecordTexts(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	ticket := b.published(t, "The frogs of the pond")
	b.Sweep(t, "start-pending-texts")
	read := b.Client.GetWorkflow(t.Context(), extracting.WorkflowID(b.Org, ticket.Version), "")
	require.NoError(t, read.Get(t.Context(), nil))
	b.keepOf(t, read, "extract", "read")
}
