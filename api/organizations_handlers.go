package api

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
)

var (
	slugForm     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	errSlugTaken = fault.New(fault.Conflict, "slug_taken", "Another organization has this slug. Choose another one.")
)

type organizationBody struct {
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Tier        string `json:"tier"`
	Max         *int64 `json:"max"`
	MaxFileSize *int64 `json:"max_file_size"`
}

func (b *organizationBody) check() error {
	if !slugForm.MatchString(b.Slug) {
		return invalid("slug", "slug is 1 to 63 of the characters a-z, 0-9 and -, and neither begins nor ends with -.")
	}
	if b.Name == "" || !isText(b.Name, 200) {
		return invalid("name", "name is a text of 1 to 200 characters.")
	}
	if b.Tier == "" {
		b.Tier = "free"
	}
	return checkLimits(b.Max, b.MaxFileSize)
}

func (a *API) createOrganization(c *gin.Context) error {
	in, err := body[organizationBody](c)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	org := tenancy.OrgID(newID(c))
	if _, err := a.DB.Tier(c.Request.Context(), in.Tier); err != nil {
		return err
	}
	ok, err := a.DB.CreateOrganization(c.Request.Context(), org, in.Slug, in.Name, in.Tier, in.Max, in.MaxFileSize)
	if err != nil {
		return err
	}
	if !ok {
		return errSlugTaken
	}
	o, err := tenancy.GetOrganization(c.Request.Context(), a.DB.Once(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, o)
	return nil
}

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
	if actor := caller(c); actor.Key != uuid.Nil && !actor.MayGive(in.Role) && in.Role != tenancy.Parent {
		return errNotByKey
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
	if b.Issuer == tenancy.ServiceIssuer {
		return tenancy.ErrServiceAccount
	}
	if b.Issuer == "" || !isText(b.Issuer, 500) || b.Subject == "" || !isText(b.Subject, 255) {
		return invalid("subject", "issuer and subject name a person as their tokens do, in iss and sub.")
	}
	if !slices.Contains(tenancy.Roles, b.Role) || (b.Role == tenancy.Operator) != (org == tenancy.Platform) {
		return invalid("role", "role is one of owner, admin, teacher, student, parent.")
	}
	return nil
}
