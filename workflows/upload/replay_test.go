package upload_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/upload"
)

// TestReplay runs recorded histories through the code of today: a workflow that
// was started by an older build must find the same way. Record with
// go test ./workers/pipeline -run TestRecordHistories -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 5, "published, infected, rejected, retried, cancelled", upload.UploadFile)
}
