package generation_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/generation"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordGeneration -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 4, "published, rejected, failed, swept", generation.GenerateContent, generation.SweepGenerations)
}
