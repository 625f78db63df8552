package provisioning_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/provisioning"
)

// memoryBucket is a bucket in memory that can refuse writes.
type memoryBucket struct {
	mu      sync.Mutex
	keys    map[string]bool
	refuses bool
}

func (s *memoryBucket) Put(_ context.Context, key string, _ *bytes.Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses {
		return temporal.NewNonRetryableApplicationError("refused", "store_unavailable", nil)
	}
	s.keys[key] = true
	return nil
}

func (s *memoryBucket) Remove(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, key)
	return nil
}

func (s *memoryBucket) Each(context.Context, string, func(string, time.Time) error) error { return nil }
func (s *memoryBucket) AbortAll(context.Context, string) error                            { return nil }

// testBundle is the process on a real database, with buckets of its own.
type testBundle struct {
	*pgtest.Database
	t       *testing.T
	by      uuid.UUID
	first   *memoryBucket
	last    *memoryBucket
	offline *mocks.Client
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	d := pgtest.New(t)
	b := &testBundle{Database: d, t: t, by: d.Member(t, tenancy.Platform, tenancy.Operator), offline: &mocks.Client{},
		first: &memoryBucket{keys: map[string]bool{}}, last: &memoryBucket{keys: map[string]bool{}}}
	// Temporal is down at every request: the rows alone must do.
	b.offline.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("down"))
	return b
}

func (b *testBundle) begin(slug string, change func(*tenancy.NewOrganization)) (tenancy.OrgID, error) {
	n := tenancy.NewOrganization{ID: tenancy.OrgID(tenancy.NewID()), Slug: slug, Name: "School", Tier: "basic"}
	if change != nil {
		change(&n)
	}
	_, err := provisioning.Begin(context.Background(), b.DB, b.offline, b.by, n)
	return n.ID, err
}

func (b *testBundle) run(target tenancy.OrgID) error {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflow(provisioning.ProvisionOrganization)
	env.RegisterActivity(organization.New(organization.Parts{DB: b.DB, Buckets: []organization.Bucket{b.first, b.last}}))
	env.RegisterActivity(operation.New(b.DB))
	env.ExecuteWorkflow(provisioning.ProvisionOrganization, provisioning.ProvisionOrganizationInput{Org: tenancy.Platform, Target: target})
	return env.GetWorkflowError()
}

func (b *testBundle) operation(id tenancy.OrgID) operations.Operation {
	b.t.Helper()
	o, err := operations.Get(b.t.Context(), b.Single(tenancy.Platform), id.UUID())
	require.NoError(b.t, err)
	return o
}

func TestOrganizationIsSetUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, err := b.EnsureUser(t.Context(), "issuer", "owner")
	require.NoError(t, err)
	room := int64(12345)
	org, err := b.begin("school", func(n *tenancy.NewOrganization) { n.Owner, n.MaxBytes = &owner, &room })
	require.NoError(t, err, "Temporal is down, the request is not")
	require.Equal(t, operations.Waiting, b.operation(org).State)
	require.NoError(t, b.run(org))

	o, err := tenancy.GetOrganization(t.Context(), b.Single(org))
	require.NoError(t, err)
	require.Equal(t, tenancy.Active, o.Status)
	op := b.operation(org)
	require.Equal(t, operations.Succeeded, op.State)
	for _, step := range []string{"rows", "limits", "policies", "owner", "storage", "activate"} {
		require.Contains(t, string(op.Steps), fmt.Sprintf(`"%s"`, step))
	}
	var bytes, size int64
	var role string
	q := b.Single(org)
	require.NoError(t, q.QueryRow(t.Context(), "select max_bytes, max_file_size from storage_quotas").Scan(&bytes, &size))
	require.Equal(t, []int64{room, 5 << 30}, []int64{bytes, size}, "what was asked for, and the tier's")
	require.NoError(t, q.QueryRow(t.Context(), "select role from members where user_id = $1", owner).Scan(&role))
	require.Equal(t, "owner", role)
	require.Empty(t, b.first.keys)
	require.Empty(t, b.last.keys)
	_, found, err := tenancy.GetProvisioningSetup(t.Context(), q)
	require.NoError(t, err)
	require.False(t, found, "nothing is left to be done")
}

func TestFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, err := b.EnsureUser(t.Context(), "issuer", "owner")
	require.NoError(t, err)
	b.last.refuses = true
	org, err := b.begin("school", func(n *tenancy.NewOrganization) { n.Owner = &owner })
	require.NoError(t, err)
	require.Error(t, b.run(org))
	op := b.operation(org)
	require.Equal(t, operations.Failed, op.State)
	require.Contains(t, string(op.Error), `"code"`, "which one is the worker's translation, and tested there")
	require.Empty(t, b.first.keys, "what was written to the first bucket is gone")
	b.requireNoRows(org)
	_, err = b.begin("school", nil)
	require.NoError(t, err, "the slug is free again")
}

// requireNoRows looks from behind the rules, into every table of tenants.
func (b *testBundle) requireNoRows(org tenancy.OrgID) {
	b.t.Helper()
	admin := b.Admin(b.t)
	rows, err := admin.Query(b.t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(b.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
	require.NotEmpty(b.t, tables)
	var n int
	for _, name := range tables {
		require.NoError(b.t, admin.QueryRow(b.t.Context(), fmt.Sprintf("select count(*) from %s where organization_id = $1", name), org).Scan(&n))
		require.Zero(b.t, n, name)
	}
	require.NoError(b.t, admin.QueryRow(b.t.Context(), "select count(*) from organizations where id = $1", org).Scan(&n))
	require.Zero(b.t, n)
}

func TestOneSlugIsMadeOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var made, taken atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := b.begin("school", nil)
			switch {
			case err == nil:
				made.Add(1)
			case errors.Is(err, tenancy.ErrSlugTaken):
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, made.Load())
	require.EqualValues(t, 19, taken.Load())
}

func TestRepeatedRequestFindsTheFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org, err := b.begin("school", nil)
	require.NoError(t, err)
	again, err := b.begin("school", func(n *tenancy.NewOrganization) { n.ID = org })
	require.NoError(t, err)
	require.Equal(t, org, again)
	require.NoError(t, b.run(org))
	_, err = b.begin("school", func(n *tenancy.NewOrganization) { n.ID = org })
	require.NoError(t, err, "after its end as well")
}

// TestMailWithoutInviterIsRefused: an organization that no one could own is not made.
func TestMailWithoutInviterIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := tenancy.NewID()
	org, err := b.begin("school", func(n *tenancy.NewOrganization) { n.OwnerEmail, n.Invitation = "owner@school.example", &id })
	require.NoError(t, err)
	require.Error(t, b.run(org))
	b.requireNoRows(org)
}
