package sweep

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
)

// Keys are the keys of organizations, under which data keys of files are encrypted.
type Keys interface {
	// Stale gives organizations after the given one whose key is not under the current key
	// of the key service.
	Stale(ctx context.Context, after uuid.UUID, most int) ([]uuid.UUID, error)
	// Rotate encrypts the key of an organization again.
	Rotate(ctx context.Context, org uuid.UUID) error
}

// keysPage is how many organizations are looked for at once.
const keysPage = 100

// KeySweeps are the sweeps of keys.
func KeySweeps(k Keys) []queue.Sweep {
	return []queue.Sweep{{Name: "rotate-data-keys", Every: time.Minute, Run: func(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
		return queue.SweepByID(ctx, "encrypt the keys of organizations again", after, func(org uuid.UUID) uuid.UUID { return org },
			func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) { return k.Stale(ctx, after, keysPage) }, k.Rotate)
	}}}
}
