package finalize

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// Cleaner knows what a version may leave behind and what its state keeps. The
// sweeps and the reconciler clear by it too, so that there is one rule.
type Cleaner struct {
	db      *tenancy.DB
	objects Objects
}

// NewCleaner makes it.
func NewCleaner(db *tenancy.DB, o Objects) Cleaner { return Cleaner{db: db, objects: o} }

// RemoveVersion removes every object that a version may have left anywhere.
func (r Cleaner) RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return r.objects.RemoveVersion(ctx, org, version)
}

// Clear removes what the version's state leaves no use for, and gives that
// state. It is the one place that decides which objects a state keeps.
func (r Cleaner) Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error) {
	q := r.db.Single(org)
	v, err := files.GetVersion(ctx, q, version)
	if err != nil {
		return "", err
	}
	switch v.Status {
	case files.Uploading, files.Processing, files.Held:
		return v.Status, nil // not final: a later step ends it
	case files.Published:
		err = r.objects.eraseReceived(ctx, org, version)
	case files.Quarantined:
		err = r.objects.eraseUnpublished(ctx, org, version)
	default:
		err = r.objects.RemoveVersion(ctx, org, version)
	}
	if err != nil {
		return v.Status, err
	}
	if v.CleanedAt != nil {
		return v.Status, nil
	}
	if err := files.MarkCleaned(ctx, q, version, v.Status); err != nil {
		return v.Status, fmt.Errorf("note the cleaning: %w", err)
	}
	return v.Status, nil
}
