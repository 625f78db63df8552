package settle

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// Remains knows what a version may leave behind and what its state keeps. The
// sweeps and the reconciler clear by it too, so that there is one rule.
type Remains struct {
	db      *tenancy.DB
	objects Objects
}

// NewRemains makes it.
func NewRemains(db *tenancy.DB, o Objects) Remains { return Remains{db: db, objects: o} }

// Erase removes every object that a version may have left anywhere.
func (r Remains) Erase(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return r.objects.Erase(ctx, org, version)
}

// Clear removes what the version's state leaves no use for, and gives that
// state. It is the one place that decides which objects a state keeps.
func (r Remains) Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error) {
	q := r.db.Once(org)
	v, err := files.GetVersion(ctx, q, version)
	if err != nil {
		return "", err
	}
	switch v.Status {
	case files.Uploading, files.Processing, files.Held:
		return v.Status, nil // not settled: another step will
	case files.Published:
		return v.Status, r.objects.eraseReceived(ctx, org, version)
	case files.Quarantined:
		err = r.objects.eraseUnpublished(ctx, org, version)
	default:
		err = r.objects.Erase(ctx, org, version)
	}
	if err != nil {
		return v.Status, err
	}
	if err := files.Cleaned(ctx, q, version); err != nil {
		return v.Status, fmt.Errorf("note the cleaning: %w", err)
	}
	return v.Status, nil
}
