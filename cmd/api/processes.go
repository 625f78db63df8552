package main

import (
	"context"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/tenancy"
	"satchel/workflows/upload"
)

// processes starts and ends workflows for the API.
type processes struct {
	temporal client.Client
	db       *tenancy.DB
}

func newProcesses(temporal client.Client, db *tenancy.DB) *processes {
	return &processes{temporal: temporal, db: db}
}

// Start starts the workflow of a received version.
func (p *processes) Start(ctx context.Context, in upload.UploadFileInput) error {
	return upload.Start(ctx, p.temporal, in)
}

// Cancel asks the workflow of a version to end clean.
func (p *processes) Cancel(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return upload.Cancel(ctx, p.temporal, org, version)
}
