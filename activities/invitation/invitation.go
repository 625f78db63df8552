// Package invitation ends invitations whose time is over and finds those that
// their workflow has lost.
package invitation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// InvitationStarter starts the workflow of an invitation, or wakes it.
type InvitationStarter interface {
	StartInvitation(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error
}

// Config says how long an invitation may be without a workflow.
type Config struct {
	Unstarted time.Duration `env:"SATCHEL_INVITATION_UNSTARTED" envDefault:"20s"` // an invitation without a workflow for this long is started by the sweep
	Silent    time.Duration `env:"SATCHEL_INVITATION_SILENT" envDefault:"15m"`    // an invitation whose workflow is silent for this long is started again; longer than the longest pause between two attempts
}

// Activities are the activities of this package.
type Activities struct {
	db      *tenancy.DB
	starter InvitationStarter
	config  Config
	page    int // length of one list
}

// New makes the activities.
func New(db *tenancy.DB, s InvitationStarter, c Config) *Activities {
	return &Activities{db: db, starter: s, config: c, page: 500}
}

// EndInvitationInput names an invitation and how it ends: Expired by its time,
// Revoked when its workflow was cancelled.
type EndInvitationInput struct {
	Org        tenancy.OrgID
	Invitation uuid.UUID
	To         members.State
}

// EndInvitationResult says whether the invitation had been open until now.
type EndInvitationResult struct{ Ended bool }

// EndInvitation ends an invitation that is still open and removes its address.
func (a *Activities) EndInvitation(ctx context.Context, in EndInvitationInput) (EndInvitationResult, error) {
	action := map[members.State]string{members.Expired: "invitation.expire", members.Revoked: "invitation.revoke"}[in.To]
	if action == "" {
		return EndInvitationResult{}, fault.New(fault.Invalid, "invalid_state", "A workflow only expires or revokes an invitation.")
	}
	var ended bool
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		if ended, err = members.End(ctx, tx, in.Invitation, in.To, nil); err != nil || !ended {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: in.Invitation.String()})
	})
	return EndInvitationResult{Ended: ended}, err
}

// SweepsOf is the sweep of invitations.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{{Name: "start-waiting-invitations", Every: 30 * time.Second, Run: a.startWaitingInvitations}}
}

// startWaitingInvitations starts or signals the workflow of every open
// invitation that has made no progress. A failure of one does not stop the
// others.
func (a *Activities) startWaitingInvitations(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start waiting invitations", after, func(r tenancy.InvitationRef) uuid.UUID { return r.Invitation },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.InvitationRef, error) {
			return a.db.InvitationsWaiting(ctx, a.config.Unstarted, a.config.Silent, after, a.page)
		}, a.wake)
}

func (a *Activities) wake(ctx context.Context, ref tenancy.InvitationRef) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	org := ref.Org
	if err := a.starter.StartInvitation(ctx, org, ref.Invitation, ref.ExpiresAt); err != nil {
		return err
	}
	return members.MarkSending(ctx, a.db.Single(org), ref.Invitation)
}
