package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// PicturesToWarm are pictures of one version that no request has asked for yet.
type PicturesToWarm struct {
	Org     OrgID     `db:"organization_id"`
	Version uuid.UUID `db:"version_id"`
	Keys    []string  `db:"keys"`
}

// PicturesToWarm finds what the pages of an organization are likely to ask for of pictures
// that were published lately: the most keys that were asked for of so many versions.
func (d *DB) PicturesToWarm(ctx context.Context, types []string, published time.Duration, least, most int, after uuid.UUID, n int) ([]PicturesToWarm, error) {
	return pageOf[PicturesToWarm](ctx, d, "version_id", "select organization_id, version_id, keys from app.pictures_to_warm($1, $2, $3, $4, $5, $6)", types, published, least, most, after, n)
}
