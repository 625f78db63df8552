package wiring

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/finalize"
	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/tenancy"
	"satchel/workers"
	"satchel/workflows/invitation"
	"satchel/workflows/offboarding"
	"satchel/workflows/provisioning"
	"satchel/workflows/suspension"
	"satchel/workflows/upload"
)

// The organization's steps run on two queues: someone waits for provisioning, and the
// steps of a suspension and of a deletion may last for hours.
var organizationProcess = fx.Module("organization",
	fx.Provide(newOrganizationParts, organization.New, organization.NewBatch),
	component(func(a *organization.Activities) queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{provisioning.ProvisionOrganization, provisioning.SweepOrganizations},
			Activities: []any{a}, Schedules: provisioning.Schedules()}
	}),
	component(func(a *organization.BatchActivities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{suspension.SuspendOrganization, suspension.ResumeOrganization, offboarding.DeleteOrganization},
			Activities: []any{a}}
	}),
)

func newOrganizationParts(db *tenancy.DB, store *s3.Store, u Uploads, c client.Client, r finalize.Cleaner, config workers.Config) organization.Parts {
	return organization.Parts{
		DB: db, Buckets: []organization.Bucket{probed{Bucket{store.Staging}}, probed{Bucket{store.Clean}}, probed{Bucket{store.Quarantine}}, probed{Bucket{store.Exports}}},
		Workflows: organizationWorkflows{Uploads: u, client: c, namespace: config.Namespace}, Clearer: clearer{r},
		Inviter: inviter{db: db, client: c},
	}
}

// inviter is the invitation's process as provisioning knows it.
type inviter struct {
	db     *tenancy.DB
	client client.Client
}

// Invite invites a person by mail, once for each id.
func (i inviter) Invite(ctx context.Context, org tenancy.OrgID, id uuid.UUID, email string, role tenancy.Role) error {
	return invitation.Begin(ctx, i.db, i.client, org, id, email, role)
}

// probed is a bucket that also takes a small object.
type probed struct{ Bucket }

// Put stores an object whole.
func (p probed) Put(ctx context.Context, key string, body *bytes.Reader) error {
	_, err := p.Bucket.Put(ctx, key, body, body.Size(), "application/octet-stream")
	return err
}

type clearer struct{ finalize.Cleaner }

// Clear removes what the version's state has no use for.
func (c clearer) Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	_, err := c.Cleaner.Clear(ctx, org, version)
	return err
}

// organizationWorkflows is Temporal as the organization's activities know it.
type organizationWorkflows struct {
	Uploads
	client    client.Client
	namespace string
}

// CancelUpload asks the workflow of a version to end clean.
func (w organizationWorkflows) CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return upload.Cancel(ctx, w.client, org, version)
}

// TerminateAll ends every workflow that carries the organization's search
// attribute and says how many it found running.
func (w organizationWorkflows) TerminateAll(ctx context.Context, org tenancy.OrgID) (int64, error) {
	var n int64
	var token []byte
	for {
		page, err := w.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: w.namespace, NextPageToken: token, Query: fmt.Sprintf("OrgId = '%s' and ExecutionStatus = 'Running'", org),
		})
		if err != nil {
			return n, fmt.Errorf("list workflows: %w", err)
		}
		for _, e := range page.GetExecutions() {
			id, run := e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()
			described, err := w.client.DescribeWorkflowExecution(ctx, id, run)
			if err != nil {
				return n, fmt.Errorf("describe workflow: %w", err)
			}
			// The list runs behind: one that has ended meanwhile succeeds.
			if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
				continue
			}
			if err := w.client.TerminateWorkflow(ctx, id, run, "organization deleted"); err != nil {
				return n, fmt.Errorf("terminate workflow: %w", err)
			}
			n++
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return n, nil
		}
	}
}

// StartProvisioning starts the process of an organization, or finds it started.
func (w organizationWorkflows) StartProvisioning(ctx context.Context, org tenancy.OrgID) error {
	return provisioning.Start(ctx, w.client, org)
}

// StartDeletion starts a deletion whose time has come, or finds it started.
func (w organizationWorkflows) StartDeletion(ctx context.Context, org tenancy.OrgID, op uuid.UUID) error {
	return offboarding.Start(ctx, w.client, offboarding.DeleteOrganizationInput{Org: tenancy.Platform, Target: org, Operation: op})
}
