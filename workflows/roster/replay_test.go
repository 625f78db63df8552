package roster_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/roster"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run 'TestRecordRosters|TestRecordInbox' -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 5, "applied, discarded, picked-up, stopped, undone", roster.ImportRoster, roster.UndoRoster, roster.PickUpRosters)
}
