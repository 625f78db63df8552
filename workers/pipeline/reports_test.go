package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/analytics"
	"satchel/analytics/reports"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	reporting "satchel/workflows/analytics"
)

// report asks for a report and waits for the end of its workflow.
func (b *worker) report(t *testing.T, by uuid.UUID, kind analytics.Kind, format analytics.Format) uuid.UUID {
	t.Helper()
	today := analytics.Date(time.Now(), time.UTC)
	n := reports.New{ID: tenancy.NewID(), By: by, Definition: analytics.Definition{Kind: kind, Format: format, Place: analytics.Personal}, Period: analytics.Period{From: today.AddDate(0, 0, -6), To: today}}
	require.NoError(t, reporting.Begin(t.Context(), b.DB, b.Client, b.Org, operations.Low, n, func(tx *tenancy.Tx) error { return reports.Insert(t.Context(), tx, n) }))
	_ = b.Client.GetWorkflow(t.Context(), reporting.WorkflowID(b.Org, n.ID), "").Get(t.Context(), nil) // some end as failures
	return n.ID
}

// TestReportsArePublished in each format: the pipeline takes them as what their names say.
func TestReportsArePublished(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	admin := b.Member(t, b.Org, tenancy.Admin)
	for i, kind := range []analytics.Kind{analytics.Storage, analytics.Activity, analytics.HandIns, analytics.Jobs} {
		id := b.report(t, admin, kind, analytics.Formats[i])
		require.Equal(t, operations.Succeeded, b.operationOf(t, b.Org, id).State)
		require.Eventually(t, func() bool {
			v, err := files.GetVersion(t.Context(), b.Single(b.Org), id)
			require.NoError(t, err)
			require.NotContains(t, []files.Status{files.Rejected, files.Quarantined, files.Failed}, v.Status, "%s: %s", analytics.Formats[i], v.StatusReason)
			return v.Status == files.Published
		}, patience, pause, analytics.Formats[i])
	}
}

// TestRecordReports writes what the real server kept of the process.
func TestRecordReports(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	for name, role := range map[string]tenancy.Role{"built": tenancy.Admin, "refused": tenancy.Teacher} {
		id := b.report(t, b.Member(t, b.Org, role), analytics.Types, analytics.CSV)
		b.keepRun(t, reporting.WorkflowID(b.Org, id), "analytics", name)
	}
}
