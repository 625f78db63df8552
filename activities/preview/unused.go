package preview

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// DropUnusedPicturesInput names the platform, and where the sweep goes on.
type DropUnusedPicturesInput struct {
	Org   tenancy.OrgID
	After uuid.UUID
}

// PlatformWork marks work across organizations.
func (DropUnusedPicturesInput) PlatformWork() {}

// dropLease keeps others from a picture that is about to be removed.
const dropLease = time.Minute

// DropUnusedPictures removes pictures that were asked for and were not used for long. They
// are made again when somebody asks.
func (m *Missing) DropUnusedPictures(ctx context.Context, in DropUnusedPicturesInput) (queue.Swept, error) {
	return queue.SweepByID(ctx, "drop unused pictures", in.After, func(r tenancy.Ref) uuid.UUID { return r.Version }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return m.db.VersionsWithUnusedPictures(ctx, m.config.Unused, after, m.page)
	}, m.dropOf)
}

func (m *Missing) dropOf(ctx context.Context, r tenancy.Ref) error {
	q := m.db.Single(r.Org)
	keys, err := files.UnusedTransformations(ctx, q, r.Version, m.config.Unused)
	if err != nil {
		return err
	}
	for _, key := range keys {
		mine, err := files.DropTransformation(ctx, q, r.Version, key, m.config.Unused, dropLease)
		if err != nil {
			return err
		}
		if !mine {
			continue
		}
		if err := m.clean.Remove(ctx, files.TransformationKey(r.Org, r.Version, key)); err != nil {
			return err
		}
		if err := files.DroppedTransformation(ctx, q, r.Version, key, m.config.Unused); err != nil {
			return err
		}
	}
	return nil
}
