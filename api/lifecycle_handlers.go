package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// ruled is the organization that an operator's call decides about.
func (a *API) ruled(c *gin.Context) (tenancy.OrgID, error) {
	org, err := a.subject(c, c.Param("id"))
	if err == nil && org == tenancy.Platform {
		err = errPlatform
	}
	return org, err
}

type suspendBody struct {
	Reason string `json:"reason"`
}

func (a *API) suspendOrganization(c *gin.Context) error {
	org, err := a.ruled(c)
	if err != nil {
		return err
	}
	in, err := optionalBody[suspendBody](c)
	if err != nil {
		return err
	}
	if in.Reason != "" && !isText(in.Reason, 500) {
		return invalid("reason", "reason is a text of at most 500 characters.")
	}
	op := newID(c)
	if err := a.Processes.Suspend(c.Request.Context(), caller(c), org, op, in.Reason); err != nil {
		return err
	}
	accepted(c, tenancy.Platform, op)
	return nil
}

// resumeOrganization is in force with its commit: there is nothing to follow.
func (a *API) resumeOrganization(c *gin.Context) error {
	org, err := a.ruled(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.Resume(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "organization.resume", ObjectID: org.String()})
	})
	if err != nil {
		return err
	}
	return a.showOrganization(c, org)
}

type deleteBody struct {
	Slug  string  `json:"slug"`
	Grace *string `json:"grace"`
}

const (
	defaultGrace = 30 * 24 * time.Hour
	maxGrace     = 365 * 24 * time.Hour
)

func (a *API) deleteOrganization(c *gin.Context) error {
	org, err := a.ruled(c)
	if err != nil {
		return err
	}
	in, err := body[deleteBody](c)
	if err != nil {
		return err
	}
	grace := defaultGrace
	if in.Grace != nil {
		if grace, err = time.ParseDuration(*in.Grace); err != nil || grace < 0 || grace > maxGrace {
			return invalid("grace", "grace is a duration such as 720h, from 0s to 8760h.")
		}
	}
	ctx := c.Request.Context()
	o, err := tenancy.GetOrganization(ctx, a.DB.Once(org))
	if err != nil {
		return err
	}
	if in.Slug != o.Slug {
		return invalid("slug", "Repeat the organization's slug in slug: what is deleted does not come back.")
	}
	op := newID(c)
	if err := a.Processes.Delete(ctx, caller(c), org, op, grace); err != nil {
		return err
	}
	accepted(c, tenancy.Platform, op)
	return nil
}

func (a *API) keepOrganization(c *gin.Context) error {
	org, err := a.ruled(c)
	if err != nil {
		return err
	}
	if err := a.Processes.Keep(c.Request.Context(), org); err != nil {
		return err
	}
	return a.showOrganization(c, org)
}

func (a *API) getPolicies(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	p, err := tenancy.GetPolicies(c.Request.Context(), a.DB.Once(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p)
	return nil
}

type policiesBody struct {
	TrashDays    *int      `json:"trash_days"` // 0: as long as the platform keeps trash
	AllowedTypes *[]string `json:"allowed_types"`
}

func (b policiesBody) change(p *tenancy.Policies) error {
	if b.TrashDays != nil {
		if *b.TrashDays < 0 || *b.TrashDays > 3650 {
			return invalid("trash_days", "trash_days is a number of days from 1 to 3650, or 0 for the platform's.")
		}
		p.TrashDays = b.TrashDays
		if *b.TrashDays == 0 {
			p.TrashDays = nil
		}
	}
	if b.AllowedTypes == nil {
		return nil
	}
	known := mediaTypes()
	for _, t := range *b.AllowedTypes {
		if !slices.Contains(known, t) {
			return invalid("allowed_types", "allowed_types names media types that the platform takes; docs/types.md lists them.")
		}
	}
	p.AllowedTypes = *b.AllowedTypes
	return nil
}

func (a *API) changePolicies(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := body[policiesBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var p tenancy.Policies
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if p, err = tenancy.GetPolicies(ctx, tx); err != nil {
			return err
		}
		if err := in.change(&p); err != nil {
			return err
		}
		if err := tenancy.SetPolicies(ctx, tx, p); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "policy.change", ObjectID: org.String()})
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p)
	return nil
}
