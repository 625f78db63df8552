package api

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	changing "satchel/activities/bulk"
	"satchel/analytics/reports"
	"satchel/files"
	"satchel/generation/drafts"
	"satchel/internal/pgtest"
	"satchel/roblox/connections"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/exports"
	"satchel/tenancy/operations"
	reporting "satchel/workflows/analytics"
	"satchel/workflows/bulk"
	exporting "satchel/workflows/export"
	"satchel/workflows/generation"
	"satchel/workflows/reconcile"
	"satchel/workflows/rescan"
	"satchel/workflows/roblox"
	"satchel/workflows/roster"
	"satchel/workflows/suspension"
	"satchel/workflows/upload"
	"satchel/workflows/verification"
)

// started is what a workflow is started with.
type started = upload.UploadFileInput

// fakeWorkflows notes what was started and cancelled.
type fakeWorkflows struct {
	mu          sync.Mutex
	started     []started
	cancelled   []uuid.UUID
	advanced    []tenancy.OrgID
	decided     []uuid.UUID // imports of rosters
	erased      []uuid.UUID // people of Roblox
	onStart     func(started)
	showPages   func(ctx context.Context, org tenancy.OrgID, version uuid.UUID, first int) (string, error)
	makePicture func(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (string, error)
	db          *pgtest.Database
	holds       bool // what is begun does not end
}

// StartRelease begins nothing: the sweep would.
func (*fakeWorkflows) StartRelease(context.Context, tenancy.OrgID, uuid.UUID, uuid.UUID) error {
	return nil
}

func (p *fakeWorkflows) Start(_ context.Context, in upload.UploadFileInput) error {
	p.mu.Lock()
	p.started = append(p.started, in)
	then := p.onStart
	p.mu.Unlock()
	if then != nil {
		then(in)
	}
	return nil
}

func (p *fakeWorkflows) Cancel(_ context.Context, _ tenancy.OrgID, version uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancelled = append(p.cancelled, version)
	return nil
}

func (p *fakeWorkflows) ShowPages(ctx context.Context, org tenancy.OrgID, version uuid.UUID, first int) (string, error) {
	p.mu.Lock()
	show := p.showPages
	p.mu.Unlock()
	return show(ctx, org, version, first)
}

func (p *fakeWorkflows) MakePicture(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (string, error) {
	p.mu.Lock()
	draw := p.makePicture
	p.mu.Unlock()
	return draw(ctx, org, version, key)
}

func (p *fakeWorkflows) StartAdmitted(_ context.Context, org tenancy.OrgID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advanced = append(p.advanced, org)
	return nil
}

// noTemporal takes every start and runs nothing: what begins is real, the rest
// is played.
type noTemporal struct{ client.Client }

func (noTemporal) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, nil
}

func (p *fakeWorkflows) Rescan(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) error {
	return rescan.Begin(ctx, p.db.DB, noTemporal{}, by.User, org, op)
}

// ChangeFiles changes a few files at once, and only begins what a workflow does.
func (p *fakeWorkflows) ChangeFiles(ctx context.Context, org tenancy.OrgID, b files.Bulk) error {
	return bulk.Begin(ctx, noTemporal{}, changing.Changer{DB: p.db.DB, Workflows: p}, org, b)
}

func (p *fakeWorkflows) CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return p.Cancel(ctx, org, version)
}

func (p *fakeWorkflows) Reconcile(ctx context.Context, by tenancy.Actor, look reconcile.ReconcileStorageInput) error {
	return reconcile.Begin(ctx, p.db.DB, noTemporal{}, by.User, look)
}

func (p *fakeWorkflows) VerifyAuditLog(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) (uuid.UUID, error) {
	return verification.Begin(ctx, p.db.DB, noTemporal{}, by.User, org, op)
}

// Provision sets the organization up at once, unless the test holds it.
func (p *fakeWorkflows) Provision(ctx context.Context, by tenancy.Actor, n tenancy.NewOrganization) (uuid.UUID, error) {
	err := p.db.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error {
		if err := tenancy.BeginOrganization(ctx, tx, n); err != nil {
			return err
		}
		return operations.Insert(ctx, tx, operations.Operation{ID: n.ID.UUID(), Kind: "provision_organization", CreatedBy: &by.User})
	})
	if err == nil {
		err = p.db.SettleOrganization(ctx, n.ID)
	}
	if err != nil || p.holds {
		return n.ID.UUID(), err
	}
	err = p.db.InTx(ctx, n.ID, func(tx *tenancy.Tx) error {
		if err := tenancy.SetLimits(ctx, tx, n.MaxBytes, n.MaxFileSize); err != nil {
			return err
		}
		_, err := tenancy.Activate(ctx, tx)
		return err
	})
	if err == nil {
		err = operations.End(ctx, p.db.Single(tenancy.Platform), n.ID.UUID(), operations.Succeeded, nil, nil, nil)
	}
	return n.ID.UUID(), err
}

func (p *fakeWorkflows) Suspend(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, reason string) error {
	return suspension.Begin(ctx, p.db.DB, noTemporal{}, by.User, org, op, reason)
}

func (p *fakeWorkflows) Resume(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) error {
	return suspension.BeginResume(ctx, p.db.DB, noTemporal{}, by.User, org, op)
}

// BuildReport begins a report, and makes nothing of it.
func (p *fakeWorkflows) BuildReport(ctx context.Context, org tenancy.OrgID, priority operations.Priority, n reports.New) error {
	return reporting.Begin(ctx, p.db.DB, noTemporal{}, org, priority, n, func(tx *tenancy.Tx) error { return reports.Insert(ctx, tx, n) })
}

// GenerateContent begins a generation, and makes nothing of it.
func (p *fakeWorkflows) GenerateContent(ctx context.Context, org tenancy.OrgID, priority operations.Priority, n drafts.New) error {
	return generation.Begin(ctx, p.db.DB, noTemporal{}, org, priority, n)
}

// LookAtGeneration notes who was told.
func (p *fakeWorkflows) LookAtGeneration(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decided = append(p.decided, id)
	return nil
}

// CancelGeneration says that no workflow runs.
func (p *fakeWorkflows) CancelGeneration(context.Context, tenancy.OrgID, uuid.UUID) (bool, error) {
	return false, nil
}

// SyncRoblox begins a sync, and brings nothing anywhere.
func (p *fakeWorkflows) SyncRoblox(ctx context.Context, org tenancy.OrgID, connection, id, by uuid.UUID, priority operations.Priority) (uuid.UUID, error) {
	return roblox.BeginSync(ctx, p.db.DB, noTemporal{}, org, connection, id, &by, priority)
}

// PublishRobloxPlace begins a publication, and publishes nothing.
func (p *fakeWorkflows) PublishRobloxPlace(ctx context.Context, org tenancy.OrgID, one connections.Publication, priority operations.Priority) error {
	return roblox.BeginPlace(ctx, p.db.DB, noTemporal{}, org, one, priority)
}

// EraseRobloxUser notes what was to be erased.
func (p *fakeWorkflows) EraseRobloxUser(_ context.Context, _ tenancy.OrgID, erasure uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erased = append(p.erased, erasure)
	return nil
}

// ReleaseRecords begins the package of a request, and makes nothing of it.
func (p *fakeWorkflows) ReleaseRecords(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, id, op uuid.UUID) error {
	return exporting.BeginOf(ctx, p.db.DB, noTemporal{}, by.User, org, id, op)
}

// StartErasure starts nothing.
func (p *fakeWorkflows) StartErasure(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }

// WakeConsentRequest wakes nothing.
func (p *fakeWorkflows) WakeConsentRequest(context.Context, tenancy.OrgID, uuid.UUID) error {
	return nil
}

// Export notes the export, and makes nothing of it.
func (p *fakeWorkflows) Export(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, id uuid.UUID) (uuid.UUID, error) {
	err := p.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		running, _, err := exports.Begin(ctx, tx, id)
		id = running
		if err != nil {
			return err
		}
		return operations.Insert(ctx, tx, operations.Operation{ID: id, Kind: "export_organization", CreatedBy: &by.User})
	})
	return id, err
}

func (p *fakeWorkflows) ImportRoster(ctx context.Context, org tenancy.OrgID, r rosters.Package) error {
	return roster.Begin(ctx, p.db.DB, noTemporal{}, org, r)
}

func (p *fakeWorkflows) UndoRoster(ctx context.Context, org tenancy.OrgID, id uuid.UUID, by *uuid.UUID) (uuid.UUID, error) {
	return roster.BeginUndo(ctx, p.db.DB, noTemporal{}, org, id, by)
}

// RosterDecided notes who was told.
func (p *fakeWorkflows) RosterDecided(_ context.Context, _ tenancy.OrgID, id uuid.UUID, _ rosters.Decision, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decided = append(p.decided, id)
	return nil
}

func (p *fakeWorkflows) Delete(ctx context.Context, _ tenancy.Actor, org tenancy.OrgID, op uuid.UUID, grace time.Duration) error {
	return tenancy.ScheduleDeletion(ctx, p.db.Single(org), op, grace)
}

func (p *fakeWorkflows) CancelDeletion(ctx context.Context, org tenancy.OrgID) error {
	_, err := tenancy.CancelDeletion(ctx, p.db.Single(org))
	return err
}
