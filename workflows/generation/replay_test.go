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
	replaytest.Histories(t, 3, "published, rejected, failed", generation.GenerateContent)
}
