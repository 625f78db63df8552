package tenancy_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// role makes a login role for one test and gives the URL it connects with.
func role(t *testing.T, d *pgtest.Database, attributes string) (name, asRole string) {
	t.Helper()
	name = "guard_" + strings.ReplaceAll(tenancy.NewID().String(), "-", "")
	admin := d.Admin(t)
	do(t, admin, "create role "+name+" login password 'guard' "+attributes)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), d.AdminURL)
		require.NoError(t, err)
		defer func() { _ = conn.Close(context.Background()) }()
		for _, sql := range []string{"drop owned by " + name, "drop role " + name} {
			_, err := conn.Exec(context.Background(), sql)
			require.NoError(t, err)
		}
	})
	u, err := url.Parse(d.AppURL)
	require.NoError(t, err)
	u.User = url.UserPassword(name, "guard")
	return name, u.String()
}

func do(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestGuardRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		make func(*testing.T, *pgtest.Database) (asRole string)
		why  string
	}{
		{"a superuser", func(_ *testing.T, d *pgtest.Database) string { return d.AdminURL }, "superuser"},
		{"the owner", func(_ *testing.T, d *pgtest.Database) string { return d.OwnerURL }, "the role owns"},
		{"BYPASSRLS", func(t *testing.T, d *pgtest.Database) string {
			_, u := role(t, d, "bypassrls")
			return u
		}, "BYPASSRLS"},
		{"a member of the owner", func(t *testing.T, d *pgtest.Database) string {
			_, u := role(t, d, "in role satchel_test_owner")
			return u
		}, "member of the owner"},
		{"a member of the owner that does not inherit", func(t *testing.T, d *pgtest.Database) string {
			_, u := role(t, d, "noinherit in role satchel_test_owner")
			return u
		}, "member of the owner"},
		{"a member of the role that sees every organization", func(t *testing.T, d *pgtest.Database) string {
			_, u := role(t, d, "in role satchel_system")
			return u
		}, "sees every organization"},
		{"a tenant's table without row-level security", tableLike(""), "no forced row-level security with a policy on loose"},
		{"a tenant's table whose owner is not bound", tableLike(
			"alter table loose enable row level security; create policy p on loose using (true)"), "loose"},
		{"a tenant's table without a policy", tableLike(
			"alter table loose enable row level security; alter table loose force row level security"), "loose"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := pgtest.Clone(t)
			db, err := tenancy.Open(t.Context(), tenancy.Config{URL: c.make(t, d), MaxConns: 2, Timeout: 1e10})
			require.Nil(t, db)
			require.ErrorContains(t, err, "refusing to start")
			require.ErrorContains(t, err, c.why)
			require.ErrorContains(t, err, "migrate up", "it says what to do next")
		})
	}
}

// tableLike adds a table of organizations that someone forgot to guard.
func tableLike(sql string) func(*testing.T, *pgtest.Database) string {
	return func(t *testing.T, d *pgtest.Database) string {
		admin := d.Admin(t)
		do(t, admin, "create table loose (organization_id uuid); "+sql)
		return d.AppURL
	}
}

func TestOpenAdmitsTheAppRole(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.Clone(t).AppURL, 2)
	require.NoError(t, db.Ping(t.Context()))
}

func TestOpenHidesThePassword(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"postgres://app:geheim@127.0.0.1:notaport/x", "postgres://app:geheim@127.0.0.1:1/x"} {
		_, err := tenancy.Open(t.Context(), tenancy.Config{URL: bad, MaxConns: 1, Timeout: 1e9})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "geheim")
	}
}
