package provisioning_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/provisioning"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordOrganizations -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "done, failed", provisioning.ProvisionOrganization)
}
