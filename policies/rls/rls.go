// Package rls holds what is applied again after every migration: the roles, the
// access rules, triggers and trigger functions of each table (tables/), the
// views (views/) and the functions that look across organizations (functions/).
// Apply runs as the owner role. A table without a file here cannot be reached by
// the application.
package rls

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
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

// Apply puts every rule into force in one transaction, so that no moment has
// half of them.
func Apply(ctx context.Context, conn *pgx.Conn) error {
	names, err := Names()
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Two at once would fail on each other's changes to the catalog.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('satchel rules'))"); err != nil {
			return fmt.Errorf("wait for another migration: %w", err)
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
