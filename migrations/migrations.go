// Package migrations embeds the numbered schema changes that `migrate up`
// applies as the owner role, through golang-migrate.
package migrations

import "embed"

// Files holds NNNNNN_name.up.sql. There is no way down: a backup is restored instead.
//
//go:embed *.sql
var Files embed.FS
