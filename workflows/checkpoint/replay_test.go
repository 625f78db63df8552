package checkpoint_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/checkpoint"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordPlatform -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "signed, failed", checkpoint.CheckpointAuditLogs)
}
