package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/api/people"
	"satchel/tenancy"
	"satchel/workflows/invitation"
)

// inviting tells the workflows of invitations what became of the rows.
type inviting struct{ temporal client.Client }

func newInviting(c client.Client) people.Inviting { return inviting{c} }

// Start starts the workflow of a new invitation.
func (i inviting) Start(ctx context.Context, org tenancy.OrgID, id uuid.UUID, expires time.Time) error {
	return invitation.Start(ctx, i.temporal, org, id, expires)
}

// Resend has the mail sent again.
func (i inviting) Resend(ctx context.Context, org tenancy.OrgID, id uuid.UUID, expires time.Time) error {
	return invitation.Resend(ctx, i.temporal, org, id, expires)
}

// End tells that the invitation has ended.
func (i inviting) End(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return invitation.End(ctx, i.temporal, org, id)
}
