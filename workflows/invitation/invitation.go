// Package invitation is the process of an invitation from its row to its end:
// the mail goes out, again when it must, and the address is removed when the
// person has answered or the time is over.
package invitation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// InviteMemberInput names the invitation. Ids and a time only: the address is in
// the row, the token in the mail.
type InviteMemberInput struct {
	Org        tenancy.OrgID
	Invitation uuid.UUID
	ExpiresAt  time.Time
	Sent       bool // a run before this one has sent the mail; set when a long wait continues as new
}

// The signals. Each is a fact that the row has already.
const (
	InvitationEnded  = "InvitationEnded"  // accepted, declined or revoked
	InvitationResent = "InvitationResent" // someone asked for the mail again
)

// WorkflowID is the only way to name the workflow of an invitation.
func WorkflowID(org tenancy.OrgID, invitation uuid.UUID) string {
	return "invitation/" + org.String() + "/" + invitation.String()
}

// Begin invites an address: the row, then its workflow. The same id again
// changes nothing and is no error, so that a workflow may call it in a step that
// is tried twice. The invitation is the actor's in ctx, or the platform's, and is
// open for orgs.DefaultTerm. When only the start fails, a schedule makes up for
// it, and Begin succeeds.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, invitationID uuid.UUID, email string, role tenancy.Role) error {
	var made members.Invitation
	err := db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		var fresh bool
		var err error
		made, fresh, err = members.Invite(ctx, tx, members.NewInvitation{ID: invitationID, Email: email, Role: role})
		if err != nil || !fresh {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "invitation.create", ObjectID: invitationID.String(), Code: string(role)})
	})
	if err != nil || made.State != members.Pending {
		return err
	}
	if Start(ctx, c, org, invitationID, made.ExpiresAt) != nil {
		return nil //nolint:nilerr // the row is committed, and StartWaitingInvitations finds it
	}
	return members.MarkSending(ctx, db.Single(org), invitationID)
}

// Start starts the invitation's workflow, or finds it started.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error {
	err := queue.StartOrFind(ctx, c, options(org, invitation), InviteMember, InviteMemberInput{Org: org, Invitation: invitation, ExpiresAt: expires})
	if err != nil {
		return unavailable(fmt.Errorf("start InviteMember: %w", err))
	}
	return nil
}

// Resend has the mail sent again, by the workflow that runs or by a new one.
func Resend(ctx context.Context, c client.Client, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error {
	_, err := c.SignalWithStartWorkflow(ctx, WorkflowID(org, invitation), InvitationResent, nil, options(org, invitation), InviteMember,
		InviteMemberInput{Org: org, Invitation: invitation, ExpiresAt: expires})
	if err != nil {
		return unavailable(fmt.Errorf("signal InviteMember: %w", err))
	}
	return nil
}

// End tells the workflow that the invitation has ended. One that does not run
// needs not be told.
func End(ctx context.Context, c client.Client, org tenancy.OrgID, invitation uuid.UUID) error {
	err := c.SignalWorkflow(ctx, WorkflowID(org, invitation), "", InvitationEnded, nil)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return unavailable(fmt.Errorf("signal InviteMember: %w", err))
	}
	return nil
}

func unavailable(err error) error {
	return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(err)
}

// options lets a workflow that ended be started again: one is only asked for
// while the row is open, so the run before was lost.
func options(org tenancy.OrgID, invitation uuid.UUID) client.StartWorkflowOptions {
	o := queue.Start(WorkflowID(org, invitation), queue.Interactive, org.String(), queue.For(org.String(), queue.High), "invitation")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	o.WorkflowTaskTimeout = 10 * time.Second
	return o
}
