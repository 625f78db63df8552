package api

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/api/storage"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestTwoClusters: an organization in a PostgreSQL server of its own is made, written into and read by the
// API as any other, the directory's server has no row of it, and when the server dies its organization alone
// is refused.
func TestTwoClusters(t *testing.T) { //nolint:paralleltest // sets the server of a database
	b := setup(t)
	server := pgtest.NewCluster(t)
	t.Setenv("SATCHEL_TEST_POSTGRES", server.URL())
	there := pgtest.New(t)
	require.NoError(t, b.db.UseClusters(t.Context(), tenancy.ClustersConfig{Clusters: "east=" + there.AppURL}))

	operator := b.person(tenancy.Platform, tenancy.Operator)
	near := b.person(b.organization(), tenancy.Teacher)
	school := map[string]any{"slug": "east", "name": "East school", "tier": "enterprise", "cluster": "west", "owner": map[string]any{"issuer": b.issuer.URL, "subject": "head of east"}}
	operator.call(post, organizationsPath+"?wait=5", school).refused(400, "invalid_cluster")
	school["cluster"] = "east"
	made := read[tenancy.Organization](operator.call(post, organizationsPath+"?wait=5", school).is(http.StatusCreated))
	east := made.ID
	there.Authorized(t, east)
	require.Len(t, read[struct{ Items []any }](operator.call(get, organizationsPath, nil).is(200)).Items, 3)
	operator.call(post, organizationsPath+"/"+east.String()+"/members", map[string]any{"issuer": b.issuer.URL, "subject": "admin of east", "role": "admin"}).is(http.StatusOK)

	restored := map[string]any{"restored_to": "2026-11-29T21:40:00Z"}
	operator.call(post, adminPath+"/reconcile", restored).refused(400, "organization_required")
	restored["organization_id"] = east.String()
	operator.call(post, adminPath+"/reconcile", restored).is(http.StatusAccepted)

	teacher := b.person(east, tenancy.Teacher)
	file := teacher.upload("plan.txt", []byte(lorem))
	b.publish(east, file.ID)
	b.person(near.org, tenancy.Teacher).upload("near.txt", []byte(lorem))
	listed := read[struct{ Items []storage.FileView }](teacher.call(get, storagePath+"/files", nil).is(200)).Items
	require.Len(t, listed, 1)
	require.Equal(t, file.ID, listed[0].ID)
	require.Equal(t, lorem, string(teacher.call(get, at(file.ID, "/content"), nil).is(200).body))
	near.call(get, at(file.ID, ""), nil).is(http.StatusNotFound)
	near.call(get, at(file.ID, ""), nil, "X-Organization-ID", east.String()).is(http.StatusNotFound)
	require.NotZero(t, b.recorded(east, "file.read", file.ID))

	v, err := files.Get(t.Context(), there.Single(east), file.ID)
	require.NoError(t, err)
	require.Equal(t, "plan.txt", v.Name)
	b.hasNothingOf(t, b.db.Admin(t), fmt.Sprintf("= '%s'", east))
	b.hasNothingOf(t, there.Admin(t), fmt.Sprintf("not in ('%s', '%s')", east, tenancy.Platform))
	var logins int
	require.NoError(t, there.Admin(t).QueryRow(t.Context(), "select count(*) from logins").Scan(&logins))
	require.Equal(t, 3, logins, "the owner, the admin and the teacher")

	server.Signal(t, syscall.SIGKILL)
	for range 2 {
		down := teacher.call(get, storagePath+"/files", nil).is(http.StatusServiceUnavailable)
		require.NotEmpty(t, down.header.Get("Retry-After"))
		near.call(get, storagePath+"/files", nil).is(200)
		near.upload("more.txt", []byte(lorem))
	}
	server.Again(t)
	require.Eventually(t, func() bool { return teacher.call(get, storagePath+"/files", nil).status == http.StatusOK }, time.Minute, 50*time.Millisecond, "it comes back")
}

// hasNothingOf looks, behind the rules, for rows of organizations that a condition on their id names.
func (b *testBundle) hasNothingOf(t *testing.T, admin *pgx.Conn, condition string) {
	t.Helper()
	found, err := admin.Query(t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 90)
	for _, table := range tables {
		var n int
		require.NoError(t, admin.QueryRow(t.Context(), fmt.Sprintf("select count(*) from %s where organization_id %s", table, condition)).Scan(&n))
		require.Zero(t, n, table)
	}
}
