package api

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/tenancy"
)

type memberBody struct {
	Issuer  string       `json:"issuer"`
	Subject string       `json:"subject"`
	Role    tenancy.Role `json:"role"`
}

type memberView struct {
	Organization uuid.UUID    `json:"organization_id"`
	User         uuid.UUID    `json:"user_id"`
	Role         tenancy.Role `json:"role"`
}

// setMember gives a person a role. An owner's word reaches their own
// organization only, and nobody's makes an operator of a tenant's member: that
// role exists in the Platform organization alone.
func (a *API) setMember(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := body[memberBody](c)
	if err != nil {
		return err
	}
	if err := in.check(org); err != nil {
		return err
	}
	ctx := c.Request.Context()
	user, err := a.DB.EnsureUser(ctx, in.Issuer, in.Subject)
	if err != nil {
		return err
	}
	if err := tenancy.SetMember(ctx, a.DB.Once(org), user, in.Role); err != nil {
		return err
	}
	c.JSON(http.StatusOK, memberView{Organization: org.UUID(), User: user, Role: in.Role})
	return nil
}

func (b memberBody) check(org tenancy.OrgID) error {
	if b.Issuer == "" || !isText(b.Issuer, 500) || b.Subject == "" || !isText(b.Subject, 255) {
		return invalid("subject", "issuer and subject name a person as their tokens do, in iss and sub.")
	}
	if !slices.Contains(tenancy.Roles, b.Role) || (b.Role == tenancy.Operator) != (org == tenancy.Platform) {
		return invalid("role", "role is one of owner, admin, teacher, student, parent.")
	}
	return nil
}
