package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/workflows/reconcile"
)

// subject is the organization that an administrator's call is about: their own,
// or, for an operator, the one they name.
func (a *API) subject(c *gin.Context, named string) (tenancy.OrgID, error) {
	actor := caller(c)
	if named == "" {
		if actor.Org == tenancy.Platform {
			return actor.Org, fault.New(fault.Invalid, "organization_required", "Name the organization in organization_id.")
		}
		return actor.Org, nil
	}
	org, err := orgParam(named)
	if err != nil {
		return org, err
	}
	if org != actor.Org && actor.Role != tenancy.Operator {
		return org, tenancy.ErrNoOrganization
	}
	_, err = tenancy.GetOrganization(c.Request.Context(), a.DB.Once(org))
	return org, err
}

// orNoOrganization speaks of the organization where the domain knows only that
// a row is missing.
func orNoOrganization(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return tenancy.ErrNoOrganization.Because(err)
	}
	return err
}

type statsView struct {
	Organizations int `json:"organizations"`
	quotaView
}

// getStats counts one organization's files, or for an operator who names none,
// everybody's.
func (a *API) getStats(c *gin.Context) error {
	ctx, named := c.Request.Context(), c.Query("organization_id")
	if caller(c).Role == tenancy.Operator && named == "" {
		all, err := a.allStats(ctx)
		if err != nil {
			return err
		}
		c.JSON(http.StatusOK, all)
		return nil
	}
	org, err := a.subject(c, named)
	if err != nil {
		return err
	}
	q, err := a.quota(ctx, org)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, statsView{Organizations: 1, quotaView: q})
	return nil
}

const orgPage = 500

// allStats sums over the organizations, each read in its own tenant context.
func (a *API) allStats(ctx context.Context) (statsView, error) {
	sum := statsView{quotaView: quotaView{Counts: map[files.Status]int64{}}}
	var after tenancy.OrgID
	for {
		orgs, err := a.DB.Organizations(ctx, after, orgPage)
		if err != nil || len(orgs) == 0 {
			return sum, err
		}
		for _, org := range orgs {
			after = org
			if org == tenancy.Platform {
				continue
			}
			q, err := a.quota(ctx, org)
			if err != nil {
				return sum, err
			}
			sum.add(q)
		}
	}
}

func (s *statsView) add(q quotaView) {
	s.Organizations++
	s.Max += q.Max
	s.Used += q.Used
	s.Reserved += q.Reserved
	s.MaxFileSize = max(s.MaxFileSize, q.MaxFileSize)
	for status, n := range q.Counts {
		s.Counts[status] += n
	}
}

// limitField is a limit in a body: left out it stays, null gives it back to the
// tier.
type limitField tenancy.Limit

// UnmarshalJSON notes that the field was there.
func (l *limitField) UnmarshalJSON(b []byte) error {
	l.Given = true
	return json.Unmarshal(b, &l.Value)
}

type quotaBody struct {
	Organization string     `json:"organization_id"`
	Max          limitField `json:"max"`
	MaxFileSize  limitField `json:"max_file_size"`
}

func (a *API) setQuota(c *gin.Context) error {
	in, err := body[quotaBody](c)
	if err != nil {
		return err
	}
	org, err := a.subject(c, in.Organization)
	if err != nil {
		return err
	}
	if err := checkLimits(in.Max.Value, in.MaxFileSize.Value); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.ChangeLimits(ctx, tx, tenancy.Limit(in.Max), tenancy.Limit(in.MaxFileSize)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "quota.set", ObjectID: org.String()})
	})
	if err != nil {
		return err
	}
	q, err := a.quota(ctx, org)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, q)
	return nil
}

func checkLimits(maxBytes, maxFileSize *int64) error {
	if maxBytes != nil && *maxBytes < 0 {
		return invalid("max", "max is a number of bytes and not negative.")
	}
	if maxFileSize != nil && *maxFileSize < 1 {
		return invalid("max_file_size", "max_file_size is a number of bytes of at least 1.")
	}
	return nil
}

type scanBody struct {
	Organization string `json:"organization_id"`
}

func (a *API) rescan(c *gin.Context) error {
	in, err := optionalBody[scanBody](c)
	if err != nil {
		return err
	}
	org, err := a.subject(c, in.Organization)
	if err != nil {
		return err
	}
	id, err := a.Processes.Rescan(c.Request.Context(), caller(c), org)
	if err != nil {
		return err
	}
	accepted(c, org, id)
	return nil
}

type reconcileBody struct {
	Organization string `json:"organization_id"` // empty: every organization
	Repair       bool   `json:"repair"`
	Deep         bool   `json:"deep"`          // read every published byte again
	Grace        *int64 `json:"grace_seconds"` // what is younger may be work in progress
}

func (a *API) reconcile(c *gin.Context) error {
	in, err := optionalBody[reconcileBody](c)
	if err != nil {
		return err
	}
	look := reconcile.ReconcileStorageInput{Repair: in.Repair, Deep: in.Deep, Grace: reconcile.DefaultGrace}
	if in.Organization != "" {
		if look.Only, err = a.subject(c, in.Organization); err != nil {
			return err
		}
	}
	if in.Grace != nil {
		if *in.Grace < 0 {
			return invalid("grace_seconds", "grace_seconds is a number of seconds and not negative.")
		}
		look.Grace = time.Duration(*in.Grace) * time.Second
	}
	id, err := a.Processes.Reconcile(c.Request.Context(), caller(c), look)
	if err != nil {
		return err
	}
	accepted(c, tenancy.Platform, id)
	return nil
}

// optionalBody is body for calls that mean something without one.
func optionalBody[T any](c *gin.Context) (T, error) {
	if c.Request.ContentLength == 0 {
		var none T
		return none, nil
	}
	return body[T](c)
}
