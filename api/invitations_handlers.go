package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/orgs"
)

// Inviting is the workflow behind an invitation. The row is always changed
// first; a call that fails here is made up for by a schedule.
type Inviting interface {
	Start(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error
	Resend(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, expires time.Time) error
	End(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID) error
}

// invitationView is an invitation as those see it who invite. The token is not
// in it: only the mail has it.
type invitationView struct {
	ID           uuid.UUID     `json:"id"`
	Organization uuid.UUID     `json:"organization_id"`
	Email        *string       `json:"email"`
	Role         tenancy.Role  `json:"role"`
	State        orgs.State    `json:"state"`
	Delivery     orgs.Delivery `json:"delivery"`
	DeliveryCode string        `json:"delivery_code"`
	Attempts     int           `json:"attempts"`
	InvitedBy    *uuid.UUID    `json:"invited_by"`
	AcceptedBy   *uuid.UUID    `json:"accepted_by"`
	SentAt       *time.Time    `json:"sent_at"`
	ExpiresAt    time.Time     `json:"expires_at"`
	EndedAt      *time.Time    `json:"ended_at"`
	CreatedAt    time.Time     `json:"created_at"`
}

func showInvitationOf(org tenancy.OrgID) func(orgs.Invitation) invitationView {
	return func(i orgs.Invitation) invitationView {
		return invitationView{
			ID: i.ID, Organization: org.UUID(), Email: i.Email, Role: i.Role, State: i.State, Delivery: i.Delivery, DeliveryCode: i.DeliveryCode,
			Attempts: i.Attempts, InvitedBy: i.InvitedBy, AcceptedBy: i.AcceptedBy, SentAt: utc(i.SentAt), ExpiresAt: i.ExpiresAt.UTC(),
			EndedAt: utc(i.EndedAt), CreatedAt: i.CreatedAt.UTC(),
		}
	}
}

type inviteBody struct {
	Email     string       `json:"email"`
	Role      tenancy.Role `json:"role"`
	ExpiresIn string       `json:"expires_in"` // a duration such as 72h
}

// term reads for how long the invitation is open.
func (b inviteBody) term() (time.Duration, error) {
	if b.ExpiresIn == "" {
		return orgs.DefaultTerm, nil
	}
	d, err := time.ParseDuration(b.ExpiresIn)
	if err != nil || d < time.Second || d > orgs.MaxTerm {
		return 0, invalid("expires_in", "expires_in is a duration from 1s to 720h, such as 72h.")
	}
	return d, nil
}

func (a *API) invite(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := body[inviteBody](c)
	if err != nil {
		return err
	}
	if in.Role == tenancy.Operator || checkRole(org, in.Role) != nil {
		return invalid("role", "role is one of owner, admin, teacher, student, parent.")
	}
	if err := notByKey(c, in.Role); err != nil {
		return err
	}
	term, err := in.term()
	if err != nil {
		return err
	}
	ctx, id := c.Request.Context(), newID(c)
	var made orgs.Invitation
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		var fresh bool
		made, fresh, err = orgs.Invite(ctx, tx, orgs.NewInvitation{ID: id, Email: in.Email, Role: in.Role, Term: term})
		if err != nil || !fresh {
			return err
		}
		return audit.Record(ctx, tx, invitationEvent("invitation.create", id, string(in.Role)))
	})
	if err != nil {
		return err
	}
	if err := a.Inviting.Start(ctx, org, id, made.ExpiresAt); err != nil {
		a.later(ctx, org, id, "start", err)
	} else if err := orgs.Begun(ctx, a.DB.Once(org), id); err != nil {
		return err
	}
	c.Header("Location", "/api/v1/organizations/"+org.String()+"/invitations/"+id.String())
	c.JSON(http.StatusCreated, showInvitationOf(org)(made))
	return nil
}

// later notes that the workflow could not be told. What the row says holds, and
// the schedule will tell it.
func (a *API) later(ctx context.Context, org tenancy.OrgID, invitation uuid.UUID, what string, err error) {
	a.Log.WarnContext(ctx, "the invitation's workflow was not told, the schedule will", "what", what, "org", org.String(), "invitation", invitation.String(), "error", err)
}

func invitationEvent(action string, id uuid.UUID, code string) audit.Event {
	return audit.Event{Action: action, ObjectID: id.String(), Code: code}
}

func (a *API) listInvitations(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	state := orgs.State(c.Query("state"))
	if state != "" && !slices.Contains(orgs.States, state) {
		return invalid("state", "state is one of %v.", orgs.States)
	}
	limit, err := limitParam(c)
	if err != nil {
		return err
	}
	before, err := decodeIDs(c.Query("cursor"), 1)
	if err != nil {
		return err
	}
	found, err := orgs.ListInvitations(c.Request.Context(), a.DB.Once(org), state, before[0], limit+1)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, pageOf(found, limit, showInvitationOf(org), func(i orgs.Invitation) []uuid.UUID { return []uuid.UUID{i.ID} }))
	return nil
}

func (a *API) invitationParam(c *gin.Context) (tenancy.OrgID, uuid.UUID, error) {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return org, uuid.Nil, err
	}
	id, err := uuid.Parse(c.Param("invitation"))
	if err != nil {
		return org, id, orgs.ErrNoInvitation.Because(err)
	}
	return org, id, nil
}

func (a *API) getInvitation(c *gin.Context) error {
	org, id, err := a.invitationParam(c)
	if err != nil {
		return err
	}
	i, err := orgs.GetInvitation(c.Request.Context(), a.DB.Once(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showInvitationOf(org)(i))
	return nil
}

// revokeInvitation ends an invitation. One that has ended stays as it was, and
// revoking twice is no error.
func (a *API) revokeInvitation(c *gin.Context) error {
	org, id, err := a.invitationParam(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		ended, err := orgs.End(ctx, tx, id, orgs.Revoked, nil)
		if err != nil {
			return err
		}
		if ended {
			return audit.Record(ctx, tx, invitationEvent("invitation.revoke", id, ""))
		}
		i, err := orgs.GetInvitation(ctx, tx, id)
		if err == nil && i.State != orgs.Revoked {
			return orgs.ErrInvitationEnded
		}
		return err
	})
	if err != nil {
		return err
	}
	a.tellEnded(ctx, org, id)
	c.Status(http.StatusNoContent)
	return nil
}

func (a *API) tellEnded(ctx context.Context, org tenancy.OrgID, id uuid.UUID) {
	if err := a.Inviting.End(ctx, org, id); err != nil {
		a.later(ctx, org, id, "end", err)
	}
}

func (a *API) resendInvitation(c *gin.Context) error {
	org, id, err := a.invitationParam(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var i orgs.Invitation
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if i, err = orgs.Resend(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, invitationEvent("invitation.resend", id, ""))
	})
	if err != nil {
		return err
	}
	if err := a.Inviting.Resend(ctx, org, id, i.ExpiresAt); err != nil {
		a.later(ctx, org, id, "resend", err)
	}
	c.JSON(http.StatusAccepted, showInvitationOf(org)(i))
	return nil
}

// openInvitationView is what the holder of a token is told.
type openInvitationView struct {
	Organization string       `json:"organization"`
	Role         tenancy.Role `json:"role"`
	ExpiresAt    time.Time    `json:"expires_at"`
}

// maxToken is above any token of ours: 256 bits in base64url are 43 characters.
const maxToken = 100

// byToken finds the open invitation of a token. What was never a token is
// answered like one that was used.
func (a *API) byToken(ctx context.Context, token string) (tenancy.OrgID, uuid.UUID, error) {
	if token == "" || len(token) > maxToken {
		return tenancy.OrgID{}, uuid.Nil, orgs.ErrNoInvitation
	}
	ref, found, err := a.DB.InvitationByToken(ctx, orgs.Hash(token))
	if err == nil && !found {
		err = orgs.ErrNoInvitation
	}
	return tenancy.OrgID(ref.Org), ref.Invitation, err
}

// showInvitation tells the holder of a token what it is for. It changes
// nothing: scanners of mail follow every link before a person does.
func (a *API) showInvitation(c *gin.Context) error {
	ctx := c.Request.Context()
	org, id, err := a.byToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	q := a.DB.Once(org)
	i, err := orgs.GetInvitation(ctx, q, id)
	if err != nil {
		return err
	}
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil {
		return orgs.ErrNoInvitation.Because(err)
	}
	c.JSON(http.StatusOK, openInvitationView{Organization: o.Name, Role: i.Role, ExpiresAt: i.ExpiresAt.UTC()})
	return nil
}

type tokenBody struct {
	Token string `json:"token"`
}

// acceptInvitation makes the caller a member. Whoever holds the mail's token and
// a token of the issuer may, whatever address the issuer knows them by.
func (a *API) acceptInvitation(c *gin.Context) error {
	var role tenancy.Role
	org, user, err := a.answerInvitation(c, func(ctx context.Context, tx *tenancy.Tx, id, user uuid.UUID, hash []byte) (err error) {
		if role, err = orgs.Accept(ctx, tx, id, hash, user); err != nil {
			return err
		}
		ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: tx.Org(), User: user, Role: role})
		return audit.Record(ctx, tx, invitationEvent("invitation.accept", id, string(role)))
	})
	if err != nil {
		return err
	}
	o, err := tenancy.GetOrganization(c.Request.Context(), a.DB.Once(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"user_id": user, "membership": placeView{Organization: o.ID, Name: o.Name, Role: role, Status: o.Status}})
	return nil
}

func (a *API) declineInvitation(c *gin.Context) error {
	_, _, err := a.answerInvitation(c, func(ctx context.Context, tx *tenancy.Tx, id, _ uuid.UUID, hash []byte) error {
		if err := orgs.Decline(ctx, tx, id, hash); err != nil {
			return err
		}
		return audit.Record(ctx, tx, invitationEvent("invitation.decline", id, ""))
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// invited is what the trail calls somebody who is no member yet.
const invited tenancy.Role = "invited"

type answering func(ctx context.Context, tx *tenancy.Tx, id, user uuid.UUID, hash []byte) error

// answerInvitation does what a person decided about the invitation whose token
// they sent, in its organization's transaction, and tells the workflow.
func (a *API) answerInvitation(c *gin.Context, do answering) (tenancy.OrgID, uuid.UUID, error) {
	in, err := body[tokenBody](c)
	if err != nil {
		return tenancy.OrgID{}, uuid.Nil, err
	}
	ctx, who := c.Request.Context(), whoever(c)
	org, id, err := a.byToken(ctx, in.Token)
	if err != nil {
		return org, uuid.Nil, err
	}
	user, err := a.DB.EnsureUser(ctx, who.Issuer, who.Subject)
	if err != nil {
		return org, user, err
	}
	ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: user, Role: invited})
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return do(ctx, tx, id, user, orgs.Hash(in.Token)) })
	if err != nil {
		return org, user, err
	}
	a.tellEnded(ctx, org, id)
	return org, user, nil
}
