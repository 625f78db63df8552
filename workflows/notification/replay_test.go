package notification_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/notification"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordNotifications -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 3, "cleaned, sent, waited", notification.DispatchOutbox, notification.CleanNotifications)
}
