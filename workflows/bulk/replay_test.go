package bulk_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/bulk"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordBulk -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 1, "done", bulk.ChangeManyFiles)
}
