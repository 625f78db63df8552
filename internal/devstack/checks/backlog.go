package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	temporal "go.temporal.io/sdk/client"

	"satchel/internal/devstack"
)

// Backlog is what organizations have left to do.
type Backlog struct{ Files, Previews, Texts, Inspections int }

func (b Backlog) String() string {
	return fmt.Sprintf("%d in process, %d previews, %d texts and %d inspections to come", b.Files, b.Previews, b.Texts, b.Inspections)
}

const backlogPatience = 10 * time.Second

// BacklogOf counts what organizations have left to do.
func BacklogOf(ctx context.Context, s *devstack.Stack, orgs []string) (b Backlog, err error) {
	ctx, cancel := context.WithTimeout(ctx, backlogPatience)
	defer cancel()
	root, err := s.Root(ctx)
	if err != nil {
		return b, err
	}
	defer func() { _ = root.Close(context.WithoutCancel(ctx)) }()
	err = root.QueryRow(ctx, `select count(*) filter (where status = 'processing'), count(*) filter (where status = 'published' and preview = 'pending'),
			(select count(*) from file_texts where organization_id::text = any($1) and state = 'pending'),
			(select count(*) from pii_inspections where organization_id::text = any($1) and state = 'pending')
		from file_versions where organization_id::text = any($1)`, orgs).Scan(&b.Files, &b.Previews, &b.Texts, &b.Inspections)
	return b, err
}

const (
	drainPatience = time.Hour
	drainPoll     = 250 * time.Millisecond
	tellEvery     = 10 * time.Second
)

// Drain waits until a backlog is done, and tells how far it is.
func Drain(ctx context.Context, s *devstack.Stack, orgs []string, done func(Backlog) bool, tell func(Backlog)) error {
	until, told := time.Now().Add(drainPatience), time.Now()
	for {
		b, err := BacklogOf(ctx, s, orgs)
		switch {
		case err == nil && done(b):
			return nil
		case time.Now().After(until):
			return errors.Join(fmt.Errorf("the backlog did not drain in %s: %s", drainPatience, b), err)
		case time.Since(told) > tellEvery:
			told = time.Now()
			tell(b)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drainPoll):
		}
	}
}

// Workflows counts the workflows of organizations that run.
func Workflows(ctx context.Context, s *devstack.Stack, orgs []string) (int, error) {
	t, err := temporal.DialContext(ctx, temporal.Options{HostPort: s.Temporal, Namespace: Namespace})
	if err != nil {
		return 0, fmt.Errorf("connect to Temporal: %w", err)
	}
	defer t.Close()
	found, err := t.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: Namespace, Query: Of(orgs) + " AND ExecutionStatus = 'Running'"})
	return int(found.GetCount()), err
}

// Namespace is Temporal's of a local stack.
const Namespace = "satchel"

// Of is a query for the workflows of organizations.
func Of(orgs []string) string { return fmt.Sprintf("OrgId IN ('%s')", strings.Join(orgs, "', '")) }
