package sweep_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/sweep"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordPlatform -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 4, "uploads, ended uploads, trash, idempotency keys", sweep.SweepUploads, sweep.CleanEndedUploads, sweep.PurgeTrashedFiles, sweep.CleanIdempotencyKeys)
}
