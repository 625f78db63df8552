package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	changing "satchel/activities/bulk"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/workflows/bulk"
	"satchel/workflows/erasure"
	"satchel/workflows/export"
	"satchel/workflows/offboarding"
	"satchel/workflows/provisioning"
	"satchel/workflows/reconcile"
	"satchel/workflows/rescan"
	"satchel/workflows/roster"
	"satchel/workflows/suspension"
	"satchel/workflows/verification"
)

var errTemporal = fault.New(fault.Unavailable, "workflows_unavailable", "The work could not be started right now. Try again shortly.")

// Rescan starts the re-scan of an organization's published files.
func (p *workflows) Rescan(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) error {
	return orUnavailable(rescan.Begin(ctx, p.db, p.temporal, by.User, org, op))
}

// ChangeFiles begins a change of many files, and does it where they are few.
func (p *workflows) ChangeFiles(ctx context.Context, org tenancy.OrgID, b files.Bulk) error {
	return bulk.Begin(ctx, p.temporal, changing.Changer{DB: p.db, Workflows: p, Cancelled: func(ctx context.Context, err error) {
		p.log.WarnContext(ctx, "cancel workflow of trashed file failed", "org", org.String(), "error", err)
	}}, org, b)
}

// CancelUpload is Cancel as a change of many files knows it.
func (p *workflows) CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return p.Cancel(ctx, org, version)
}

// Reconcile starts the check of the invariants.
func (p *workflows) Reconcile(ctx context.Context, by tenancy.Actor, look reconcile.ReconcileStorageInput) error {
	return orUnavailable(reconcile.Begin(ctx, p.db, p.temporal, by.User, look))
}

// Provision starts to set an organization up.
func (p *workflows) Provision(ctx context.Context, by tenancy.Actor, n tenancy.NewOrganization) (uuid.UUID, error) {
	return provisioning.Begin(ctx, p.db, p.temporal, by.User, n)
}

// Suspend suspends an organization and ends its open uploads.
func (p *workflows) Suspend(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, reason string) error {
	return orUnavailable(suspension.Begin(ctx, p.db, p.temporal, by.User, org, op, reason))
}

// Resume ends an organization's suspension and starts again what it held back.
func (p *workflows) Resume(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) error {
	return orUnavailable(suspension.BeginResume(ctx, p.db, p.temporal, by.User, org, op))
}

// Delete begins the grace period after which an organization is deleted.
func (p *workflows) Delete(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, grace time.Duration) error {
	return offboarding.Begin(ctx, p.db, p.temporal, by.User, org, op, grace)
}

// CancelDeletion ends the grace period of a deletion.
func (p *workflows) CancelDeletion(ctx context.Context, org tenancy.OrgID) error {
	return offboarding.CancelDeletion(ctx, p.db, p.temporal, org)
}

// Export begins a copy of everything that an organization has.
func (p *workflows) Export(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) (uuid.UUID, error) {
	return export.Begin(ctx, p.db, p.temporal, by.User, org, op)
}

// ReleaseRecords releases the records of a request for access, and begins their package.
func (p *workflows) ReleaseRecords(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, id, op uuid.UUID) error {
	return export.BeginOf(ctx, p.db, p.temporal, by.User, org, id, op)
}

// StartErasure starts the workflow of an erasure, or finds it started.
func (p *workflows) StartErasure(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return orUnavailable(erasure.Start(ctx, p.temporal, org, id))
}

// VerifyAuditLog begins to verify an organization's audit log.
func (p *workflows) VerifyAuditLog(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) (uuid.UUID, error) {
	return verification.Begin(ctx, p.db, p.temporal, by.User, org, op)
}

// ImportRoster begins the import of a package that is in the store.
func (p *workflows) ImportRoster(ctx context.Context, org tenancy.OrgID, r rosters.Package) error {
	return roster.Begin(ctx, p.db, p.temporal, org, r)
}

// UndoRoster begins to take an import back.
func (p *workflows) UndoRoster(ctx context.Context, org tenancy.OrgID, id uuid.UUID, by *uuid.UUID) (uuid.UUID, error) {
	return roster.BeginUndo(ctx, p.db, p.temporal, org, id, by)
}

// RosterDecided has the workflow of an import look at its rows.
func (p *workflows) RosterDecided(ctx context.Context, org tenancy.OrgID, id uuid.UUID, d rosters.Decision, hash string) error {
	return roster.Look(ctx, p.temporal, org, id, roster.Decided{Decision: d, Hash: hash})
}

// orUnavailable reports Temporal as unavailable for errors of its client that
// have no kind.
func orUnavailable(err error) error {
	if err != nil && fault.KindOf(err) == fault.Internal {
		return errTemporal.Because(err)
	}
	return err
}
