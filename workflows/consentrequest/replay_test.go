package consentrequest_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/consentrequest"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordConsentRequests -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 4, "granted, withdrawn, refused and expired", consentrequest.AskForConsent)
}
