package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// TestDeletedOrganizationLeavesNothing deletes an organization while uploads
// run.
func TestDeletedOrganizationLeavesNothing(t *testing.T) {
	s := newSchool(t)
	ctx := testContext(t)
	mustUpload(t, s.Student, "before.txt", text(100_000))
	stop, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; stop.Err() == nil; n++ {
				if _, err := upload(stop, s.Student, fmt.Sprintf("during-%d-%d.txt", i, n), text(500_000)); err != nil {
					return // refused, from the deletion on
				}
			}
		})
	}
	require.Eventually(t, func() bool { // they are under way: how far each is, is left to chance
		q := quotaOf(t, s.Owner)
		return q.Used+q.Reserved > 3_000_000
	}, patience, 20*time.Millisecond)
	var o struct{ Slug string }
	require.NoError(t, local.Operator().Call(ctx, http.MethodGet, "/api/v1/organizations/"+s.ID, nil, &o))
	var begun struct {
		ID string `json:"operation_id"`
	}
	in := map[string]any{"slug": o.Slug, "grace": 0}
	require.NoError(t, local.Operator().Call(ctx, http.MethodDelete, "/api/v1/organizations/"+s.ID, in, &begun))
	var op struct {
		State         string
		Result, Error json.RawMessage
	}
	require.Eventually(t, func() bool {
		err := local.Operator().Call(ctx, http.MethodGet, "/api/v1/operations/"+begun.ID, nil, &op)
		return err == nil && op.State != "running"
	}, patience, 100*time.Millisecond)
	cancel()
	wg.Wait()
	require.Equal(t, "succeeded", op.State, string(op.Error))
	s.noRows(t)
	s.noObjects(t)
	s.noWorkflows(t)
	school{}.sound(t)
}

// noRows looks from behind the rules into every table of tenants.
func (s school) noRows(t *testing.T) {
	t.Helper()
	ctx := testContext(t)
	config, err := pgx.ParseConfig(local.Postgres)
	require.NoError(t, err)
	password, err := os.ReadFile(filepath.Join(filepath.Dir(local.SecretFile), "postgres-postgres"))
	require.NoError(t, err)
	config.User, config.Password = "postgres", strings.TrimSpace(string(password))
	conn, err := pgx.ConnectConfig(ctx, config)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	var super bool
	require.NoError(t, conn.QueryRow(ctx, "select rolsuper from pg_roles where rolname = current_user").Scan(&super))
	require.True(t, super, "only a superuser sees every row")
	rows, err := conn.Query(ctx, `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	for _, name := range tables {
		var n int
		require.NoError(t, conn.QueryRow(ctx, fmt.Sprintf("select count(*) from %s where organization_id = $1", name), s.ID).Scan(&n))
		require.Zero(t, n, name)
	}
}

func (s school) noObjects(t *testing.T) {
	t.Helper()
	ctx := testContext(t)
	core, err := minio.NewCore(local.S3.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(local.S3.AccessKey, local.S3.SecretKey, "")})
	require.NoError(t, err)
	require.NotEmpty(t, local.S3.Buckets)
	for _, bucket := range local.S3.Buckets {
		for o := range core.Client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: s.ID, Recursive: true}) {
			require.NoError(t, o.Err)
			require.Fail(t, "an object is left", "in %s", bucket)
		}
		pending, err := core.ListMultipartUploads(ctx, bucket, s.ID, "", "", "", 10)
		require.NoError(t, err)
		require.Empty(t, pending.Uploads, bucket)
	}
}

func (s school) noWorkflows(t *testing.T) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: local.Temporal, Namespace: "satchel"})
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool { // the index runs behind
		found, err := c.CountWorkflow(testContext(t), &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: "satchel", Query: fmt.Sprintf("OrgId = '%s' and ExecutionStatus = 'Running'", s.ID),
		})
		return err == nil && found.GetCount() == 0
	}, patience, 200*time.Millisecond)
}
