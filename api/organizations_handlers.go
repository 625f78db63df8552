package api

import (
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"satchel/internal/fault"
	"satchel/policies/audit"
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
	if err := audit.Record(c.Request.Context(), a.DB.Once(org), audit.Event{Action: "organization.create", ObjectID: org.String()}); err != nil {
		return err
	}
	o, err := tenancy.GetOrganization(c.Request.Context(), a.DB.Once(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, o)
	return nil
}
