package organizations

import (
	"log/slog"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/policies/types"
	"satchel/tenancy"
)

var (
	tierPattern    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
	featurePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
)

// ListTiers lists the tiers.
func (r *Organizations) ListTiers(c *gin.Context) error {
	tiers, err := r.DB.Tiers(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"items": tiers})
	return nil
}

type tierBody struct {
	MaxMembers        int      `json:"max_members"`
	MaxBytes          int64    `json:"max_bytes"`
	MaxFileSize       int64    `json:"max_file_size"`
	RequestsPerMinute int      `json:"requests_per_minute"`
	ConcurrentUploads int      `json:"concurrent_uploads"`
	ConcurrentScans   int      `json:"concurrent_scans"`
	Renditions        bool     `json:"renditions"`
	Features          []string `json:"features"`
	MaxWebhooks       *int     `json:"max_webhooks"`
	ShareOutside      *bool    `json:"share_outside"` // absent: yes
	ShareUpload       *bool    `json:"share_upload"`  // absent: yes
	SharePassword     bool     `json:"share_password"`
	ShareDays         *int     `json:"share_days"`
}

const mostShareDays = 3650

// defaultWebhooks is the limit of a tier whose body names none.
const defaultWebhooks = 5

const maxTierValue = 1 << 30 // of what is counted in 32 bits

func (b tierBody) check() error {
	for field, n := range map[string]int{
		"max_members": b.MaxMembers, "requests_per_minute": b.RequestsPerMinute,
		"concurrent_uploads": b.ConcurrentUploads, "concurrent_scans": b.ConcurrentScans,
	} {
		if n < 1 || n > maxTierValue {
			return request.Invalid(field, "%s is a number from 1 to %d.", field, maxTierValue)
		}
	}
	if b.MaxWebhooks != nil && (*b.MaxWebhooks < 0 || *b.MaxWebhooks > maxTierValue) {
		return request.Invalid("max_webhooks", "max_webhooks is a number from 0 to %d.", maxTierValue)
	}
	if b.MaxBytes < 0 {
		return request.Invalid("max_bytes", "max_bytes is a number of bytes and not negative.")
	}
	if b.MaxFileSize < 1 {
		return request.Invalid("max_file_size", "max_file_size is a number of bytes of at least 1.")
	}
	if b.ShareDays != nil && (*b.ShareDays < 1 || *b.ShareDays > mostShareDays) {
		return request.Invalid("share_days", "share_days is the longest life of a share with people outside, from 1 to %d days, or null.", mostShareDays)
	}
	for _, f := range b.Features {
		if !featurePattern.MatchString(f) {
			return request.Invalid("features", "A feature is a word of a-z, 0-9 and _.")
		}
	}
	return nil
}

// SetTier is in force with its commit, for every organization of the tier.
func (r *Organizations) SetTier(c *gin.Context) error {
	name := c.Param("name")
	if !tierPattern.MatchString(name) {
		return request.Invalid("tier", "A tier's name is a word of a-z, 0-9 and _, at most 50 long.")
	}
	in, err := request.Body[tierBody](c)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	t := tenancy.Tier{Name: name, MaxMembers: in.MaxMembers, MaxBytes: in.MaxBytes, MaxFileSize: in.MaxFileSize,
		RequestsPerMinute: in.RequestsPerMinute, ConcurrentUploads: in.ConcurrentUploads, ConcurrentScans: in.ConcurrentScans,
		Renditions: in.Renditions, Features: append([]string{}, in.Features...),
		ShareOutside: in.ShareOutside == nil || *in.ShareOutside, ShareUpload: in.ShareUpload == nil || *in.ShareUpload, SharePassword: in.SharePassword, ShareDays: in.ShareDays, MaxWebhooks: defaultWebhooks}
	if in.MaxWebhooks != nil {
		t.MaxWebhooks = *in.MaxWebhooks
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error {
		if err := tenancy.PutTier(ctx, tx, t); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "tier.set", ObjectID: name})
	})
	if err != nil {
		return err
	}
	if err := r.DB.CopyTiers(ctx); err != nil { // a sweep does it again
		slog.WarnContext(ctx, "a cluster has the tier as it was", "tier", name, "error", err)
	}
	t, err = r.DB.Tier(ctx, name)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, t)
	return nil
}

// mediaTypes lists the accepted media types.
func mediaTypes() []string { return types.MediaTypes() }
