package satchel_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allColumns finds "select *", "select v.*" and "returning *", also behind other
// columns, but not count(*).
var allColumns = regexp.MustCompile(`(?is)\b(select|returning)\s+(\w+\.)?\*|\bselect\b[^()]*,\s*(\w+\.)?\*`)

// TestQueriesNameTheirColumns fails for a query that reads whatever columns a
// table has: its struct does not know a column that a newer build adds, and
// every process of the older build then fails after `migrate up`. SQL files are
// read too.
func TestQueriesNameTheirColumns(t *testing.T) {
	t.Parallel()
	for sql, found := range map[string]bool{
		"select * from tiers": true, "insert into tiers (name) values ($1) returning *": true, "select f.name, v.* from files f": true,
		"select count(*) from files": false, "select id, count(*) from files group by id": false, "select 2 * size from files": false,
	} {
		require.Equal(t, found, allColumns.MatchString(sql), sql)
	}
	queries := 0
	for _, path := range sources(t, ".go") {
		for _, text := range stringsOf(t, path) {
			if strings.Contains(strings.ToLower(text), "select ") {
				queries++
			}
			require.False(t, allColumns.MatchString(text), "%s: name the columns of %q", path, text)
		}
	}
	require.Greater(t, queries, 50, "the queries are found")
	files := sources(t, ".sql")
	require.Greater(t, len(files), 40, "the SQL files are found")
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, allColumns.FindString(string(text)), "%s: name the columns", path)
	}
}

// estimated finds an organization that is compared as a value which Postgres knows when it plans.
var estimated = regexp.MustCompile(`organization_id = app\.(people_)?org\(\)`)

// TestOrganizationsAreNotEstimated: where Postgres knows the organization when it plans, the plan is
// made for the size of that one, and a connection keeps it for all others. One that was first
// asked by an organization of ten files took an index that leads with the organization alone,
// and read the 200,000 files of the next organization to find one: 68 ms instead of 0.8. A
// subquery is not looked into. What migrations did is done.
func TestOrganizationsAreNotEstimated(t *testing.T) {
	t.Parallel()
	looked := 0
	for _, path := range append(sources(t, ".go"), sources(t, ".sql")...) {
		if strings.HasPrefix(path, "migrations/") {
			continue
		}
		looked++
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotRegexp(t, estimated, string(text), "%s: write organization_id = (select app.org())", path)
	}
	require.Greater(t, looked, 500)
}

// sources lists the files with an extension outside of tests and hidden folders.
func sources(t *testing.T, ext string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, ext) && !strings.HasSuffix(path, "_test.go"):
			paths = append(paths, path)
		}
		return nil
	}))
	return paths
}

// stringsOf returns the string literals of a Go file.
func stringsOf(t *testing.T, path string) (texts []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			texts = append(texts, text)
		}
		return true
	})
	return texts
}
