// Package pgtest gives each test a real Postgres database of its own, cloned
// from a template that holds this build's schema and access rules.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/schema"
	"satchel/migrations"
	"satchel/policies/rls"
	"satchel/tenancy"
)

// Database is one test's database.
type Database struct {
	*tenancy.DB      // as the application sees it
	AppURL, OwnerURL string
	AdminURL         string // as the cluster's superuser, for looking behind the rules
}

const serverVariable = "SATCHEL_TEST_POSTGRES"

// New clones the template. The database is dropped when the test ends.
func New(t testing.TB) *Database {
	t.Helper()
	d := Clone(t)
	db, err := tenancy.Open(context.Background(), tenancy.Config{URL: d.AppURL, MaxConns: 8, Timeout: 60e9})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	d.DB = db
	return d
}

// Clone is New without an open connection as the application.
func Clone(t testing.TB) *Database {
	t.Helper()
	server := os.Getenv(serverVariable)
	if server == "" {
		t.Fatalf("%s is not set: run `make unit`, which starts a Postgres for the tests and sets it", serverVariable)
	}
	template, err := ensureTemplate(server)
	require.NoError(t, err)
	name := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	// The files are copied as such: page by page through the log, as is the default, takes four times the processor.
	admin(t, server, fmt.Sprintf("create database %s template %s owner %s strategy file_copy", name, template, ownerRole))
	t.Cleanup(func() { admin(t, server, "drop database if exists "+name+" with (force)") })
	return &Database{AppURL: as(server, name, "satchel_app", password), OwnerURL: as(server, name, ownerRole, password), AdminURL: as(server, name, "", "")}
}

// Organization makes an active organization with room for bytes. It is of the
// largest tier, whose other limits tests do not meet by chance.
func (d *Database) Organization(t testing.TB, bytes int64) tenancy.OrgID {
	t.Helper()
	return d.OrganizationOf(t, "enterprise", bytes)
}

// OrganizationOf makes an active organization of a tier.
func (d *Database) OrganizationOf(t testing.TB, tier string, bytes int64) tenancy.OrgID {
	t.Helper()
	ctx, org := context.Background(), tenancy.OrgID(tenancy.NewID())
	require.NoError(t, d.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error {
		return tenancy.BeginOrganization(ctx, tx, tenancy.NewOrganization{ID: org, Slug: "o-" + org.String(), Name: "Test school", Tier: tier})
	}))
	require.NoError(t, d.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := tenancy.SetLimits(ctx, tx, &bytes, &bytes); err != nil {
			return err
		}
		_, err := tenancy.Activate(ctx, tx)
		return err
	}))
	d.Authorized(t, org)
	return org
}

// Authorized records what a school signs before its students add files.
func (d *Database) Authorized(t testing.TB, org tenancy.OrgID) {
	t.Helper()
	_, err := d.Single(org).Exec(context.Background(), `insert into agreements (organization_id, id, signer, authority, purpose, notice_sent_at, expires_at)
		values (app.org(), $1, 'Test', 'Superintendent', 'School work', now(), now() + interval '1 year')`, tenancy.NewID())
	require.NoError(t, err)
}

// Assured records written assurances of who gives a kind of service, with the row of a file
// that stands for them.
func (d *Database) Assured(t testing.TB, org tenancy.OrgID, user uuid.UUID, kind string) {
	t.Helper()
	file := tenancy.NewID()
	require.NoError(t, d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
		if _, err := tx.Exec(context.Background(), "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'assurance.txt', $2)", file, user); err != nil {
			return err
		}
		_, err := tx.Exec(context.Background(), `insert into subprocessors (organization_id, id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, recorded_by)
			values (app.org(), $1, $2, 'n', 'p', 'c', 'l', $1, repeat('a', 64), $3)`, file, kind, user)
		return err
	}))
}

// Member makes a person with a role in the organization.
func (d *Database) Member(t testing.TB, org tenancy.OrgID, role tenancy.Role) uuid.UUID {
	t.Helper()
	ctx := context.Background()
	user, err := d.EnsureUserOf(ctx, org, "test", uuid.NewString())
	require.NoError(t, err)
	_, err = d.Single(org).Exec(ctx, "insert into members (organization_id, user_id, role) values ($1, $2, $3)", org, user, role)
	require.NoError(t, err)
	return user
}

// Admin opens a connection that row-level security does not bind.
func (d *Database) Admin(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

const (
	ownerRole = "satchel_test_owner"
	password  = "satchel-test"
)

var templates sync.Map // server -> func() (string, error)

func ensureTemplate(server string) (string, error) {
	once, _ := templates.LoadOrStore(server, sync.OnceValues(func() (string, error) { return makeTemplate(server) }))
	return once.(func() (string, error))()
}

// makeTemplate builds the template once for each state of the schema, whichever
// test process comes first: an advisory lock lets the others wait.
func makeTemplate(server string) (string, error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("connect to %s: %w", serverVariable, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(7236)"); err != nil {
		return "", err
	}
	name := "template_" + fingerprint()
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists); err != nil || exists {
		return name, err
	}
	for _, sql := range []string{
		fmt.Sprintf(`do $$ begin if not exists (select from pg_roles where rolname = '%[1]s') then
			create role %[1]s login createrole nosuperuser password '%[2]s'; end if; end $$`, ownerRole, password),
		"drop database if exists building with (force)",
		"create database building owner " + ownerRole,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", fmt.Errorf("prepare template: %w", err)
		}
	}
	if _, err := schema.Up(ctx, schema.Config{OwnerURL: as(server, "building", ownerRole, password), AppPassword: password}); err != nil {
		return "", fmt.Errorf("migrate template: %w", err)
	}
	_, err = conn.Exec(ctx, "alter database building rename to "+name)
	return name, err
}

func fingerprint() string {
	h := sha256.New()
	for _, fsys := range []fs.FS{migrations.Files, rls.Files} {
		_ = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				b, _ := fs.ReadFile(fsys, path)
				_, _ = fmt.Fprintf(h, "%s %d %s", path, len(b), b)
			}
			return err
		})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func as(server, database, user, pass string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(fmt.Sprintf("%s is not a URL: %v", serverVariable, err))
	}
	u.Path = "/" + database
	if user != "" {
		u.User = url.UserPassword(user, pass)
	}
	return u.String()
}

func admin(t testing.TB, server, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
}
