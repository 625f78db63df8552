package main

import (
	"context"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/workflows/reconcile"
	"satchel/workflows/rescan"
)

var errTemporal = fault.New(fault.Unavailable, "workflows_unavailable", "The work could not be started right now. Try again shortly.")

// Rescan starts the re-scan of an organization's published files.
func (p *processes) Rescan(ctx context.Context, by tenancy.Actor, org tenancy.OrgID) (uuid.UUID, error) {
	id, err := rescan.Begin(ctx, p.db, p.temporal, by.User, org)
	return id, orUnavailable(err)
}

// Reconcile starts the check of the invariants.
func (p *processes) Reconcile(ctx context.Context, by tenancy.Actor, look reconcile.ReconcileStorageInput) (uuid.UUID, error) {
	id, err := reconcile.Begin(ctx, p.db, p.temporal, by.User, look)
	return id, orUnavailable(err)
}

// orUnavailable speaks of Temporal where nothing else is known: its client
// gives errors of its own.
func orUnavailable(err error) error {
	if err != nil && fault.KindOf(err) == fault.Internal {
		return errTemporal.Because(err)
	}
	return err
}
