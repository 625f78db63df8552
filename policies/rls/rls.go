// Package rls holds the access rules of every table, one re-appliable SQL file
// a table, and applies them as the owner role after the migrations. A table
// without a file here cannot be reached by the application.
package rls

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
)

// Files holds the rules, one file a table.
//
//go:embed *.sql
var Files embed.FS

// Apply puts every rule into force in one transaction, so that no moment has
// half of them. 00_roles.sql comes first by its name, since the others grant
// to the roles it makes.
func Apply(ctx context.Context, conn *pgx.Conn) error {
	names, err := fs.Glob(Files, "*.sql")
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
