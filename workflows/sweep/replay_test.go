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
	replaytest.Histories(t, 5, "uploads, ended uploads, trash, idempotency keys, people", sweep.SweepUploads, sweep.CleanEndedUploads, sweep.PurgeTrashedFiles, sweep.CleanIdempotencyKeys, sweep.SweepPeople)
}
