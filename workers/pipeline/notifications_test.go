package pipeline_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/tenancy"
	telling "satchel/workflows/notification"
)

// reachable is a teacher with a confirmed address.
func (b *worker) reachable(t *testing.T, address string) uuid.UUID {
	t.Helper()
	user := b.Member(t, b.Org, tenancy.Teacher)
	_, err := b.Single(b.Org).Exec(t.Context(), "insert into mail_addresses (organization_id, id, user_id, address, verified_at) values (app.org(), $1, $2, $3, now())", tenancy.NewID(), user, address)
	require.NoError(t, err)
	return user
}

func (b *worker) tell(t *testing.T, user uuid.UUID, kind string) {
	t.Helper()
	_, err := b.Single(b.Org).Exec(t.Context(), "insert into notifications (organization_id, id, user_id, kind, data) values (app.org(), $1, $2, $3, '{}')", tenancy.NewID(), user, kind)
	require.NoError(t, err)
}

// mailStates counts the mails of the organization by their state.
func (b *worker) mailStates(t *testing.T) map[string]int {
	t.Helper()
	rows, err := b.Single(b.Org).Query(context.Background(), "select state from notification_mails")
	require.NoError(t, err)
	defer rows.Close()
	states := map[string]int{}
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		states[s]++
	}
	require.NoError(t, rows.Err())
	return states
}

// TestNotificationIsMailed as soon as it is written, once, also while the mail server is
// away for a moment, and Temporal keeps nothing of the person.
func TestNotificationIsMailed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const address = "first.last@school.example"
	user := b.reachable(t, address)
	b.tell(t, user, "share.received")
	require.Eventually(t, func() bool { return b.mailStates(t)["sent"] == 1 }, patience, pause)
	require.Len(t, b.Mails.All(), 1)
	require.Equal(t, address, b.Mails.All()[0].To)

	b.Mails.Fail(fault.New(fault.Unavailable, "mail_unavailable", "The mail server is down."))
	tries := b.Mails.Tries()
	b.tell(t, user, "share.received")
	require.Eventually(t, func() bool { return b.Mails.Tries() > tries }, patience, pause)
	b.Mails.Fail(nil)
	require.Eventually(t, func() bool { return b.mailStates(t)["sent"] == 2 }, patience, pause)
	require.Len(t, b.Mails.All(), 2)

	history := b.Client.GetWorkflowHistory(context.Background(), telling.WorkflowID(b.Org), "", false, 1)
	for history.HasNext() {
		e, err := history.Next()
		require.NoError(t, err)
		require.NotContains(t, e.String(), "school.example")
	}
}

// TestRecordNotifications writes the histories that workflows/notification replays.
func TestRecordNotifications(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	user := b.reachable(t, "first.last@school.example")
	b.tell(t, user, "share.received")
	require.Eventually(t, func() bool { return b.mailStates(t)["sent"] == 1 }, patience, pause)
	b.keepRun(t, telling.WorkflowID(b.Org), "notification", "sent")
	b.Mails.Fail(fault.New(fault.Unavailable, "mail_unavailable", "The mail server is down."))
	tries := b.Mails.Tries()
	b.tell(t, user, "share.received")
	require.Eventually(t, func() bool { return b.Mails.Tries() > tries }, patience, pause)
	b.Mails.Fail(nil)
	require.Eventually(t, func() bool { return b.mailStates(t)["sent"] == 2 }, patience, pause)
	b.keepRun(t, telling.WorkflowID(b.Org), "notification", "waited")
	require.NoError(t, b.runOf(t, "notification", "cleaned", telling.CleanNotifications, telling.CleanNotificationsInput{Org: tenancy.Platform}))
}
