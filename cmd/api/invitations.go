package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/api/members"
	"satchel/api/public"
	"satchel/api/shares"
	"satchel/tenancy"
	"satchel/workflows/invitation"
	"satchel/workflows/share"
)

// invitations tells the workflows of invitations what became of the rows.
type invitations struct{ temporal client.Client }

func newInvitations(c client.Client) members.Invitations { return invitations{c} }

// Start starts the workflow of a new invitation.
func (i invitations) Start(ctx context.Context, org tenancy.OrgID, id uuid.UUID, expires time.Time) error {
	return invitation.Start(ctx, i.temporal, org, id, expires)
}

// Resend has the mail sent again.
func (i invitations) Resend(ctx context.Context, org tenancy.OrgID, id uuid.UUID, expires time.Time) error {
	return invitation.Resend(ctx, i.temporal, org, id, expires)
}

// End tells that the invitation has ended.
func (i invitations) End(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return invitation.End(ctx, i.temporal, org, id)
}

// shareMails starts the mails of shares to people outside.
type shareMails struct{ temporal client.Client }

func newShareMails(c client.Client) shares.Mails { return shareMails{c} }

func newShareCodes(c client.Client) public.Codes { return shareMails{c} }

// MailShare starts the mail of a recipient.
func (s shareMails) MailShare(ctx context.Context, org tenancy.OrgID, of, recipient uuid.UUID) error {
	return share.Start(ctx, s.temporal, org, of, recipient)
}

// SendCode has a code mailed to a recipient.
func (s shareMails) SendCode(ctx context.Context, org tenancy.OrgID, of, recipient uuid.UUID) error {
	return share.StartCode(ctx, s.temporal, org, of, recipient)
}
