package invitation_test

import (
	"testing"

	"satchel/internal/replaytest"
	"satchel/workflows/invitation"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordInvitations -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 3, "accepted, expired, resent and cancelled", invitation.InviteMember)
}
