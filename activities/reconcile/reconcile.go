// Package reconcile checks the platform's invariants: rows, objects, quota and
// workflows say the same. Tests and operators use this one check, and it repairs
// what can be repaired without losing anything.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Object is what a listing says of an object.
type Object struct {
	Key      string
	Size     int64
	ETag     string
	Modified time.Time
}

// Bucket is what the check asks of a bucket. List gives the objects under a
// prefix whose keys come after the given one, in the order of their keys.
type Bucket interface {
	Size(ctx context.Context, key string) (size int64, etag string, err error)
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	List(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
	Pending(ctx context.Context, prefix string) (keys []string, err error)
	Remove(ctx context.Context, key string) error
	AbortAll(ctx context.Context, prefix string) error
	DropKey(ctx context.Context, key string) error // destroys the data key of the version of an object

	// For a check after a restore.

	Name() string
	SHA256(ctx context.Context, key string) (sum string, err error) // that the store keeps of an object, in hex; empty: it keeps none
	KeyMissing(ctx context.Context, key string) (bool, error)       // whether an object is encrypted and has no data key
	CopyFrom(ctx context.Context, bucket, srcKey, etag, key string) (newETag string, err error)
}

// Keys is what the check asks of the key store.
type Keys interface {
	// Each visits the versions of an organization that have a data key and come after the given one, in
	// order, with since when it lies there.
	Each(ctx context.Context, org tenancy.OrgID, after uuid.UUID, visit func(version uuid.UUID, since time.Time) error) error
	Drop(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error // one that is not there succeeds
}

// AuditLogs notes that a restore cut an organization's audit log off, and says whether it did.
type AuditLogs interface {
	Restored(ctx context.Context, org tenancy.OrgID) (bool, error)
}

// Erasures is the ledger of what was erased, which a restore of the database does not take back.
type Erasures interface {
	// Each visits what the ledger says was erased, and is there: a file with its versions, or,
	// with no file, the organization.
	Each(ctx context.Context, org tenancy.OrgID, visit func(file uuid.UUID, versions []uuid.UUID) error) error
	// Again erases it again, and says true where a hold keeps its rows.
	Again(ctx context.Context, org tenancy.OrgID, file uuid.UUID, versions []uuid.UUID) (held bool, err error)
	// People visits the people whose own rows were emptied, and are there again.
	People(ctx context.Context, org tenancy.OrgID, visit func(person uuid.UUID) error) error
	// Forget empties the row of a person again, and says true where a hold or a membership keeps it.
	Forget(ctx context.Context, org tenancy.OrgID, person uuid.UUID) (held bool, err error)
	// Certificates brings back what the restore lost of certificates.
	Certificates(ctx context.Context, org tenancy.OrgID) error
}

// Workflows knows the workflow of a version.
type Workflows interface {
	Running(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error)
	StartUpload(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error
}

// Clearer removes what a version's state has no use for.
type Clearer interface {
	Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error)
}

// Checker holds the dependencies of the check.
type Checker struct {
	DB                                  *tenancy.DB
	Staging, Clean, Quarantine, Exports Bucket
	Keys                                Keys // nil: data keys are not looked at
	Workflows                           Workflows
	Clearer                             Clearer

	Delay    time.Duration // how long objects stay that belong to no version any more
	Rowless  time.Duration // how old bytes that arrived and have no row must be to be removed; 0: ten minutes
	KeyAge   time.Duration // how old a data key that opens nothing must be to be removed; 0: a day
	Restored AuditLogs     // nil: what was signed of audit logs is not looked at
	Erasures Erasures      // nil: there is no ledger of erasures
}

// Options says how deep to look and what to do about it.
type Options struct {
	Repair bool
	Deep   bool          // read every published byte and compare its SHA-256
	Grace  time.Duration // what is younger may be work in progress

	Restore Restore // the zero value: no restore was made
}

// Position is where a check of an organization goes on: behind a version in a
// stage. The zero Position is its beginning.
type Position struct {
	Stage Stage
	After uuid.UUID
}

// Limit bounds a slice: after so many versions, or so long, the slice ends and
// gives the position at which the next one goes on. Zero is no limit.
type Limit struct {
	Versions int
	Time     time.Duration
}

// Slice is what a slice of a check found.
type Slice struct {
	Findings []Finding
	Versions int      // that were looked at, in rows or in listings
	Next     Position // where to go on
	Done     bool     // the organization was checked to its end
	Failed   error    // of repairs that failed and were passed over
}

// Check looks through one organization.
func (c Checker) Check(ctx context.Context, org tenancy.OrgID, o Options) ([]Finding, error) {
	s, err := c.Slice(ctx, org, Position{}, o, Limit{})
	return s.Findings, errors.Join(err, s.Failed)
}

// Slice looks through an organization from a position on, until its end or the
// limit. A repair that fails is logged and passed over. Any other failure ends the
// slice at the version where it happened; what was found until then is kept.
func (c Checker) Slice(ctx context.Context, org tenancy.OrgID, from Position, o Options, l Limit) (Slice, error) {
	r := &scanState{Checker: c, Options: o, Limit: l, Slice: Slice{Next: from}, ctx: ctx, org: org, q: c.DB.Single(org), begun: time.Now()}
	looks := map[Stage]func() error{
		StageQuota: r.quota, StageClean: r.clean, StageQuarantine: r.quarantined, StageStaging: r.staged, StageMultipart: r.parts, StageExports: r.exported,
		StageKeys: r.keys,
	}
	stages := Stages
	if o.Restore.Made() {
		looks[StageRestoredErasures] = r.restoredErasures
		looks[StageRestoredVersions], looks[StageRestoredRest] = r.restoredVersions, r.restoredRest
		stages = slices.Concat(RestoredStages, Stages)
	}
	for i := stageIndex(stages, from.Stage); i < len(stages); i++ {
		if r.Next.Stage != stages[i] {
			r.Next = Position{Stage: stages[i]}
		}
		err := looks[stages[i]]()
		switch {
		case errors.Is(err, errLimit):
			return r.Slice, nil
		case errors.Is(err, errErased):
			r.Next, r.Done = Position{}, true
			return r.Slice, nil
		case err != nil:
			return r.Slice, fmt.Errorf("check %s: %w", stages[i], err)
		}
	}
	r.Next, r.Done = Position{}, true
	return r.Slice, nil
}

// errLimit ends a slice between two versions.
var errLimit = errors.New("the slice has come to its limit")

// errErased ends the check of an organization that is deleted again.
var errErased = errors.New("the organization was erased")

// scanState is one slice of a check of one organization.
type scanState struct {
	Checker
	Options
	Limit
	Slice
	ctx   context.Context //nolint:containedctx // lives for one slice
	org   tenancy.OrgID
	q     tenancy.Queries
	begun time.Time

	found sync.Mutex // guards Findings and Failed where versions are looked at side by side
}

// passed notes that everything up to a version has been looked at.
func (r *scanState) passed(version uuid.UUID) error {
	r.Next.After = version
	r.Slice.Versions++
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case r.Limit.Versions > 0 && r.Slice.Versions >= r.Limit.Versions, r.Limit.Time > 0 && time.Since(r.begun) >= r.Limit.Time:
		return errLimit
	}
	return nil
}

// report keeps a finding, and repairs it if that is wanted and possible. A repair
// that fails does not keep the check from what comes behind it.
func (r *scanState) report(kind Kind, version uuid.UUID, repair func() error) error {
	f := Finding{Kind: kind, Org: r.org, Version: version}
	var failed error
	if r.Repair && repair != nil {
		err := r.repair(f, repair)
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		f.Repaired = err == nil
		if err != nil {
			queue.SweepFailed(r.ctx, "repair "+string(kind), f, err)
			failed = fmt.Errorf("repair %s: %w", kind, err)
		}
	}
	r.found.Lock()
	defer r.found.Unlock()
	r.Failed = cmpError(r.Failed, failed)
	r.Findings = append(r.Findings, f)
	return nil
}

// repair repairs a finding and records it. Objects know no transaction: the row of
// the audit log follows the repair, and a crash in between loses the row and not
// the repair.
func (r *scanState) repair(f Finding, repair func() error) error {
	if err := repair(); err != nil {
		return err
	}
	return audit.Record(r.ctx, r.q, audit.Event{Action: "storage.repair", ObjectID: f.Version.String(), Code: string(f.Kind)})
}

// cmpError keeps the first error: one repair that fails for each of a million
// objects must not become an error of a million lines.
func cmpError(first, err error) error {
	if first != nil {
		return first
	}
	return err
}

// status reads the current status of a version; it is empty for one without a row.
func (r *scanState) status(version uuid.UUID) (files.Status, error) {
	v, err := files.GetVersion(r.ctx, r.q, version)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	return v.Status, err
}

// quota compares the two sums in one statement, and so in one moment.
func (r *scanState) quota() error {
	if r.org == tenancy.Platform {
		return nil // stores nothing and has no quota
	}
	used, reserved, err := files.SumsAgree(r.ctx, r.q)
	if err != nil {
		return err
	}
	if !used {
		if err := r.report(QuotaUsed, uuid.Nil, nil); err != nil {
			return err
		}
	}
	if !reserved {
		return r.report(QuotaReserved, uuid.Nil, nil)
	}
	return nil
}
