package members

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/internal/oidc"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/members"
)

// Invitations is the workflow behind an invitation. The row is always changed
// first; a call that fails here is made up for by a schedule.
type Invitations interface {
	Start(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error
	Resend(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error
	End(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID) error
}

// InvitationView is an invitation as those see it who invite. The token is not
// in it: only the mail has it.
type InvitationView struct {
	ID           uuid.UUID        `json:"id"`
	Organization tenancy.OrgID    `json:"organization_id"`
	Person       *uuid.UUID       `json:"person_id"` // null: anyone who holds the mail
	Email        *string          `json:"email"`
	Role         tenancy.Role     `json:"role"`
	State        members.State    `json:"state"`
	Delivery     members.Delivery `json:"delivery"`
	DeliveryCode string           `json:"delivery_code"`
	Attempts     int              `json:"attempts"`
	InvitedBy    *uuid.UUID       `json:"invited_by"`
	AcceptedBy   *uuid.UUID       `json:"accepted_by"`
	SentAt       *time.Time       `json:"sent_at"`
	ExpiresAt    time.Time        `json:"expires_at"`
	EndedAt      *time.Time       `json:"ended_at"`
	CreatedAt    time.Time        `json:"created_at"`
}

func showInvitationOf(org tenancy.OrgID) func(members.Invitation) InvitationView {
	return func(i members.Invitation) InvitationView {
		return InvitationView{
			ID: i.ID, Organization: org, Person: i.Person, Email: i.Email, Role: i.Role, State: i.State, Delivery: i.Delivery, DeliveryCode: i.DeliveryCode,
			Attempts: i.Attempts, InvitedBy: i.InvitedBy, AcceptedBy: i.AcceptedBy, SentAt: request.UTC(i.SentAt), ExpiresAt: i.ExpiresAt.UTC(),
			EndedAt: request.UTC(i.EndedAt), CreatedAt: i.CreatedAt.UTC(),
		}
	}
}

type inviteBody struct {
	Email     string       `json:"email"`
	Role      tenancy.Role `json:"role"`
	ExpiresIn *int64       `json:"expires_in"` // seconds
	Person    *uuid.UUID   `json:"person_id"`
}

// term reads for how long the invitation is open.
func (b inviteBody) term() (time.Duration, error) {
	d, err := request.Seconds("expires_in", b.ExpiresIn, members.DefaultTerm)
	if err == nil && d > members.MaxTerm {
		err = request.Invalid("expires_in", "expires_in is a number of seconds from 1 to %d.", int64(members.MaxTerm/time.Second))
	}
	return d, err
}

// Invite makes an invitation and has it sent.
func (r *Members) Invite(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[inviteBody](c)
	if err != nil {
		return err
	}
	if !in.Role.Invitable() || checkRole(org, in.Role) != nil {
		return request.Invalid("role", "role is one of owner, admin, teacher, student, parent, auditor.")
	}
	if err := refuseKeys(c, in.Role); err != nil {
		return err
	}
	term, err := in.term()
	if err != nil {
		return err
	}
	ctx, id := c.Request.Context(), request.NewID(c)
	var made members.Invitation
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		var fresh bool
		made, fresh, err = members.Invite(ctx, tx, members.NewInvitation{ID: id, Email: in.Email, Role: in.Role, Term: term, Person: in.Person})
		if err != nil || !fresh {
			return err
		}
		return audit.Record(ctx, tx, invitationEvent("invitation.create", id, string(in.Role)))
	})
	if err != nil {
		return err
	}
	if err := r.Invitations.Start(ctx, org, id, made.ExpiresAt); err != nil {
		r.scheduleInvitation(ctx, org, id, "start", err)
	} else if err := members.MarkSending(ctx, r.DB.Single(org), id); err != nil {
		return err
	}
	respondInvited(c, org, made)
	return nil
}

// scheduleInvitation logs that the workflow could not be signaled. The row is
// committed, and the schedule signals the workflow later.
func (r *Members) scheduleInvitation(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, what string, err error) {
	r.Log.WarnContext(ctx, "signal invitation workflow failed; schedule will retry", "what", what, "org", org.String(), "invitation", invitation.String(), "error", err)
}

func invitationEvent(action string, id uuid.UUID, code string) audit.Event {
	return audit.Event{Action: action, ObjectID: id.String(), Code: code}
}

// ListInvitations lists the invitations.
func (r *Members) ListInvitations(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	state := members.State(c.Query("state"))
	if state != "" && !slices.Contains(members.States, state) {
		return request.Invalid("state", "state is one of %v.", members.States)
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]members.Invitation, error) {
		return members.ListInvitations(c.Request.Context(), r.DB.Single(org), state, before[0], limit)
	}, showInvitationOf(org), func(i members.Invitation) []uuid.UUID { return []uuid.UUID{i.ID} })
}

// GetInvitation answers with one invitation.
func (r *Members) GetInvitation(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "invitation", members.ErrNoInvitation)
	if err != nil {
		return err
	}
	i, err := members.GetInvitation(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showInvitationOf(org)(i))
	return nil
}

// RevokeInvitation ends an invitation. One that has ended stays as it was, and
// revoking twice is no error.
func (r *Members) RevokeInvitation(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "invitation", members.ErrNoInvitation)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		ended, err := members.End(ctx, tx, id, members.Revoked, nil)
		if err != nil {
			return err
		}
		if ended {
			return audit.Record(ctx, tx, invitationEvent("invitation.revoke", id, ""))
		}
		i, err := members.GetInvitation(ctx, tx, id)
		if err == nil && i.State != members.Revoked {
			return members.ErrInvitationEnded
		}
		return err
	})
	if err != nil {
		return err
	}
	r.endInvitationWorkflow(ctx, org, id)
	c.Status(http.StatusNoContent)
	return nil
}

func (r *Members) endInvitationWorkflow(ctx context.Context, org tenancy.OrgID, id uuid.UUID) {
	if err := r.Invitations.End(ctx, org, id); err != nil {
		r.scheduleInvitation(ctx, org, id, "end", err)
	}
}

// ResendInvitation has the mail sent again.
func (r *Members) ResendInvitation(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "invitation", members.ErrNoInvitation)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var i members.Invitation
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if i, err = members.Resend(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, invitationEvent("invitation.resend", id, ""))
	})
	if err != nil {
		return err
	}
	if err := r.Invitations.Resend(ctx, org, id, i.ExpiresAt); err != nil {
		r.scheduleInvitation(ctx, org, id, "resend", err)
	}
	c.JSON(http.StatusAccepted, showInvitationOf(org)(i))
	return nil
}

// OpenInvitationView is what the holder of a token is told.
type OpenInvitationView struct {
	Organization string       `json:"organization"`
	Role         tenancy.Role `json:"role"`
	ExpiresAt    time.Time    `json:"expires_at"`
}

// maxToken is above any token of ours: 256 bits in base64url are 43 characters.
const maxToken = 100

// byToken finds the invitation of a token, open or ended.
func (r *Members) byToken(ctx context.Context, token string) (tenancy.OrgID, uuid.UUID, error) {
	if token == "" || len(token) > maxToken {
		return tenancy.OrgID{}, uuid.Nil, members.ErrNoInvitation
	}
	ref, found, err := r.DB.InvitationByToken(ctx, members.Hash(token))
	if err == nil && !found {
		err = members.ErrNoInvitation
	}
	return ref.Org, ref.Invitation, err
}

// InvitationPage is where the link in the mail leads.
func (r *Members) InvitationPage(c *gin.Context) error {
	r.Page.ServeHTTP(c.Writer, c.Request)
	return nil
}

// ShowInvitation shows an invitation to the holder of its token. It changes
// nothing, because mail scanners follow every link.
func (r *Members) ShowInvitation(c *gin.Context) error { return r.showInvitation(c, c.Param("token")) }

// LookAtInvitation is the same with the token in the body, where no log of a
// proxy on the way has it.
func (r *Members) LookAtInvitation(c *gin.Context) error {
	in, err := request.Body[tokenBody](c)
	if err != nil {
		return err
	}
	return r.showInvitation(c, in.Token)
}

func (r *Members) showInvitation(c *gin.Context, token string) error {
	ctx := c.Request.Context()
	org, id, err := r.byToken(ctx, token)
	if err != nil {
		return err
	}
	q := r.DB.OrganizationWide().Single(org) // the reader is no member yet
	i, err := members.GetInvitation(ctx, q, id)
	if err == nil {
		err = i.Refusal()
	}
	if err != nil {
		return err
	}
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil {
		return members.ErrNoInvitation.Because(err)
	}
	c.JSON(http.StatusOK, OpenInvitationView{Organization: o.Name, Role: i.Role, ExpiresAt: i.ExpiresAt.UTC()})
	return nil
}

type tokenBody struct {
	Token string `json:"token"`
}

// AcceptInvitation makes the caller a member. Anyone who holds the mail's token and
// a token of the issuer may, whatever address the issuer knows them by.
func (r *Members) AcceptInvitation(c *gin.Context) error {
	var role tenancy.Role
	org, user, err := r.answerInvitation(c, func(ctx context.Context, tx *tenancy.Tx, id, own uuid.UUID, hash []byte) (user uuid.UUID, err error) {
		if user, role, err = accept(ctx, tx, request.Person(c), id, own, hash); err != nil {
			return user, err
		}
		ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: tx.Org(), User: user, Role: role})
		return user, audit.Record(ctx, tx, invitationEvent("invitation.accept", id, string(role)))
	})
	if err != nil {
		return err
	}
	o, err := tenancy.GetOrganization(c.Request.Context(), r.DB.OrganizationWide().Single(org))
	if err != nil {
		return err
	}
	respondAccepted(c, user, MembershipView{Organization: o.ID, Name: o.Name, User: user, Role: role, Status: o.Status})
	return nil
}

// accept makes a member of the login's own user, or of the person that the
// invitation names.
func accept(ctx context.Context, tx *tenancy.Tx, who oidc.Identity, id, own uuid.UUID, hash []byte) (uuid.UUID, tenancy.Role, error) {
	i, err := members.GetInvitation(ctx, tx, id)
	if err != nil {
		return own, "", err
	}
	if i.Person == nil {
		role, err := members.Accept(ctx, tx, id, hash, own)
		return own, role, err
	}
	return logins.Accept(ctx, tx, id, hash, who.Issuer, who.Subject)
}

// DeclineInvitation ends an invitation at the request of the invited person.
func (r *Members) DeclineInvitation(c *gin.Context) error {
	_, _, err := r.answerInvitation(c, func(ctx context.Context, tx *tenancy.Tx, id, own uuid.UUID, hash []byte) (uuid.UUID, error) {
		if err := members.Decline(ctx, tx, id, hash); err != nil {
			return own, err
		}
		return own, audit.Record(ctx, tx, invitationEvent("invitation.decline", id, ""))
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// invited is the role in the audit log of a person who is not a member yet.
const invited tenancy.Role = "invited"

// invitationAnswer is given the login's own user, and says whose the membership is.
type invitationAnswer func(ctx context.Context, tx *tenancy.Tx, id, own uuid.UUID, hash []byte) (uuid.UUID, error)

// answerInvitation applies a person's answer to the invitation of the given
// token, in the transaction of its organization, and signals the workflow.
func (r *Members) answerInvitation(c *gin.Context, do invitationAnswer) (tenancy.OrgID, uuid.UUID, error) {
	in, err := request.Body[tokenBody](c)
	if err != nil {
		return tenancy.OrgID{}, uuid.Nil, err
	}
	ctx, who := c.Request.Context(), request.Person(c)
	org, id, err := r.byToken(ctx, in.Token)
	if err != nil {
		return org, uuid.Nil, err
	}
	user, err := r.DB.EnsureUserOf(ctx, org, who.Issuer, who.Subject)
	if err != nil {
		return org, user, err
	}
	if err := request.SetIdempotencyID(c, org.UUID()); err != nil {
		return org, user, err
	}
	ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: user, Role: invited})
	own := user
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		user, err = do(ctx, tx, id, own, members.Hash(in.Token))
		return err
	})
	if err != nil {
		return org, user, err
	}
	r.endInvitationWorkflow(ctx, org, id)
	return org, user, nil
}
