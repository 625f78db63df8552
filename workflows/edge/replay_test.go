package edge_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/edge"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordEdge -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 1, "told", edge.TellEdge)
}
