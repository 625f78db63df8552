package webhook_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/webhook"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordWebhooks -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 3, "delivered, disabled and mailed, cleaned", webhook.DeliverToWebhook, webhook.CleanEvents)
}
