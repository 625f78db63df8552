package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/schema"
	"satchel/tenancy"
)

// scratch is a database of one measurement's own in the stack's cluster, with
// this build's schema. Its rows are synthetic: they are put in behind the rules,
// many at a time, and no object belongs to them.
type scratch struct {
	*tenancy.DB
	admin *pgx.Conn // whom no rule binds and no trigger follows
	drop  func()
}

func (b *bench) scratch(ctx context.Context, name string) (*scratch, error) {
	root, err := pgx.Connect(ctx, b.Superuser)
	if err != nil {
		return nil, fmt.Errorf("connect as the cluster's superuser: %w", err)
	}
	for _, sql := range []string{"drop database if exists " + name + " with (force)", "create database " + name + " owner satchel_owner"} {
		if _, err := root.Exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	s := &scratch{drop: func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = root.Exec(ctx, "drop database if exists "+name+" with (force)")
		_ = root.Close(ctx)
	}}
	if err := s.open(ctx, b, name); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

func (s *scratch) open(ctx context.Context, b *bench, name string) (err error) {
	if _, err = schema.Up(ctx, schema.Config{OwnerURL: in(b.Postgres, name)}); err != nil {
		return err
	}
	if s.admin, err = pgx.Connect(ctx, in(b.Superuser, name)); err != nil {
		return err
	}
	if _, err = s.admin.Exec(ctx, "set session_replication_role = replica"); err != nil {
		return err
	}
	s.DB, err = tenancy.Open(ctx, tenancy.Config{URL: in(b.AppURL, name), MaxConns: 2, Timeout: time.Minute})
	return err
}

func (s *scratch) close(ctx context.Context) {
	if s.DB != nil {
		s.DB.Close()
	}
	if s.admin != nil {
		_ = s.admin.Close(context.WithoutCancel(ctx))
	}
	s.drop()
}

// in names another database of the same cluster.
func in(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err) // satchel.json holds URLs
	}
	u.Path = "/" + name
	return u.String()
}

// schools makes organizations with published files of a version and a step each.
// Their rows lie mixed, as if all had been busy on the same days. The owner of
// each has the organization's own id.
func (s *scratch) schools(ctx context.Context, organizations, files int) ([]tenancy.OrgID, error) {
	orgs := make([]tenancy.OrgID, organizations)
	ids := make([]uuid.UUID, organizations)
	for i := range orgs {
		orgs[i] = tenancy.OrgID(tenancy.NewID())
		ids[i] = orgs[i].UUID()
	}
	for _, sql := range []string{
		`insert into users (id) select o from unnest($1::uuid[]) o where $2::integer > 0`,
		`insert into logins (issuer, subject, user_id, own) select 'synthetic', o::text, o, true from unnest($1::uuid[]) o where $2::integer > 0`,
		`insert into organizations (id, slug, name, tier) select o, 'o-' || o, 'Synthetic school', 'enterprise' from unnest($1::uuid[]) o where $2::integer > 0`,
		`insert into members (organization_id, user_id, role) select o, o, 'owner' from unnest($1::uuid[]) o where $2::integer > 0`,
		`insert into spaces (organization_id, id, kind, name) select o, o, 'library', 'Library' from unnest($1::uuid[]) o where $2::integer > 0`,
		`insert into space_members (organization_id, space_id, user_id, via, source_id, level) select o, o, o, 'role', o, 4 from unnest($1::uuid[]) o where $2::integer > 0`,
		`insert into storage_quotas (organization_id, max_bytes, max_file_size, used_bytes) select o, 1::bigint << 40, 1 << 30, $2 * 1000::bigint from unnest($1::uuid[]) o`,
		// Ids in the order of their making, as version 7 has them; the digits after that tell the organizations apart.
		`create temporary table made as select o as organization_id, n,
			(lpad(to_hex(1700000000000 + n * 60000::bigint), 12, '0') || '7' || substr(md5(o::text || n), 1, 3) || '8' || substr(md5(o::text || n), 4, 15))::uuid as id
			from generate_series(1, $2::integer) n, unnest($1::uuid[]) o order by n`,
		`insert into files (organization_id, id, space_id, name, uploaded_by, status, head_id, current_id)
			select organization_id, id, organization_id, 'essay ' || n || '.txt', organization_id, 'published', id, id from made where $1::uuid[] is not null and $2::integer > 0 order by n`,
		`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at)
			select organization_id, id, id, 1, 'published', 1000, 'text/plain', repeat('0', 64), repeat('0', 64), 'clean', now(), now(), 'e', 1000, organization_id, now()
			from made where $1::uuid[] is not null and $2::integer > 0 order by n`,
		`insert into version_steps (organization_id, version_id, name, state, ended_at)
			select organization_id, id, 'scan', 'done', now() from made where $1::uuid[] is not null and $2::integer > 0 order by n`,
	} {
		if _, err := s.admin.Exec(ctx, sql, ids, files); err != nil {
			return nil, fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	// What the database would do by and by, and not while it is being measured.
	for _, sql := range []string{"drop table made", "vacuum analyze", "checkpoint"} {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	return orgs, nil
}
