package analytics_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/analytics"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordReports -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "built, refused", analytics.BuildReport)
}
