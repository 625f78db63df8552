// Package organization sets organizations up and takes them down: each activity
// is one step, safe to run twice, in the transaction of the organization that it
// is about. The processes belong to the platform, so that their operations
// outlive the organization.
package organization

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/members"
	"satchel/tenancy/operations"
)

// Bucket holds the objects of all organizations, each under its own prefix.
type Bucket interface {
	Put(ctx context.Context, key string, body *bytes.Reader) error
	Remove(ctx context.Context, key string) error
	Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error
	AbortAll(ctx context.Context, prefix string) error
}

// Inviter invites a person by mail, once for each id.
type Inviter interface {
	Invite(ctx context.Context, org tenancy.OrgID, id uuid.UUID, email string, role tenancy.Role) error
}

// Workflows is Temporal as these activities know it.
type Workflows interface {
	// CancelUpload asks the workflow of a version to end clean.
	CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
	Running(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error)
	// StartUpload starts the workflow of a version, or finds it started; Advance
	// lets those in the admission queue into the pipeline as far as there is room.
	StartUpload(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error
	StartAdmitted(ctx context.Context, org tenancy.OrgID) error
	// TerminateAll ends whatever else runs for the organization and says how much it found.
	TerminateAll(ctx context.Context, org tenancy.OrgID) (int64, error)
	// StartProvisioning and StartDeletion start a process again, or find it started.
	StartProvisioning(ctx context.Context, org tenancy.OrgID) error
	StartDeletion(ctx context.Context, org tenancy.OrgID, operation uuid.UUID) error
}

// Parts is what the activities work with. Inviter may be nil: then no one can be
// invited.
type Parts struct {
	DB        *tenancy.DB
	Buckets   []Bucket
	Others    []Bucket // of schools, from which a deletion removes too; nothing is written into them
	Inviter   Inviter
	Workflows Workflows
	Clearer   Clearer
	Certifier Certifier // nil: a deletion ends without a certificate
}

// Certifier keeps the ledger of erasures, and signs the certificate of an organization that is
// gone.
type Certifier interface {
	// Tell writes into the ledger that all of an organization goes.
	Tell(ctx context.Context, target tenancy.OrgID) error
	// Certify writes the certificate in the transaction that removed the last rows.
	Certify(ctx context.Context, tx *tenancy.Tx, target tenancy.OrgID, id uuid.UUID, r erasures.Removed) error
	// Keep keeps a copy of it outside the database.
	Keep(ctx context.Context, target tenancy.OrgID, id uuid.UUID) error
}

// Clearer removes what a settled version's state has no use for.
type Clearer interface {
	Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Activities are the steps of provisioning, which someone waits for.
type Activities struct{ Parts }

// New makes the activities.
func New(p Parts) *Activities { return &Activities{p} }

// BatchActivities are the steps that may last for hours, and the sweep: they run on the
// batch queue, where they hold no slot of a step that someone waits for.
type BatchActivities struct {
	Parts
	page     int           // length of one list of a sweep
	removing chan struct{} // a place for each organization whose files are removed at once
}

// NewBatch makes the activities.
func NewBatch(p Parts) *BatchActivities {
	return &BatchActivities{Parts: p, page: 500, removing: make(chan struct{}, removalsAtOnce)}
}

// The steps of provisioning, as its operation shows them. The rows are made by
// the request itself.
const (
	StepRows     = "rows"
	StepLimits   = "limits"
	StepPolicies = "policies"
	StepOwner    = "owner"
	StepStorage  = "storage"
	StepActivate = "activate"
)

var steps = []string{StepRows, StepLimits, StepPolicies, StepOwner, StepStorage, StepActivate}

// Steps shows provisioning after a step has ended: those behind it are still to
// come.
func Steps(ended string) []operations.Step {
	var shown []operations.Step
	for _, name := range steps {
		shown = append(shown, operations.Step{Name: name, State: operations.Succeeded, Done: 1})
		if name == ended {
			break
		}
	}
	if n := len(shown); n < len(steps) {
		shown = append(shown, operations.Step{Name: steps[n], State: operations.Running})
	}
	return shown
}

// errNoOwner refuses an organization that no one could own.
var errNoOwner = fault.New(fault.Invalid, "invalid_owner", "Invitations by mail are not set up here. Name the owner by issuer and subject.")

// SetOrganizationLimitsInput names the organization that is set up. The platform
// is whose process it is; the operation has the organization's own id.
type SetOrganizationLimitsInput struct{ Org, Target tenancy.OrgID }

// SetOrganizationLimitsResult is empty: the rows are the answer.
type SetOrganizationLimitsResult struct{}

// SetOrganizationLimits gives the organization the limits that were asked for,
// or its tier's.
func (a *Activities) SetOrganizationLimits(ctx context.Context, in SetOrganizationLimitsInput) (SetOrganizationLimitsResult, error) {
	q := a.DB.Single(in.Target)
	setup, err := a.setup(ctx, q)
	if err == nil {
		err = tenancy.SetLimits(ctx, q, setup.MaxBytes, setup.MaxFileSize)
	}
	return SetOrganizationLimitsResult{}, a.ended(ctx, in.Target, StepLimits, err)
}

// SetDefaultPoliciesInput names the organization that is set up.
type SetDefaultPoliciesInput struct{ Org, Target tenancy.OrgID }

// SetDefaultPoliciesResult is empty: the row is the answer.
type SetDefaultPoliciesResult struct{}

// SetDefaultPolicies gives the organization the platform's policies.
func (a *Activities) SetDefaultPolicies(ctx context.Context, in SetDefaultPoliciesInput) (SetDefaultPoliciesResult, error) {
	q := a.DB.Single(in.Target)
	_, err := a.setup(ctx, q)
	if err == nil {
		err = tenancy.SetPolicies(ctx, q, tenancy.DefaultPolicies())
	}
	return SetDefaultPoliciesResult{}, a.ended(ctx, in.Target, StepPolicies, err)
}

// SetOwnerInput names the organization that is set up.
type SetOwnerInput struct{ Org, Target tenancy.OrgID }

// SetOwnerResult says whether the owner was invited and is no member yet.
type SetOwnerResult struct{ Invited bool }

// SetOwner makes the person who was named the owner, or invites them.
func (a *Activities) SetOwner(ctx context.Context, in SetOwnerInput) (SetOwnerResult, error) {
	setup, err := a.setup(ctx, a.DB.Single(in.Target))
	if err != nil {
		return SetOwnerResult{}, err
	}
	result := SetOwnerResult{Invited: setup.OwnerEmail != ""}
	switch {
	case setup.Owner != nil:
		err = a.makeOwner(ctx, in.Target, *setup.Owner)
	case setup.OwnerEmail != "" && (a.Inviter == nil || setup.Invitation == nil):
		err = errNoOwner
	case setup.OwnerEmail != "":
		err = a.Inviter.Invite(ctx, in.Target, *setup.Invitation, setup.OwnerEmail, tenancy.Owner)
	}
	return result, a.ended(ctx, in.Target, StepOwner, err)
}

func (a *Activities) makeOwner(ctx context.Context, org tenancy.OrgID, user uuid.UUID) error {
	return a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		added, err := members.AddOwner(ctx, tx, user)
		if err != nil || !added {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "member.add", ObjectID: user.String(), Code: string(tenancy.Owner)})
	})
}

// CheckStorageInput names the organization that is set up.
type CheckStorageInput struct{ Org, Target tenancy.OrgID }

// CheckStorageResult is empty: the store took what it was given.
type CheckStorageResult struct{}

// probe is what CheckStorage writes under the organization's prefix.
func probe(org tenancy.OrgID) string { return org.String() + "/probe" }

// CheckStorage shows that every bucket takes and gives up this organization's
// objects, and leaves nothing.
func (a *Activities) CheckStorage(ctx context.Context, in CheckStorageInput) (CheckStorageResult, error) {
	defer queue.Heartbeat(ctx)()
	for _, b := range a.Buckets {
		if err := b.Put(ctx, probe(in.Target), bytes.NewReader([]byte("probe"))); err != nil {
			return CheckStorageResult{}, fmt.Errorf("write under the organization's prefix: %w", err)
		}
	}
	return CheckStorageResult{}, a.ended(ctx, in.Target, StepStorage, a.removeProbes(ctx, in.Target))
}

// RemoveProbesInput names the organization that could not be set up.
type RemoveProbesInput struct{ Org, Target tenancy.OrgID }

// RemoveProbesResult is empty: nothing is left.
type RemoveProbesResult struct{}

// RemoveProbes undoes CheckStorage.
func (a *Activities) RemoveProbes(ctx context.Context, in RemoveProbesInput) (RemoveProbesResult, error) {
	defer queue.Heartbeat(ctx)()
	return RemoveProbesResult{}, a.removeProbes(ctx, in.Target)
}

func (a *Activities) removeProbes(ctx context.Context, org tenancy.OrgID) error {
	for _, b := range a.Buckets {
		if err := b.Remove(ctx, probe(org)); err != nil {
			return fmt.Errorf("remove the probe: %w", err)
		}
	}
	return nil
}

// ActivateOrganizationInput names the organization that is ready.
type ActivateOrganizationInput struct{ Org, Target tenancy.OrgID }

// ActivateOrganizationResult is empty: the rows are the answer.
type ActivateOrganizationResult struct{}

// ActivateOrganization opens the organization and ends its operation.
func (a *Activities) ActivateOrganization(ctx context.Context, in ActivateOrganizationInput) (ActivateOrganizationResult, error) {
	err := a.DB.InTx(ctx, in.Target, func(tx *tenancy.Tx) error {
		changed, err := tenancy.Activate(ctx, tx)
		if err != nil || !changed {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "organization.activate", ObjectID: in.Target.String()})
	})
	if err != nil {
		return ActivateOrganizationResult{}, err
	}
	made := map[string]string{"organization_id": in.Target.String()}
	return ActivateOrganizationResult{}, operations.End(ctx, a.DB.Single(in.Org), in.Target.UUID(), operations.Succeeded, Steps(StepActivate), made, nil)
}

// DiscardOrganizationInput names the organization that could not be set up.
type DiscardOrganizationInput struct{ Org, Target tenancy.OrgID }

// DiscardOrganizationResult is empty: nothing is left.
type DiscardOrganizationResult struct{}

// DiscardOrganization removes every row of an organization that was never
// finished; its slug is free again.
func (a *Activities) DiscardOrganization(ctx context.Context, in DiscardOrganizationInput) (DiscardOrganizationResult, error) {
	return DiscardOrganizationResult{}, a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		counts, err := tenancy.DeleteOrganizationRows(ctx, tx, in.Target)
		if err != nil || counts == nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "organization.create", ObjectID: in.Target.String(), Result: audit.Failed, Code: "provisioning_failed",
		})
	})
}

// setup reads the remaining work. An organization that an earlier, lost attempt
// has finished has none.
func (a *Activities) setup(ctx context.Context, q tenancy.Queries) (tenancy.ProvisioningSetup, error) {
	setup, found, err := tenancy.GetProvisioningSetup(ctx, q)
	if err == nil && !found {
		err = fault.New(fault.Conflict, "not_provisioning", "The organization is not being set up.")
	}
	return setup, err
}

// ended notes a step that worked in the operation, which has the organization's id.
func (a *Activities) ended(ctx context.Context, org tenancy.OrgID, step string, err error) error {
	if err != nil {
		return err
	}
	return operations.Progress(ctx, a.DB.Single(tenancy.Platform), org.UUID(), Steps(step))
}
