// Package rls holds what is applied again after every migration: the roles, the
// access rules, triggers and trigger functions of each table (tables/), the
// views (views/) and the functions that look across organizations (functions/).
// Apply runs as the owner role. A table without a file here cannot be reached by
// the application.
package rls

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Files holds the SQL files, one a table, view or topic.
//
//go:embed *.sql tables/*.sql views/*.sql functions/*.sql
var Files embed.FS

// Names lists the files in the order in which they are applied: the roles that
// the others grant to, the views, which the rules of tables ask, the tables, the
// functions that read both, and what closes the schema.
func Names() (names []string, err error) {
	for _, pattern := range []string{"roles.sql", "views/*.sql", "tables/*.sql", "functions/*.sql", "close.sql"} {
		found, err := fs.Glob(Files, pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	return names, nil
}

// How Apply asks for its locks. The wait is well below PostgreSQL's deadlock_timeout (1 s): where a request
// holds what is wanted here and waits for what is held here, this gives up, and not the request.
const (
	lockTries = 20
	lockWait  = "250ms"
	lockPause = 250 * time.Millisecond
)

// Apply puts every rule into force in one transaction, so that no moment has
// half of them. When short waits for its locks did not help, it waits as long as the connection's lock_timeout
// says: a vacuum gives way to who waits for a second.
func Apply(ctx context.Context, conn *pgx.Conn) error {
	for range lockTries {
		err := apply(ctx, conn, lockWait)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "55P03" { // lock_not_available
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
	return apply(ctx, conn, "")
}

func apply(ctx context.Context, conn *pgx.Conn, wait string) error {
	names, err := Names()
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Two at once would fail on each other's changes to the catalog.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('satchel rules'))"); err != nil {
			return fmt.Errorf("wait for another migration: %w", err)
		}
		if err := hold(ctx, tx, wait); err != nil {
			return err
		}
		for _, name := range names {
			sql, err := Files.ReadFile(name)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, string(sql)); err != nil {
				return fmt.Errorf("apply %s: %w", name, err)
			}
		}
		return nil
	})
}

// hold locks every view and table before the first one is changed. Locks that are taken one by one
// between the changes meet requests that hold some of them already, for as long as the changes take, and
// in both orders: a view asks tables, and the rules of tables ask views. PostgreSQL ends one of both then, mostly the
// request. A view is locked by a change to the owner that it has: LOCK would lock its tables with the rights
// of its owner, who may only read them.
func hold(ctx context.Context, tx pgx.Tx, wait string) error {
	var views, tables string
	err := tx.QueryRow(ctx, `select coalesce(string_agg(format('alter view %I.%I owner to %I', n.nspname, c.relname, pg_get_userbyid(c.relowner)), '; ' order by c.oid) filter (where c.relkind = 'v'), ''),
			coalesce('lock table ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid) filter (where c.relkind <> 'v') || ' in access exclusive mode', '')
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'app') and c.relkind in ('r', 'p', 'v') and pg_has_role(c.relowner, 'usage')`).Scan(&views, &tables)
	if err != nil {
		return fmt.Errorf("read which tables there are: %w", err)
	}
	statements := []string{views, tables}
	if wait != "" {
		statements = []string{"set local lock_timeout = '" + wait + "'", views, tables, "set local lock_timeout to default"}
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("lock the tables whose rules change: %w", err)
		}
	}
	return nil
}
