package usage

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// StatsView is the same of one organization or of all.
type StatsView struct {
	Organizations int `json:"organizations"`
	QuotaView
}

// GetStats counts one organization's files, or for an operator who names none,
// everyone's.
func (r *Usage) GetStats(c *gin.Context) error {
	ctx, named := c.Request.Context(), c.Query("organization_id")
	if request.Caller(c).IsOperator() && named == "" {
		all, err := r.platformStats(ctx)
		if err != nil {
			return err
		}
		c.JSON(http.StatusOK, all)
		return nil
	}
	org, err := request.Subject(c, r.DB, named)
	if err != nil {
		return err
	}
	q, err := r.quota(ctx, org)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, StatsView{Organizations: 1, QuotaView: q})
	return nil
}

const orgPage = 500

// platformStats sums over the organizations, each read in its own tenant context.
func (r *Usage) platformStats(ctx context.Context) (StatsView, error) {
	sum := StatsView{QuotaView: QuotaView{Counts: map[files.Status]int64{}}}
	var after tenancy.OrgID
	for {
		orgs, err := r.DB.Organizations(ctx, after, orgPage)
		if err != nil || len(orgs) == 0 {
			return sum, err
		}
		for _, org := range orgs {
			after = org
			if org == tenancy.Platform {
				continue
			}
			q, err := r.quota(ctx, org)
			if err != nil {
				return sum, err
			}
			sum.add(q)
		}
	}
}

func (s *StatsView) add(q QuotaView) {
	s.Organizations++
	s.Max += q.Max
	s.Used += q.Used
	s.Reserved += q.Reserved
	s.MaxFileSize = max(s.MaxFileSize, q.MaxFileSize)
	for status, n := range q.Counts {
		s.Counts[status] += n
	}
}

// optionalLimit is a limit in a body: left out it stays, null gives it back to the
// tier.
type optionalLimit tenancy.OptionalLimit

// UnmarshalJSON notes that the field was there.
func (l *optionalLimit) UnmarshalJSON(b []byte) error {
	l.Set = true
	return json.Unmarshal(b, &l.Value)
}

type quotaBody struct {
	Organization string        `json:"organization_id"`
	Max          optionalLimit `json:"max"`
	MaxFileSize  optionalLimit `json:"max_file_size"`
}

// SetQuota changes the limits of an organization.
func (r *Usage) SetQuota(c *gin.Context) error {
	in, err := request.Body[quotaBody](c)
	if err != nil {
		return err
	}
	org, err := request.Subject(c, r.DB, in.Organization)
	if err != nil {
		return err
	}
	if err := request.CheckLimits(in.Max.Value, in.MaxFileSize.Value); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.ChangeLimits(ctx, tx, tenancy.OptionalLimit(in.Max), tenancy.OptionalLimit(in.MaxFileSize)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "quota.set", ObjectID: org.String()})
	})
	if err != nil {
		return err
	}
	q, err := r.quota(ctx, org)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, q)
	return nil
}
