package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

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
	require.Eventually(t, func() bool {
		err := s.Owner.Call(ctx, http.MethodGet, "/api/v1/organizations/"+s.ID+"/audit/verify", nil, &report)
		return err == nil && report.Checkpoints > 0
	}, patience, 200*time.Millisecond)
	require.True(t, report.OK, report.FirstBroken)
}
