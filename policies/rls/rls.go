// Package rls holds the access rules that every migration brings into force: the roles, the
// rights, policies, triggers and trigger functions of each table (tables/), the
// views (views/) and the functions that look across organizations (functions/).
// Apply runs as the owner role. A table without a file here cannot be reached by
// the application.
package rls

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Files holds the SQL files, one a table, view or topic.
//
//go:embed *.sql tables/*.sql views/*.sql functions/*.sql
var Files embed.FS

const rolesFile = "roles.sql"

// Names lists the files in the order in which they are applied: the roles, the rights that
// all have, the views, which the rules of tables ask, the tables, the
// functions that read both, and what closes the schema.
func Names() (names []string, err error) {
	for _, pattern := range []string{rolesFile, "rights.sql", "views/*.sql", "tables/*.sql", "functions/*.sql", "close.sql"} {
		found, err := fs.Glob(Files, pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	return names, nil
}

// Apply brings the rules of the database to what the files say, in one transaction, so that no
// moment has half of them. It changes what differs alone, so that requests meet no lock but
// those of the tables and views of which a policy, a trigger or the text differs. For those it waits less than a
// second and lets the requests behind it pass before it comes again. An error with the code 55P03
// (lock_not_available) means that it found no moment, and that nothing is changed.
func Apply(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := begin(ctx, tx); err != nil {
			return err
		}
		// A role is of the whole cluster and cannot be rehearsed. It has no rights before the rest.
		if err := layFile(ctx, tx, rolesFile, nil); err != nil {
			return err
		}
		var laid bool
		if err := tx.QueryRow(ctx, "select to_regprocedure('app.org()') is not null").Scan(&laid); err != nil {
			return fmt.Errorf("look for the access rules: %w", err)
		}
		if !laid {
			return lay(ctx, tx, nil)
		}
		wanted, err := rehearse(ctx, tx)
		if err != nil {
			return err
		}
		return bring(ctx, tx, wanted)
	})
}

// Lay runs every file, whatever is in force, in one transaction. In the end that has the locks of all tables: it is
// for a database that no program uses.
func Lay(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := begin(ctx, tx); err != nil {
			return err
		}
		return lay(ctx, tx, nil)
	})
}

func begin(ctx context.Context, tx pgx.Tx) error {
	// Two at once would fail on each other's changes to the catalog, and a partition that app.ensure_months makes behind
	// the rehearsal would have no rules in it.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('satchel rules')), pg_advisory_xact_lock(hashtextextended('satchel months', 0))"); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	// Names in the catalog's texts are written as this path finds them, and tables of this session hide none.
	if _, err := tx.Exec(ctx, "set local search_path = public, pg_temp"); err != nil {
		return fmt.Errorf("set search_path: %w", err)
	}
	return nil
}

func lay(ctx context.Context, tx pgx.Tx, elsewhere *strings.Replacer) error {
	names, err := Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := layFile(ctx, tx, name, elsewhere); err != nil {
			return err
		}
	}
	return nil
}

func layFile(ctx context.Context, tx pgx.Tx, name string, elsewhere *strings.Replacer) error {
	text, err := Files.ReadFile(name)
	if err != nil {
		return err
	}
	sql := string(text)
	// What a function says is compared as it is, and run by no one in a rehearsal.
	if elsewhere != nil && !strings.HasPrefix(name, "functions/") {
		sql = elsewhere.Replace(sql)
	}
	if _, err := tx.Exec(ctx, sql); err != nil {
		return fmt.Errorf("apply %s: %w", name, err)
	}
	return nil
}
