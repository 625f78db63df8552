package main

import (
	"context"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
)

var errNoProcess = fault.New(fault.Unavailable, "process_unavailable", "This build does not run that process.")

// Rescan starts the re-scan of an organization's published files.
func (p *processes) Rescan(context.Context, tenancy.Actor, tenancy.OrgID) (uuid.UUID, error) {
	return uuid.Nil, errNoProcess
}

// Reconcile starts the check of the invariants.
func (p *processes) Reconcile(context.Context, tenancy.Actor, bool) (uuid.UUID, error) {
	return uuid.Nil, errNoProcess
}
