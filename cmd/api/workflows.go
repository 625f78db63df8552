package main

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/analytics/reports"
	"satchel/generation/drafts"
	"satchel/internal/bootstrap"
	"satchel/internal/settings"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	reporting "satchel/workflows/analytics"
	"satchel/workflows/consentrequest"
	"satchel/workflows/generation"
	"satchel/workflows/jobs"
	"satchel/workflows/preview"
	"satchel/workflows/roblox"
	"satchel/workflows/upload"
)

// workflows starts and ends workflows for the API.
type workflows struct {
	temporal  client.Client
	namespace string
	db        *tenancy.DB
	admission *upload.Admission
	log       *slog.Logger
}

func newWorkflows(temporal client.Client, db *tenancy.DB, log *slog.Logger) (*workflows, error) {
	c, err := settings.Load[upload.AdmissionConfig]()
	if err != nil {
		return nil, err
	}
	namespace, err := bootstrap.Namespace()
	if err != nil {
		return nil, err
	}
	line, err := upload.NewAdmission(db, temporal, c)
	return &workflows{temporal: temporal, namespace: namespace, db: db, admission: line, log: log}, err
}

// Start starts the workflow of a received version, now or when the admission queue admits it.
func (p *workflows) Start(ctx context.Context, in upload.UploadFileInput) error {
	return p.admission.StartAdmitted(ctx, in.Org)
}

// StartAdmitted lets waiting files of an organization into the pipeline, as far as
// there is room.
func (p *workflows) StartAdmitted(ctx context.Context, org tenancy.OrgID) error {
	return p.admission.StartAdmitted(ctx, org)
}

// ShowPages makes pages of a document and waits for them.
func (p *workflows) ShowPages(ctx context.Context, org tenancy.OrgID, version uuid.UUID, first int) (string, error) {
	return preview.ShowPages(ctx, p.temporal, preview.MakePagesInput{Org: org, Version: version, First: first})
}

// MakePicture makes a picture that is asked for and waits for it.
func (p *workflows) MakePicture(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (string, error) {
	return preview.Transform(ctx, p.temporal, preview.TransformInput{Org: org, Version: version, Key: key})
}

// StartRelease publishes a version that waited for a decision and was released.
func (p *workflows) StartRelease(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error {
	return upload.StartRelease(ctx, p.temporal, upload.UploadFileInput{Org: org, File: file, Version: version})
}

// Cancel asks the workflow of a version to end clean.
func (p *workflows) Cancel(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return upload.Cancel(ctx, p.temporal, org, version)
}

// GenerateContent begins what makes a document from a text.
func (p *workflows) GenerateContent(ctx context.Context, org tenancy.OrgID, priority operations.Priority, n drafts.New) error {
	return generation.Begin(ctx, p.db, p.temporal, org, priority, n)
}

// LookAtGeneration tells the workflow of a generation that something was decided.
func (p *workflows) LookAtGeneration(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return generation.Look(ctx, p.temporal, org, id)
}

// CancelGeneration asks the workflow of a generation to end.
func (p *workflows) CancelGeneration(ctx context.Context, org tenancy.OrgID, id uuid.UUID) (bool, error) {
	return p.control().Cancel(ctx, generation.WorkflowID(org, id))
}

// BuildReport begins what makes a report.
func (p *workflows) BuildReport(ctx context.Context, org tenancy.OrgID, priority operations.Priority, n reports.New) error {
	return reporting.Begin(ctx, p.db, p.temporal, org, priority, n, func(tx *tenancy.Tx) error { return reports.Insert(ctx, tx, n) })
}

// SyncRoblox begins a sync with Roblox.
func (p *workflows) SyncRoblox(ctx context.Context, org tenancy.OrgID, connection, id, by uuid.UUID, priority operations.Priority) (uuid.UUID, error) {
	return roblox.BeginSync(ctx, p.db, p.temporal, org, connection, id, &by, priority)
}

// PublishRobloxPlace begins the publication of a place.
func (p *workflows) PublishRobloxPlace(ctx context.Context, org tenancy.OrgID, one connections.Publication, priority operations.Priority) error {
	return roblox.BeginPlace(ctx, p.db, p.temporal, org, one, priority)
}

// EraseRobloxUser begins the erasure of a person at Roblox.
func (p *workflows) EraseRobloxUser(ctx context.Context, org tenancy.OrgID, erasure uuid.UUID) error {
	return roblox.WakeErasure(ctx, p.temporal, org, erasure)
}

// control is Temporal as those see it who watch over jobs.
func (p *workflows) control() jobs.Control {
	return jobs.Control{Client: p.temporal, Namespace: p.namespace}
}

// WakeConsentRequest has the workflow of a request for a parent's consent look at its row.
func (p *workflows) WakeConsentRequest(ctx context.Context, org tenancy.OrgID, request uuid.UUID) error {
	return consentrequest.Wake(ctx, p.temporal, org, request)
}
