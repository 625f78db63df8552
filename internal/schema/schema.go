// Package schema brings a database to this build's schema: golang-migrate's
// numbered changes first, then the partitions by month, then what differs of the access
// rules of policies/rls.
package schema

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/golang-migrate/migrate/v4"
	pgxmigrate "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/settings"
	"satchel/migrations"
	"satchel/policies/rls"
	"satchel/tenancy"
)

// Config names the database and its owner.
type Config struct {
	name string // of a further cluster

	OwnerURL    string `env:"SATCHEL_OWNER_DATABASE_URL,required"` // Postgres as the role that owns the schema
	AppPassword string `env:"SATCHEL_APP_PASSWORD"`                // password that the application role gets; empty: it is left as it is
	Clusters    string `env:"SATCHEL_OWNER_DATABASE_CLUSTERS"`     // SATCHEL_DATABASE_CLUSTERS as the role that owns the schema there: migrate lays the schema in each
}

// Each gives the configuration of every cluster, the directory's first: old programs of a cluster go on until
// all have the new schema.
func (c Config) Each() ([]Config, error) {
	urls, err := tenancy.ClustersConfig{Clusters: c.Clusters}.URLs()
	if err != nil {
		return nil, errors.New("SATCHEL_OWNER_DATABASE_CLUSTERS is a list of name=URL, as SATCHEL_DATABASE_CLUSTERS")
	}
	all := []Config{{OwnerURL: c.OwnerURL, AppPassword: c.AppPassword}}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		all = append(all, Config{OwnerURL: urls[name], AppPassword: c.AppPassword, name: name})
	}
	return all, nil
}

// Name is what the cluster is called; "" is the directory's.
func (c Config) Name() string { return c.name }

// FromEnvironment reads the configuration.
func FromEnvironment() (Config, error) { return settings.Load[Config]() }

// Up applies the missing migrations and returns the version reached. A repeated
// run changes nothing, and concurrent runs wait for each other.
func Up(ctx context.Context, c Config) (uint, error) {
	version, err := change(ctx, c.OwnerURL, migrations.Files)
	if err != nil {
		return 0, err
	}
	config, err := pgx.ParseConfig(c.OwnerURL)
	if err != nil {
		return 0, errors.New("SATCHEL_OWNER_DATABASE_URL is not a URL")
	}
	config.RuntimeParams["lock_timeout"] = lockTimeout
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, fmt.Errorf("connect as owner: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := partitionByMonth(ctx, conn, time.Now()); err != nil {
		return 0, err
	}
	if err := patiently(ctx, func() error { return rls.Apply(ctx, conn) }); err != nil {
		return 0, err
	}
	if err := ensureMonths(ctx, conn); err != nil {
		return 0, err
	}
	return version, setPassword(ctx, conn, c.AppPassword)
}

func change(ctx context.Context, ownerURL string, files fs.FS) (version uint, err error) {
	u, err := url.Parse(ownerURL)
	if err != nil {
		return 0, errors.New("SATCHEL_OWNER_DATABASE_URL is not a URL")
	}
	u.Scheme = "pgx5"
	parameters := u.Query()
	parameters.Set("lock_timeout", lockTimeout)
	u.RawQuery = parameters.Encode()
	src, err := iofs.New(files, ".")
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	m, err := migrate.NewWithSourceInstance("embedded", src, u.String())
	if err != nil {
		return 0, fmt.Errorf("connect to migrate: %w", err)
	}
	defer func() { _, _ = m.Close() }()
	if err := patiently(ctx, func() error { return up(m, src) }); err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	version, _, err = m.Version()
	return version, err
}

// The driver registers itself under pgx5.
var _ = pgxmigrate.DefaultMigrationsTable

func setPassword(ctx context.Context, conn *pgx.Conn, password string) error {
	if password == "" {
		return nil
	}
	// A role's password cannot be a parameter; format() quotes it.
	var stmt string
	if err := conn.QueryRow(ctx, `select format('alter role satchel_app password %L', $1::text)`, password).Scan(&stmt); err != nil {
		return fmt.Errorf("set app password: %w", err)
	}
	if _, err := conn.Exec(ctx, stmt); err != nil {
		return errors.New("set app password: the owner role may not alter satchel_app; grant it CREATEROLE")
	}
	return nil
}

// AddOperator makes a person a member of the Platform organization. It needs
// the owner's access because no one may do it through the API before there is
// a first operator.
func AddOperator(ctx context.Context, c Config, issuer, subject string) error {
	conn, err := pgx.Connect(ctx, c.OwnerURL)
	if err != nil {
		return fmt.Errorf("connect as owner: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local role satchel_system"); err != nil {
			return fmt.Errorf("become satchel_system: %w", err)
		}
		var user uuid.UUID
		if err := tx.QueryRow(ctx, "select app.user_ensure($1, $2, $3)", tenancy.NewID(), issuer, subject).Scan(&user); err != nil {
			return fmt.Errorf("add person: %w", err)
		}
		_, err := tx.Exec(ctx, `insert into members (organization_id, user_id, role) values ($1, $2, 'operator') on conflict do nothing`,
			tenancy.Platform, user)
		return err
	})
}
