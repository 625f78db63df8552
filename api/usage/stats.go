package usage

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// StatsView is the same of one organization or of all.
type StatsView struct {
	Organizations int `json:"organizations"`
	QuotaView
	Edge usage.Edge `json:"edge"`
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
	edge, err := usage.GetEdge(ctx, r.DB.Single(org), time.Now())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, StatsView{Organizations: 1, QuotaView: q, Edge: edge})
	return nil
}

// platformStats sums over the organizations, by three statements however many there are.
func (r *Usage) platformStats(ctx context.Context) (StatsView, error) {
	level, err := r.DB.StorageLevels(ctx)
	if err != nil {
		return StatsView{}, err
	}
	counts, err := r.DB.StorageCounts(ctx)
	if err != nil {
		return StatsView{}, err
	}
	sums, err := r.DB.EdgeSums(ctx, usage.EdgeSince(time.Now()))
	if err != nil {
		return StatsView{}, err
	}
	edge := map[usage.Metric]int64{}
	for _, s := range sums {
		edge[usage.Metric(s.Metric)] = s.Amount
	}
	view := StatsView{Edge: usage.EdgeOf(edge), Organizations: int(level.Organizations), QuotaView: QuotaView{
		Max: level.Max, Used: level.Used, Reserved: level.Reserved, MaxFileSize: level.MaxFileSize, Counts: map[files.Status]int64{}}}
	for _, c := range counts {
		view.Counts[files.Status(c.Status)] = c.Files
	}
	return view, nil
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
