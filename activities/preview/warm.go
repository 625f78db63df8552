package preview

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// What is made ahead: of pictures that were published in the last hour, the few keys that
// the organization's pages asked for most, each of several pictures.
const (
	warmPublished = time.Hour
	warmLeast     = 3
	warmMost      = 4
)

// Warmer has pictures made before somebody waits for them.
type Warmer struct {
	db      *tenancy.DB
	starter PictureStarter
	page    int // length of one list
}

// PictureStarter starts the workflow that makes a picture ahead, once.
type PictureStarter interface {
	StartPicture(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) error
}

// NewWarmer makes it.
func NewWarmer(db *tenancy.DB, s PictureStarter) *Warmer {
	return &Warmer{db: db, starter: s, page: 500}
}

// SweepsOfWarmer is its sweep.
func SweepsOfWarmer(w *Warmer) []queue.Sweep {
	return []queue.Sweep{{Name: "warm-pictures", Every: 30 * time.Second, Run: w.warmPictures}}
}

// warmPictures starts what is missing. A picture that is not made ahead is made when
// somebody asks for it, so that nothing here is tried again.
func (w *Warmer) warmPictures(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "warm pictures", after, func(p tenancy.PicturesToWarm) uuid.UUID { return p.Version },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.PicturesToWarm, error) {
			return w.db.PicturesToWarm(ctx, previews.MediaTypes(previews.Picture), warmPublished, warmLeast, warmMost, after, w.page)
		}, func(ctx context.Context, p tenancy.PicturesToWarm) error {
			for _, key := range p.Keys {
				if err := w.starter.StartPicture(ctx, p.Org, p.Version, key); err != nil {
					return err
				}
			}
			return nil
		})
}
