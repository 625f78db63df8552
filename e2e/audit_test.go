package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/internal/devstack/checks"
	"satchel/policies/audit"
)

// TestAuditLogIsSignedOutsideTheDatabase lets the worker sign where the audit logs
// are, and has the API hold a school's audit log against what was signed.
func TestAuditLogIsSignedOutsideTheDatabase(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ctx := testContext(t)
	mustUpload(t, s.Student, "a.txt", text(1000))
	c, err := client.DialContext(ctx, client.Options{HostPort: local.Temporal, Namespace: "satchel"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, c.ScheduleClient().GetHandle(ctx, "checkpoint-audit-logs").Trigger(ctx, client.ScheduleTriggerOptions{}))
	var report audit.Report
	for report.Checkpoints == 0 { // until the worker has signed; the context bounds it
		report = s.verified(ctx, t)
	}
	require.True(t, report.OK, report.FirstBroken)
}

// verified has the platform verify the school's audit log, and gives the result.
func (s *school) verified(ctx context.Context, t *testing.T) audit.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	report, err := checks.VerifyAudit(ctx, s.Owner, s.ID)
	require.NoError(t, err)
	return report
}
