package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

// TestMaintenance: while a restored system is checked, only operators are answered; everybody
// else is told when to come again, and probes say that the program is there.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, operator := b.person(b.organization(), tenancy.Owner), b.person(tenancy.Platform, tenancy.Operator)
	b.api.Config.Maintained = true
	a := owner.call(get, storagePath+"/files", nil).refused(503, "maintenance")
	require.Equal(t, "60", a.header.Get("Retry-After"))
	owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5").refused(503, "maintenance")
	owner.call(post, adminPath+"/reconcile", nil).refused(403, "not_granted")
	b.call("", get, "/healthz", nil).is(200)
	operator.call(get, "/api/v1/me", nil).is(200)

	operator.call(post, adminPath+"/reconcile", map[string]any{"restored_to": time.Now().Add(time.Hour)}).refused(400, "invalid_restored_to")
	begun := operator.call(post, adminPath+"/reconcile", map[string]any{"restored_to": "2026-11-29T21:40:00Z", "fast": true}).is(202)
	operator.call(get, begun.header.Get("Location"), nil).is(200)

	b.api.Config.Maintained = false
	owner.call(get, storagePath+"/files", nil).is(200)
}
