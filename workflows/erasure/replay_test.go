package erasure_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/erasure"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordErasures -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "certified", erasure.EraseRecords)
}
