package roblox_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/roblox"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordRoblox -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 4, "synced, stopped, place, erased", roblox.SyncRoblox, roblox.PublishRobloxPlace, roblox.EraseRobloxUser)
}
