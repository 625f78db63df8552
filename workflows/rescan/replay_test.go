package rescan_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/rescan"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordPlatform -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "clean, infected", rescan.RescanStorage)
}
