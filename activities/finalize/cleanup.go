package finalize

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// Cleaner knows what a version may leave behind and what its state keeps. The
// sweeps and the reconciler clear by it too, so that there is one rule.
type Cleaner struct {
	db      *tenancy.DB
	objects Objects
	delay   time.Duration
}

// RemovalConfig says how long objects stay that people deleted.
type RemovalConfig struct {
	Delay time.Duration `env:"SATCHEL_REMOVAL_DELAY" envDefault:"0s"` // how long the objects of a deleted version stay in the store, so that a copy of the buckets that follows a backup of the database finds them; 48h where buckets are copied every day, 0 for no such copies. Erasures do not wait
}

// Check refuses a negative delay.
func (c RemovalConfig) Check() error {
	if c.Delay < 0 {
		return fmt.Errorf("SATCHEL_REMOVAL_DELAY is %s: it is 0 or more", c.Delay)
	}
	return nil
}

// NewCleaner makes one that removes at once.
func NewCleaner(db *tenancy.DB, o Objects) Cleaner { return Cleaner{db: db, objects: o} }

// Delayed is a Cleaner that lets deleted versions wait.
func (r Cleaner) Delayed(c RemovalConfig) Cleaner {
	r.delay = c.Delay
	return r
}

// RemoveVersion removes every object that a version may have left anywhere, at once.
func (r Cleaner) RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return r.objects.RemoveVersion(ctx, org, version)
}

// RemoveDeleted removes every object of a deleted version, and says false while they have
// to stay. Only what was published waits: of the rest, no backup of the database says more
// than that it arrived.
func (r Cleaner) RemoveDeleted(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error) {
	q := r.db.Single(org)
	v, err := files.GetVersion(ctx, q, version)
	if err != nil {
		return false, err
	}
	if waits, err := r.waits(ctx, q, v); err != nil || waits {
		return false, err
	}
	return true, r.objects.RemoveVersion(ctx, org, version)
}

// waits says whether the objects of a version have to stay for now, and sets until when
// where that is not set.
func (r Cleaner) waits(ctx context.Context, q tenancy.Queries, v files.Version) (bool, error) {
	if r.delay == 0 || v.Status != files.Deleted || v.ObjectEtag == "" || v.ScanVerdict != verdict.Clean {
		return false, nil
	}
	return files.DelayRemoval(ctx, q, v.ID, r.delay)
}

// Clear removes what the version's state leaves no use for, and gives that
// state. It is the one place that decides which objects a state keeps.
func (r Cleaner) Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error) {
	q := r.db.Single(org)
	v, err := files.GetVersion(ctx, q, version)
	if err != nil {
		return "", err
	}
	if !files.Final(v.Status) || v.Status == files.Held {
		return v.Status, nil // a later step ends it
	}
	switch {
	case files.KeptAsLost(v.Status, v.StatusReason): // its bytes were not found, which is no reason to remove what was overlooked
	case v.Status == files.Published:
		err = r.objects.eraseReceived(ctx, org, version)
	case v.Status == files.Quarantined:
		err = r.objects.eraseUnpublished(ctx, org, version)
	default:
		if waits, err := r.waits(ctx, q, v); err != nil || waits {
			return v.Status, err
		}
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
