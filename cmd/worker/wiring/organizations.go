package wiring

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/erasure"
	"satchel/activities/finalize"
	"satchel/activities/organization"
	"satchel/activities/roster"
	"satchel/internal/keyring"
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
		return queue.Component{Queue: queue.Interactive, Workflows: []any{provisioning.ProvisionOrganization},
			Activities: []any{a}}
	}),
	component(func(a *organization.BatchActivities) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{suspension.SuspendOrganization, suspension.ResumeOrganization, offboarding.DeleteOrganization},
			Activities: []any{a}, Sweeps: organization.SweepsOf(a)}
	}),
)

func newOrganizationParts(db *tenancy.DB, store *s3.Store, u Uploads, c client.Client, r finalize.Cleaner, e erasure.Parts, config workers.Config, inbox roster.InboxConfig) organization.Parts {
	return organization.Parts{
		DB: db, Others: append(inboxOf(store, inbox), keysOf(store)...), Buckets: []organization.Bucket{probed{Bucket{store.Staging}}, probed{Bucket{store.Clean}}, probed{Bucket{store.Quarantine}}, probed{Bucket{store.Exports}}},
		Workflows: organizationWorkflows{Uploads: u, client: c, namespace: config.Namespace}, Clearer: clearer{r},
		Inviter: inviter{db: db, client: c}, Certifier: erasure.NewOrganizations(e),
	}
}

// inboxOf gives the inbox of rosters, where there is one.
func inboxOf(store *s3.Store, c roster.InboxConfig) []organization.Bucket {
	if !c.On() {
		return nil
	}
	return []organization.Bucket{probed{below{Bucket{store.Another(c.Bucket)}, c.Root()}}}
}

// keysOf gives the data keys of an organization's versions, and its own key, which go last.
func keysOf(store *s3.Store) []organization.Bucket {
	return []organization.Bucket{probed{Bucket{store.Keys}}, probed{below{Bucket{store.Keys}, keyring.Masters}}}
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

// below is a bucket whose keys have a root before the organization's id.
type below struct {
	Bucket

	root string
}

// AbortAll ends every multipart upload under a prefix.
func (b below) AbortAll(ctx context.Context, prefix string) error {
	return b.Bucket.AbortAll(ctx, b.root+prefix)
}

// Each visits every object under a prefix.
func (b below) Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error {
	return b.Bucket.Each(ctx, b.root+prefix, func(key string, modified time.Time) error {
		return visit(strings.TrimPrefix(key, b.root), modified)
	})
}

// Put stores an object whole.
func (b below) Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error) {
	return b.Bucket.Put(ctx, b.root+key, body, size, contentType)
}

// Remove removes an object; one that is not there succeeds.
func (b below) Remove(ctx context.Context, key string) error { return b.Bucket.Remove(ctx, b.root+key) }

// cleared is what a probe and a deletion do in a bucket.
type cleared interface {
	AbortAll(ctx context.Context, prefix string) error
	Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error)
	Remove(ctx context.Context, key string) error
}

// probed is a bucket that also takes a small object.
type probed struct{ cleared }

// Put stores an object whole.
func (p probed) Put(ctx context.Context, key string, body *bytes.Reader) error {
	_, err := p.cleared.Put(ctx, key, body, body.Size(), "application/octet-stream")
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
