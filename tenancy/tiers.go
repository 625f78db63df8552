package tenancy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
)

// Tier is what a subscription allows. An organization's own limits of bytes and
// file size, where an operator set them, go before its tier's.
type Tier struct {
	Name              string   `db:"name" json:"name"`
	MaxMembers        int      `db:"max_members" json:"max_members"`
	MaxBytes          int64    `db:"max_bytes" json:"max_bytes"`
	MaxFileSize       int64    `db:"max_file_size" json:"max_file_size"`
	RequestsPerMinute int      `db:"requests_per_minute" json:"requests_per_minute"`
	ConcurrentUploads int      `db:"concurrent_uploads" json:"concurrent_uploads"`
	ConcurrentScans   int      `db:"concurrent_scans" json:"concurrent_scans"`
	Renditions        bool     `db:"renditions" json:"renditions"`
	Features          []string `db:"features" json:"features"`
	MaxWebhooks       int      `db:"max_webhooks" json:"max_webhooks"`
	// The bounds of shares with people outside; an organization's own may be stricter.
	ShareOutside  bool      `db:"share_outside" json:"share_outside"`
	ShareUpload   bool      `db:"share_upload" json:"share_upload"`     // drop boxes
	SharePassword bool      `db:"share_password" json:"share_password"` // links have one
	ShareDays     *int      `db:"share_days" json:"share_days"`         // the longest life; nil: without a limit
	UpdatedAt     time.Time `db:"updated_at" json:"updated_at"`
}

const tierColumns = `name, max_members, max_bytes, max_file_size, requests_per_minute, concurrent_uploads, concurrent_scans,
	renditions, features, share_outside, share_upload, share_password, share_days, max_webhooks, updated_at`

// ErrNoTier refuses a tier that is not among the tiers.
var ErrNoTier = fault.New(fault.Invalid, "invalid_tier", "There is no such tier. GET /api/v1/admin/tiers lists them.")

// GetTier reads the tier of the organization to which q is bound.
func GetTier(ctx context.Context, q Queries) (Tier, error) {
	rows, err := q.Query(ctx, "select "+tierColumns+" from tiers")
	if err != nil {
		return Tier{}, fmt.Errorf("read tier: %w", err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Tier])
	if errors.Is(err, pgx.ErrNoRows) {
		return t, ErrNoOrganization
	}
	return t, err
}

// Tiers lists the tiers, the smallest first.
func (d *DB) Tiers(ctx context.Context) ([]Tier, error) {
	return inDirectory[Tier](ctx, d, "select "+tierColumns+" from app.tiers()")
}

// Tier finds a tier by its name.
func (d *DB) Tier(ctx context.Context, name string) (Tier, error) {
	tiers, err := d.Tiers(ctx)
	if err != nil {
		return Tier{}, err
	}
	for _, t := range tiers {
		if t.Name == name {
			return t, nil
		}
	}
	return Tier{}, ErrNoTier
}
