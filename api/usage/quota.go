// Package usage serves the quota, the statistics and the usage of an
// organization.
package usage

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// Usage answers with numbers.
type Usage struct {
	DB       *tenancy.DB
	Currency string // of what models cost
}

// QuotaView is an organization's quota and its use.
type QuotaView struct {
	Max         int64                  `json:"max"`
	Used        int64                  `json:"used"`
	Reserved    int64                  `json:"reserved"`
	MaxFileSize int64                  `json:"max_file_size"`
	Counts      map[files.Status]int64 `json:"counts"`

	// Of one organization: its tier, and which limits are the tier's.
	Tier           string `json:"tier,omitempty"`
	MaxOfTier      bool   `json:"max_of_tier"`
	FileSizeOfTier bool   `json:"max_file_size_of_tier"`
}

// GetQuota shows the caller's own organization its room.
func (r *Usage) GetQuota(c *gin.Context) error {
	v, err := r.quota(c.Request.Context(), request.Caller(c).Org)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, v)
	return nil
}

func (r *Usage) quota(ctx context.Context, org tenancy.OrgID) (QuotaView, error) {
	q := r.DB.Single(org)
	quota, err := files.GetQuota(ctx, q)
	if err != nil {
		return QuotaView{}, notFoundIfMissing(err)
	}
	tier, err := tenancy.GetTier(ctx, q)
	if err != nil {
		return QuotaView{}, err
	}
	counts, err := files.CountByStatus(ctx, q)
	if err != nil {
		return QuotaView{}, err
	}
	v := QuotaView{Max: quota.MaxBytes, Used: quota.UsedBytes, Reserved: quota.ReservedBytes, MaxFileSize: quota.MaxFileSize, Counts: map[files.Status]int64{}}
	v.Tier, v.MaxOfTier, v.FileSizeOfTier = tier.Name, !quota.MaxBytesSet, !quota.MaxFileSizeSet
	for _, n := range counts {
		v.Counts[n.Status] = n.Files
	}
	return v, nil
}

// notFoundIfMissing speaks of the organization where the domain knows only that
// a row is missing.
func notFoundIfMissing(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return tenancy.ErrNoOrganization.Because(err)
	}
	return err
}
