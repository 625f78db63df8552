package satchel_test

import (
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statement finds a string that begins as a statement that reads or writes rows.
// One that is put together in Go begins so in its first literal.
var statement = regexp.MustCompile(`(?i)^\s*(--[^\n]*\n\s*)*(select\s|insert\s+into\s|update\s+[\w."]+\s+((as\s+)?\w+\s+)?set\s|delete\s+from\s|with\s+(recursive\s+)?\w+\s*(\([^)]*\)\s*)?as\s)`)

// handWritten are the files with statements of which sqlc does not make the code,
// each with its reason. A key is a pattern of path.Match, which does not reach
// into subfolders.
var handWritten = map[string]string{
	"tenancy/db.go":              "the tenant binding",
	"tenancy/guard.go":           "reads the live catalog before any organization is bound",
	"tenancy/system*.go":         "one-line calls of definer functions on the pool, which generated code cannot reach",
	"tenancy/clusters*.go":       "calls of definer functions of the directory and across clusters, on pools of no organization",
	"tenancy/access.go":          "returns OrgID and Role: generated code would import this package, which imports it",
	"tenancy/organizations.go":   "returns OrgID and Role: generated code would import this package, which imports it",
	"tenancy/replica.go":         "asks which server it is and what it has replayed, on connections of no organization",
	"tenancy/locks_shared.go":    "locks of a session, on a connection of their own and outside any organization",
	"tenancy/locks.go":           "locks of a session, on a connection of their own and outside any organization",
	"tenancy/watched.go":         "locks of a session, on a connection of their own and outside any organization",
	"tenancy/service_account.go": "takes Role: generated code would import this package, which imports it",
	"tenancy/tiers.go":           "shares its columns with the definer functions of tiers",
	"files/list.go":              "a dynamic list: filters, order and a limit in the text",
	"policies/audit/read.go":     "a dynamic list: filters",
	"tenancy/operations/list.go": "a dynamic list: filters",
	"policies/rls/*.go":          "reads the catalog and applies SQL files as the owner; sqlc reads the schema that it makes",
	"internal/schema/schema.go":  "runs as the owner, and makes the schema that sqlc reads",
	"internal/schema/months.go":  "reads the catalog as the owner, and makes the schema that sqlc reads",
	"internal/pgtest/pgtest.go":  "makes the databases of tests",
	"bench/*.go":                 "measures statements as the owner, and fills tables in bulk",

	"bench/chaos/*.go":              "counts as the superuser, over organizations",
	"internal/devstack/checks/*.go": "counts as the superuser, over organizations",
}

// TestStaticSQLIsGenerated fails for a statement in Go that belongs into a
// queries.sql. `make generate` checks those against a real database; a misspelled
// column in Go fails only when its statement runs.
func TestStaticSQLIsGenerated(t *testing.T) {
	t.Parallel()
	for text, found := range map[string]bool{
		"select id from files": true, "\n\twith page as (select 1) select": true, "insert into files (id) values ($1)": true,
		"update files f set name = $1": true, "UPDATE files SET name = $1": true, "delete from files where id = $1": true, "-- name: FileGet :one\nselect 1": true,
		"selected": false, "update the file": false, "delete a file": false, "with a file as a part": false, "where id = $1": false,
	} {
		require.Equal(t, found, statement.MatchString(text), text)
	}
	used, generated := map[string]bool{}, 0
	for _, file := range sources(t, ".go") {
		for _, text := range stringsOf(t, file) {
			if !statement.MatchString(text) {
				continue
			}
			if strings.HasSuffix(file, "db/queries.sql.go") {
				generated++
				continue
			}
			entry, ok := excused(t, file)
			used[entry] = true
			if !ok {
				t.Errorf("%s: move this to the queries.sql of its package, or name the file in handWritten with its reason: %q", file, text)
			}
		}
	}
	for entry := range handWritten {
		require.True(t, used[entry], "%s has no statement any more: remove it from handWritten", entry)
	}
	require.Greater(t, generated, 100, "the generated statements are found")
}

// excused returns the key of handWritten that covers a file.
func excused(t *testing.T, file string) (entry string, ok bool) {
	t.Helper()
	for entry := range handWritten {
		covers, err := path.Match(entry, file)
		require.NoError(t, err)
		if covers {
			return entry, true
		}
	}
	return "", false
}
