package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/workflows/share"
)

// shareOutside makes a share of a file with one person outside.
func (b *worker) shareOutside(t *testing.T, file uuid.UUID, to, life string) (of, recipient uuid.UUID) {
	t.Helper()
	of, recipient = tenancy.NewID(), tenancy.NewID()
	require.NoError(t, b.InTx(context.Background(), b.Org, func(tx *tenancy.Tx) error {
		// Only a member shares; the bench's user is none by itself.
		_, err := tx.Exec(context.Background(), "insert into members (organization_id, user_id, role) values (app.org(), $1, 'teacher') on conflict (organization_id, user_id) do update set role = excluded.role", b.User)
		if err != nil {
			return err
		}
		_, err = tx.Exec(context.Background(), `insert into shares (organization_id, id, kind, permission, file_id, expires_at, created_by)
			values (app.org(), $1, 'people', 'download', $2, now() + $3::interval, $4)`, of, file, life, b.User)
		if err == nil {
			_, err = tx.Exec(context.Background(), "insert into share_recipients (organization_id, share_id, id, email, outside) values (app.org(), $1, $2, $3, true)", of, recipient, to)
		}
		return err
	}))
	return of, recipient
}

func (b *worker) recipient(t *testing.T, id uuid.UUID) (delivery string, email *string) {
	t.Helper()
	require.NoError(t, b.Single(b.Org).QueryRow(context.Background(), "select delivery, email from share_recipients where id = $1", id).Scan(&delivery, &email))
	return delivery, email
}

// TestMailOfAShare: the mail goes out without the request that asked for it, holds the
// link, and leaves nothing of the person in Temporal. When the time is over, the address
// goes.
func TestMailOfAShare(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	file := b.published(t, "report").File
	of, recipient := b.shareOutside(t, file, "aunt@school.example", "40 seconds")
	require.NoError(t, share.Start(context.Background(), b.Client, b.Org, of, recipient))
	require.NoError(t, share.Start(context.Background(), b.Client, b.Org, of, recipient), "asked for twice")
	require.Eventually(t, func() bool { delivery, _ := b.recipient(t, recipient); return delivery == "sent" }, patience, pause)
	mails := b.Mails.All()
	require.Equal(t, "aunt@school.example", mails[len(mails)-1].To)
	_, rest, found := strings.Cut(mails[len(mails)-1].Text, "/s/")
	require.True(t, found, mails[len(mails)-1].Text)
	token, _, _ := strings.Cut(rest, "\n")
	require.Len(t, token, 43)
	events := b.Client.GetWorkflowHistory(context.Background(), share.WorkflowID(b.Org, of, recipient), "", false, 1)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		require.NotContains(t, e.String(), "school.example")
		require.NotContains(t, e.String(), token)
	}
	require.Equal(t, 1, countEvents(t, &b.Bench, of, "share.send"))
	require.Eventually(t, func() bool { _, email := b.recipient(t, recipient); return email == nil }, 2*patience, pause, "the sweep forgets the address")
	require.Equal(t, 1, countEvents(t, &b.Bench, of, "share.expire"))
}

// TestRecordShares writes the histories that workflows/share replays.
func TestRecordShares(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	of, recipient := b.shareOutside(t, b.published(t, "report").File, "aunt@school.example", "1 day")
	require.NoError(t, share.Start(context.Background(), b.Client, b.Org, of, recipient))
	b.keepRun(t, share.WorkflowID(b.Org, of, recipient), "share", "mailed")
	require.NoError(t, share.StartCode(context.Background(), b.Client, b.Org, of, recipient))
	b.keepRun(t, share.CodeWorkflowID(b.Org, of, recipient), "share", "code")
}
