package sweep_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/sweep"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordPlatform -record, and TestRecordBulk for the versions
// and retention.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 5, "trash, versions, retention, idempotency keys, people", sweep.PruneOldVersions, sweep.ApplyRetention, sweep.PurgeTrashedFiles, sweep.CleanIdempotencyKeys, sweep.SweepPeople)
}
