// Package reconcile checks the platform's invariants: rows, objects, quota and
// workflows say the same. Tests and operators use this one check, and it repairs
// what can be repaired without losing anything.
package reconcile

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// Bucket is what the check asks of a bucket.
type Bucket interface {
	Size(ctx context.Context, key string) (size int64, etag string, err error)
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error
	Pending(ctx context.Context, prefix string) (keys []string, err error)
	Remove(ctx context.Context, key string) error
	AbortAll(ctx context.Context, prefix string) error
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
	Workflows                           Workflows
	Clearer                             Clearer
}

// Options says how deep to look and what to do about it.
type Options struct {
	Repair bool
	Deep   bool          // read every published byte and compare its SHA-256
	Grace  time.Duration // what is younger may be work in progress
}

// Check looks through one organization.
func (c Checker) Check(ctx context.Context, org tenancy.OrgID, o Options) ([]Finding, error) {
	r := &scanState{Checker: c, ctx: ctx, org: org, q: c.DB.Single(org), Options: o}
	for _, step := range []struct {
		name string
		look func() error
	}{
		{"versions", r.versions}, {"clean bucket", r.cleanObjects}, {"quarantine", r.quarantined},
		{"staging", r.staged}, {"multipart uploads", r.parts}, {"exports", r.exported}, {"quota", r.quota},
	} {
		if err := step.look(); err != nil {
			return r.found, fmt.Errorf("check %s: %w", step.name, err)
		}
	}
	return r.found, nil
}

// scanState is one check of one organization.
type scanState struct {
	Checker
	Options
	ctx   context.Context //nolint:containedctx // lives for one check
	org   tenancy.OrgID
	q     tenancy.Queries
	found []Finding
}

// report keeps a finding, and repairs it if that is wanted and possible.
func (r *scanState) report(kind Kind, version uuid.UUID, repair func() error) error {
	f := Finding{Kind: kind, Org: r.org, Version: version}
	if r.Repair && repair != nil {
		if err := repair(); err != nil {
			return fmt.Errorf("repair %s: %w", kind, err)
		}
		f.Repaired = true
		// Objects know no transaction: the row follows the repair, and a crash in
		// between loses the row and not the repair.
		if err := audit.Record(r.ctx, r.q, audit.Event{Action: "storage.repair", ObjectID: version.String(), Code: string(kind)}); err != nil {
			return err
		}
	}
	r.found = append(r.found, f)
	return nil
}

const page = 500

// versions looks from the rows to the store and to Temporal.
func (r *scanState) versions() error {
	var after uuid.UUID
	for {
		rows, err := files.ListVersions(r.ctx, r.q, after, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			after = row.ID
			if err := r.version(row); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return nil
		}
	}
}

func (r *scanState) version(row files.VersionRow) error {
	old := time.Since(row.UpdatedAt) >= r.Grace
	switch {
	case row.Status == files.Published:
		return r.published(row)
	case row.Status == files.Processing && old:
		return r.processing(row)
	case files.Final(row.Status) && row.Status != files.Held && row.CleanedAt == nil && old:
		return r.report(UncleanedVersion, row.ID, func() error {
			_, err := r.Clearer.Clear(r.ctx, r.org, row.ID)
			return err
		})
	}
	return nil
}

func (r *scanState) processing(row files.VersionRow) error {
	running, err := r.Workflows.Running(r.ctx, r.org, row.ID)
	if err != nil || running {
		return err
	}
	if row.StartedAt == nil {
		if moving, err := files.ListInPipeline(r.ctx, r.q); err != nil || moving {
			return err // in the admission queue behind another of its organization
		}
	}
	// The workflow may have ended, and with it the row, since the row was read.
	if status, err := r.status(row.ID); err != nil || status != files.Processing {
		return err
	}
	return r.report(Stuck, row.ID, func() error { return r.Workflows.StartUpload(r.ctx, r.org, row.FileID, row.ID) })
}

// published compares a published version with its object.
func (r *scanState) published(row files.VersionRow) error {
	if row.ScanVerdict != verdict.Clean {
		if err := r.report(Unscanned, row.ID, nil); err != nil {
			return err
		}
	}
	key := files.ContentKey(r.org, row.ID)
	size, _, err := r.Clean.Size(r.ctx, key)
	missing := fault.KindOf(err) == fault.NotFound
	switch {
	case err != nil && !missing:
		return err
	case !missing && size == row.Size && !r.Deep:
		return nil
	}
	// What looks wrong may have been deleted a moment ago.
	if status, err := r.status(row.ID); err != nil || status != files.Published {
		return err
	}
	switch {
	case missing:
		return r.report(ContentMissing, row.ID, nil)
	case size != row.Size:
		return r.report(ContentSize, row.ID, nil)
	}
	return r.deep(row, key)
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
	var used, reserved bool
	err := r.q.QueryRow(r.ctx, `select q.used_bytes = coalesce(sum(v.used_bytes), 0), q.reserved_bytes = coalesce(sum(v.reserved_bytes), 0)
		from storage_quotas q left join file_versions v on v.organization_id = q.organization_id
		group by q.used_bytes, q.reserved_bytes`).Scan(&used, &reserved)
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
