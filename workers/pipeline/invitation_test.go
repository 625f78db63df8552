package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/cmd/worker/wiring"
	"satchel/internal/mail"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/tenancy/members"
	"satchel/workflows/invitation"
)

const address = "newcomer@school.example"

// begin invites, as a process that makes an organization does.
func (b *worker) begin(t *testing.T, to string) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, invitation.Begin(context.Background(), b.DB, b.Client, b.Org, id, to, tenancy.Teacher))
	return id
}

func (b *worker) invitation(t *testing.T, id uuid.UUID) members.Invitation {
	t.Helper()
	i, err := members.GetInvitation(context.Background(), b.Single(b.Org), id)
	require.NoError(t, err)
	return i
}

func (b *worker) until(t *testing.T, id uuid.UUID, done func(members.Invitation) bool) members.Invitation {
	t.Helper()
	require.Eventually(t, func() bool { return done(b.invitation(t, id)) }, patience, pause)
	return b.invitation(t, id)
}

func (b *worker) inviting(id uuid.UUID) client.WorkflowRun {
	return b.Client.GetWorkflow(context.Background(), invitation.WorkflowID(b.Org, id), "")
}

func (b *worker) accept(t *testing.T, id uuid.UUID, token string) {
	t.Helper()
	ctx := context.Background()
	user, err := b.EnsureUser(ctx, "test", uuid.NewString())
	require.NoError(t, err)
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		_, err := members.Accept(ctx, tx, id, members.Hash(token), user)
		return err
	}))
	require.NoError(t, invitation.End(ctx, b.Client, b.Org, id))
}

func countEvents(t *testing.T, b *pipelinetest.Bench, id uuid.UUID, action string) (n int) {
	t.Helper()
	err := b.Single(b.Org).QueryRow(context.Background(), "select count(*) from audit_events where object_id = $1 and action = $2", id.String(), action).Scan(&n)
	require.NoError(t, err)
	return n
}

func isSent(i members.Invitation) bool { return i.Delivery == members.Sent }

// expireSoon moves an invitation's end, which nothing but a test does.
func (b *worker) expireSoon(t *testing.T, to string, in time.Duration) uuid.UUID {
	t.Helper()
	ctx, id := context.Background(), tenancy.NewID()
	var made members.Invitation
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) (err error) {
		made, _, err = members.Invite(ctx, tx, members.NewInvitation{ID: id, Email: to, Role: tenancy.Teacher, Term: in})
		return err
	}))
	require.NoError(t, invitation.Start(ctx, b.Client, b.Org, id, made.ExpiresAt))
	return id
}

func TestInvitationFromRowToMember(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id := b.begin(t, address)
	require.NoError(t, invitation.Begin(context.Background(), b.DB, b.Client, b.Org, id, address, tenancy.Teacher), "a repeated step changes nothing")
	i := b.until(t, id, isSent)
	require.Equal(t, 1, i.Attempts)
	tokens := b.Mails.Tokens()
	require.Len(t, tokens, 1)
	require.Len(t, tokens[0], 43, "256 bits in base64url")
	require.Equal(t, address, b.Mails.All()[0].To)
	b.accept(t, id, tokens[0])
	require.NoError(t, b.inviting(id).Get(context.Background(), nil))
	i = b.invitation(t, id)
	require.Equal(t, members.Accepted, i.State)
	require.Nil(t, i.Email, "the address is removed")
	require.Equal(t, 1, countEvents(t, &b.Bench, id, "invitation.create"))
	require.Equal(t, 1, countEvents(t, &b.Bench, id, "invitation.send"))
	b.requireNothingPersonal(t, id, tokens[0])
}

// requireNothingPersonal reads everything that Temporal keeps of the run.
func (b *worker) requireNothingPersonal(t *testing.T, id uuid.UUID, token string) {
	t.Helper()
	events := b.Client.GetWorkflowHistory(context.Background(), invitation.WorkflowID(b.Org, id), "", false, 1)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		text := e.String()
		require.NotContains(t, text, "school.example")
		require.NotContains(t, text, token)
	}
}

// TestMailIsDownThenUp: each attempt is recorded in the row, and the mail goes out
// once the server is back.
func TestMailIsDownThenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Mails.Fail(wiring.MailFaults[mail.ErrUnavailable])
	id := b.begin(t, address)
	i := b.until(t, id, func(i members.Invitation) bool { return i.DeliveryCode != "" })
	require.Equal(t, members.Queued, i.Delivery)
	require.Equal(t, "mail_unavailable", i.DeliveryCode)
	b.Mails.Fail(nil)
	i = b.until(t, id, isSent)
	require.Empty(t, i.DeliveryCode)
	require.GreaterOrEqual(t, i.Attempts, 2)
	tokens := b.Mails.Tokens()
	require.Len(t, tokens, 1)
	b.accept(t, id, tokens[0])
	require.NoError(t, b.inviting(id).Get(context.Background(), nil))
}

// TestRefusedAddressWaitsForAPerson, who sends it again; the token of the mail
// before is worth nothing then.
func TestRefusedAddressWaitsForAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ctx := context.Background()
	b.Mails.Fail(wiring.MailFaults[mail.ErrAddressRefused])
	id := b.begin(t, address)
	i := b.until(t, id, func(i members.Invitation) bool { return i.Delivery == members.Failed })
	require.Equal(t, "address_refused", i.DeliveryCode)
	require.Equal(t, 1, b.Mails.Tries(), "there is no automatic retry")
	b.Mails.Fail(nil)
	again := func() {
		require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error { _, err := members.Resend(ctx, tx, id); return err }))
		require.NoError(t, invitation.Resend(ctx, b.Client, b.Org, id, i.ExpiresAt))
	}
	again()
	b.until(t, id, isSent)
	first := b.Mails.Tokens()[0]
	_, err := b.Single(b.Org).Exec(ctx, "update invitations set sent_at = now() - interval '2 minutes' where id = $1", id)
	require.NoError(t, err)
	again()
	require.Eventually(t, func() bool { return len(b.Mails.Tokens()) == 2 }, patience, pause)
	_, found, err := b.InvitationByToken(ctx, members.Hash(first))
	require.NoError(t, err)
	require.False(t, found)
	_, found, err = b.InvitationByToken(ctx, members.Hash(b.Mails.Tokens()[1]))
	require.NoError(t, err)
	require.True(t, found)
}

func TestInvitationExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id := b.expireSoon(t, address, 3*time.Second)
	var result invitation.InviteMemberResult
	require.NoError(t, b.inviting(id).Get(context.Background(), &result))
	require.True(t, result.Expired)
	i := b.invitation(t, id)
	require.Equal(t, members.Expired, i.State)
	require.Nil(t, i.Email)
	require.Equal(t, 1, countEvents(t, &b.Bench, id, "invitation.expire"))
}

// TestLostInvitationIsFound: a row whose workflow never began, as a process
// leaves it that died between the two.
func TestLostInvitationIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ctx, id := context.Background(), tenancy.NewID()
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		_, _, err := members.Invite(ctx, tx, members.NewInvitation{ID: id, Email: address, Role: tenancy.Teacher})
		return err
	}))
	b.until(t, id, isSent)
	require.Len(t, b.Mails.Tokens(), 1, "one mail, though the wake-up is a start and a signal")
}

// TestCancelledWorkflowRevokes: an operator who ends the workflow leaves no
// invitation behind that nothing would end.
func TestCancelledWorkflowRevokes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Mails.Fail(wiring.MailFaults[mail.ErrDeferred])
	id := b.begin(t, address)
	b.until(t, id, func(i members.Invitation) bool { return i.DeliveryCode == "mail_deferred" })
	require.NoError(t, b.Client.CancelWorkflow(context.Background(), invitation.WorkflowID(b.Org, id), ""))
	require.Error(t, b.inviting(id).Get(context.Background(), nil))
	require.Equal(t, members.Revoked, b.invitation(t, id).State)
	require.Equal(t, 1, countEvents(t, &b.Bench, id, "invitation.revoke"))
}

// TestRecordInvitations writes the histories that workflows/invitation replays.
func TestRecordInvitations(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	ctx := context.Background()
	id := b.begin(t, "accepted@school.example")
	b.until(t, id, isSent)
	b.accept(t, id, b.Mails.Tokens()[0])
	require.NoError(t, b.inviting(id).Get(ctx, nil))
	b.keepOf(t, b.inviting(id), "invitation", "accepted")

	id = b.expireSoon(t, "expired@school.example", 3*time.Second)
	require.NoError(t, b.inviting(id).Get(ctx, nil))
	b.keepOf(t, b.inviting(id), "invitation", "expired")

	b.Mails.Fail(wiring.MailFaults[mail.ErrUnavailable])
	id = b.begin(t, "resent@school.example")
	i := b.until(t, id, func(i members.Invitation) bool { return i.Attempts >= 2 })
	require.NoError(t, invitation.Resend(ctx, b.Client, b.Org, id, i.ExpiresAt))
	b.until(t, id, func(i members.Invitation) bool { return i.Attempts >= 3 })
	b.Mails.Fail(nil)
	b.until(t, id, isSent)
	require.NoError(t, b.Client.CancelWorkflow(ctx, invitation.WorkflowID(b.Org, id), ""))
	require.Error(t, b.inviting(id).Get(ctx, nil))
	b.keepOf(t, b.inviting(id), "invitation", "resent-cancelled")
}
