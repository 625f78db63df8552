package members

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// An earlier try that came to no answer is made again: each of these changes a
// row to what it is already, or finds it by its id.

// ReplaySetMember answers with the member.
func (r *Members) ReplaySetMember(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.HasResponse() {
		return idempotency.NotCreated, err
	}
	in, err := request.Body[memberBody](c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	user, err := r.DB.EnsureUserOf(c.Request.Context(), org, in.Issuer, in.Subject)
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.OutcomeOf(r.answerMember(c, org, user), members.ErrNoMember)
}

// ReplayInvite answers with the invitation.
func (r *Members) ReplayInvite(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.HasResponse() {
		return idempotency.NotCreated, err
	}
	i, err := members.GetInvitation(c.Request.Context(), r.DB.Single(org), e.ID)
	if err == nil {
		respondInvited(c, org, i)
	}
	return idempotency.OutcomeOf(err, members.ErrNoInvitation)
}

// ReplayAddGuardian answers with the link.
func (r *Members) ReplayAddGuardian(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.HasResponse() {
		return idempotency.NotCreated, err
	}
	in, err := request.Body[guardianBody](c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	g, err := members.GetGuardian(c.Request.Context(), r.DB.Single(org), in.Parent, in.Student)
	if err == nil {
		c.JSON(e.Status, showGuardian(g))
	}
	return idempotency.OutcomeOf(err, members.ErrNoGuardian)
}

// ReplayAcceptInvitation answers with the membership. The invitation has lost
// its token; the earlier try has left its organization's id.
func (r *Members) ReplayAcceptInvitation(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	ctx, who, org := c.Request.Context(), request.Person(c), tenancy.OrgID(e.ID)
	places, err := r.DB.OrganizationMemberships(ctx, who.Issuer, who.Subject)
	if err != nil {
		return idempotency.NotCreated, err
	}
	for _, p := range places {
		if p.Org == nil || *p.Org != org {
			continue
		}
		accepted, err := members.AcceptedSince(ctx, r.DB.OrganizationWide().Single(org), p.User, e.StartedAt)
		if err != nil || !accepted {
			return idempotency.NotCreated, err
		}
		respondAccepted(c, p.User, showMembership(p))
		return idempotency.Created, nil
	}
	return idempotency.NotCreated, nil
}

func respondInvited(c *gin.Context, org tenancy.OrgID, i members.Invitation) {
	c.Header("Location", "/api/v1/organizations/"+org.String()+"/invitations/"+i.ID.String())
	c.JSON(http.StatusCreated, showInvitationOf(org)(i))
}

func respondAccepted(c *gin.Context, user uuid.UUID, place MembershipView) {
	c.JSON(http.StatusOK, gin.H{"user_id": user, "membership": place})
}
