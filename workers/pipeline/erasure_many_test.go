package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"satchel/activities/erasure"
	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy/erasures"
)

var many = flag.Int("many", 0, "how many files the erasure has that TestManyFilesAreErased measures")

// copies makes rows and objects of a published file again and again, behind the rules.
func (a *activities) copies(t *testing.T, of files.Created, content []byte, n int) {
	t.Helper()
	admin, ctx := a.Admin(t), context.Background()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := admin.Exec(ctx, sql, args...)
		require.NoError(t, err, sql)
	}
	exec("set session_replication_role = replica")
	exec("create temporary table made as select app.new_id() as f, app.new_id() as v, n from generate_series(1, " + fmt.Sprint(n) + ") n")
	for table, other := range map[string]map[string]string{
		"files": {"id": "m.f", "head_id": "m.v", "current_id": "m.v", "name": "'copy ' || m.n"}, "file_versions": {"id": "m.v", "file_id": "m.f"},
	} {
		rows, err := admin.Query(ctx, "select column_name::text from information_schema.columns where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'", table)
		require.NoError(t, err)
		columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		values := make([]string, len(columns))
		for i, c := range columns {
			if values[i] = "x." + c; other[c] != "" {
				values[i] = other[c]
			}
		}
		exec("insert into "+table+" ("+strings.Join(columns, ", ")+") select "+strings.Join(values, ", ")+" from "+table+" x, made m where x.id = $1", map[string]uuid.UUID{"files": of.File, "file_versions": of.Version}[table])
	}
	exec("update storage_quotas set used_bytes = used_bytes + $1 where organization_id = $2", n*len(content), a.Org)
	rows, err := admin.Query(ctx, "select v from made")
	require.NoError(t, err)
	versions, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	var g errgroup.Group
	g.SetLimit(8)
	for _, version := range versions {
		g.Go(func() error {
			key := files.ContentKey(a.Org, version)
			err := a.Store.Clean.Prepare(ctx, key)
			_, putErr := a.Store.Clean.Put(ctx, key, bytes.NewReader(content), int64(len(content)), "")
			return errors.Join(err, putErr)
		})
	}
	require.NoError(t, g.Wait())
}

// TestManyFilesAreErased measures an erasure of a person with -many files, killed before and after
// each call of the store: no copy is left, and there is one certificate.
func TestManyFilesAreErased(t *testing.T) {
	if *many == 0 {
		t.Skip("measures: run with -many 10000")
	}
	a, ctx := setupActivities(t), context.Background()
	content := bytes.Repeat([]byte("0123456789abcdef"), 64)
	a.copies(t, a.publishNamed(t, "first.txt", content), content, *many-1)
	id := askErasure(t, &a.Bench, erasures.Person, a.User, erasures.ParentRequest)
	d := &dyingErasure{}
	x, in := a.eraser(t, d), erasure.Input{Org: a.Org, Erasure: id}
	began := time.Now()
	_, err := x.BeginErasure(ctx, erasure.BeginErasureInput(in))
	require.NoError(t, err)
	var kills int
	for _, call := range []string{"erasures", "key", "objects"} {
		for _, when := range []string{"before ", "after "} {
			own, cancel := context.WithCancel(ctx)
			d.at, d.death = when+call, cancel
			_, err := x.EraseVersions(own, erasure.EraseVersionsInput(in))
			require.Error(t, err)
			cancel()
			kills++
		}
	}
	_, err = x.EraseVersions(ctx, erasure.EraseVersionsInput(in))
	require.NoError(t, err)
	erased := time.Now()
	_, err = x.SettleErasure(ctx, erasure.SettleErasureInput(in))
	require.NoError(t, err)
	_, err = x.VerifyErasure(ctx, erasure.VerifyErasureInput(in))
	require.NoError(t, err)
	_, err = x.CertifyErasure(ctx, erasure.CertifyErasureInput(in))
	require.NoError(t, err)
	t.Logf("%d files, killed %d times: erased in %.1f s, verified and certified in %.1f s", *many, kills, erased.Sub(began).Seconds(), time.Since(erased).Seconds())

	c, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
	require.NoError(t, err)
	require.EqualValues(t, *many, c.Files)
	require.Empty(t, keys(t, a.Store.Clean))
	require.Empty(t, keys(t, a.Store.Staging))
	require.Len(t, keys(t, a.Store.Keys), 1, "that of the organization")
	var rows int
	require.NoError(t, a.Single(a.Org).QueryRow(ctx, "select (select count(*) from files) + (select count(*) from file_versions)").Scan(&rows))
	require.Zero(t, rows)
	said, err := audit.List(ctx, a.Single(a.Org), audit.Filter{Action: "erasure.certify", Limit: 10})
	require.NoError(t, err)
	require.Len(t, said, 1)
	a.RequireSettled(t)
}
