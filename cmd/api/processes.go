package main

import (
	"context"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/internal/settings"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// processes starts and ends workflows for the API.
type processes struct {
	temporal client.Client
	db       *tenancy.DB
	line     *upload.Line
}

func newProcesses(temporal client.Client, db *tenancy.DB) (*processes, error) {
	c, err := settings.Load[upload.LineConfig]()
	if err != nil {
		return nil, err
	}
	line, err := upload.NewLine(db, temporal, c)
	return &processes{temporal: temporal, db: db, line: line}, err
}

// Start starts the workflow of a received version, now or when it is its turn.
func (p *processes) Start(ctx context.Context, in upload.UploadFileInput) error {
	return p.line.Advance(ctx, in.Org)
}

// Advance lets waiting files of an organization into the pipeline, as far as
// there is room.
func (p *processes) Advance(ctx context.Context, org tenancy.OrgID) error {
	return p.line.Advance(ctx, org)
}

// Cancel asks the workflow of a version to end clean.
func (p *processes) Cancel(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return upload.Cancel(ctx, p.temporal, org, version)
}
