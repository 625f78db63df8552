package share_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/share"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordShares -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "code, mailed", share.MailShare, share.MailShareCode)
}
