package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/files"
	"satchel/tenancy"
)

type quotaView struct {
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

func (a *API) getQuota(c *gin.Context) error {
	v, err := a.quota(c.Request.Context(), caller(c).Org)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, v)
	return nil
}

func (a *API) quota(ctx context.Context, org tenancy.OrgID) (quotaView, error) {
	q := a.DB.Once(org)
	quota, err := files.GetQuota(ctx, q)
	if err != nil {
		return quotaView{}, orNoOrganization(err)
	}
	tier, err := tenancy.GetTier(ctx, q)
	if err != nil {
		return quotaView{}, err
	}
	counts, err := files.CountByStatus(ctx, q)
	if err != nil {
		return quotaView{}, err
	}
	v := quotaView{Max: quota.MaxBytes, Used: quota.UsedBytes, Reserved: quota.ReservedBytes, MaxFileSize: quota.MaxFileSize, Counts: map[files.Status]int64{}}
	v.Tier, v.MaxOfTier, v.FileSizeOfTier = tier.Name, !quota.MaxBytesSet, !quota.MaxFileSizeSet
	for _, n := range counts {
		v.Counts[n.Status] = n.Files
	}
	return v, nil
}
