package people

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/repeat"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/orgs"
)

// An earlier try that came to no answer is made again: each of these changes a
// row to what it is already, or finds it by its id.

// SetMemberAgain answers with the member.
func (r *People) SetMemberAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.Answered() {
		return repeat.Nothing, err
	}
	in, err := request.Body[memberBody](c)
	if err != nil {
		return repeat.Nothing, err
	}
	user, err := r.DB.EnsureUser(c.Request.Context(), in.Issuer, in.Subject)
	if err != nil {
		return repeat.Nothing, err
	}
	return found(r.answerMember(c, org, user), orgs.ErrNoMember)
}

// InviteAgain answers with the invitation.
func (r *People) InviteAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.Answered() {
		return repeat.Nothing, err
	}
	i, err := orgs.GetInvitation(c.Request.Context(), r.DB.Once(org), e.ID)
	if err == nil {
		answerInvited(c, org, i)
	}
	return found(err, orgs.ErrNoInvitation)
}

// AddGuardianAgain answers with the link.
func (r *People) AddGuardianAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil || !e.Answered() {
		return repeat.Nothing, err
	}
	in, err := request.Body[guardianBody](c)
	if err != nil {
		return repeat.Nothing, err
	}
	g, err := orgs.GetGuardian(c.Request.Context(), r.DB.Once(org), in.Parent, in.Student)
	if err == nil {
		c.JSON(e.Status, showGuardian(g))
	}
	return found(err, orgs.ErrNoGuardian)
}

// AcceptInvitationAgain answers with the membership. The invitation has forgotten
// its token; the earlier try has left its organization's id.
func (r *People) AcceptInvitationAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	ctx, who, org := c.Request.Context(), request.Person(c), tenancy.OrgID(e.ID)
	places, err := r.DB.Places(ctx, who.Issuer, who.Subject)
	if err != nil {
		return repeat.Nothing, err
	}
	for _, p := range places {
		if p.Org == nil || *p.Org != e.ID {
			continue
		}
		accepted, err := orgs.AcceptedSince(ctx, r.DB.Once(org), p.User, e.Since)
		if err != nil || !accepted {
			return repeat.Nothing, err
		}
		answerAccepted(c, p.User, PlaceView{Organization: *p.Org, Name: *p.Name, Role: *p.Role, Status: *p.Status})
		return repeat.Made, nil
	}
	return repeat.Nothing, nil
}

func answerInvited(c *gin.Context, org tenancy.OrgID, i orgs.Invitation) {
	c.Header("Location", "/api/v1/organizations/"+org.String()+"/invitations/"+i.ID.String())
	c.JSON(http.StatusCreated, showInvitationOf(org)(i))
}

func answerAccepted(c *gin.Context, user uuid.UUID, place PlaceView) {
	c.JSON(http.StatusOK, gin.H{"user_id": user, "membership": place})
}

// found tells the thing's absence from a failure.
func found(err, none error) (repeat.Found, error) {
	switch {
	case errors.Is(err, none):
		return repeat.Nothing, nil
	case err != nil:
		return repeat.Nothing, err
	}
	return repeat.Made, nil
}
