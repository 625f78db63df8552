package satchel_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/disclosure"
)

// waysOut says for every way by which something leaves an organization which package asks
// policies/disclosure about it, or in SQL which function does. A way that nothing goes yet
// has its reason.
var waysOut = map[disclosure.Way][]string{
	disclosure.Link:          {"shares", "policies/rls/functions/system_sharing.sql"},
	disclosure.OutsidePerson: {"shares", "policies/rls/functions/system_sharing.sql"},
	disclosure.DropBox:       {"shares", "policies/rls/functions/system_sharing.sql"},
	disclosure.Export:        {"activities/export"},
	disclosure.Webhook:       {"activities/webhook"},
	disclosure.Model:         {"generation/drafts"}, // asked by the API and again by the step that sends
	disclosure.Connector:     {"activities/roblox"}, // asked when a sync is planned, and again before each upload
}

var noWayYet = map[disclosure.Way]string{}

// leaving are the packages that hand out what is the organization's to somebody who is no
// member: each asks. A package whose name says that it does, and that is not here, fails.
var leaving = []string{"webhook", "connector", "model"}

// TestEveryWayOutAsks reads the code: each way has a caller of the check.
func TestEveryWayOutAsks(t *testing.T) {
	t.Parallel()
	require.Len(t, disclosure.Ways, len(waysOut)+len(noWayYet))
	for _, way := range disclosure.Ways {
		places, used := waysOut[way]
		_, unused := noWayYet[way]
		require.NotEqual(t, used, unused, "%s is used, or has its reason", way)
		for _, place := range places {
			if strings.HasSuffix(place, ".sql") {
				sql, err := os.ReadFile(place)
				require.NoError(t, err)
				require.Contains(t, string(sql), "app.disclosure_on(", place)
				continue
			}
			require.True(t, asks(t, place), "%s asks disclosure.Check before it lets something out by %s", place, way)
		}
	}
	for _, folder := range []string{"activities", ".", "files"} {
		for _, word := range leaving {
			found, err := filepath.Glob(filepath.Join(folder, word+"*"))
			require.NoError(t, err)
			for _, path := range found {
				if info, err := os.Stat(path); err != nil || !info.IsDir() {
					continue
				}
				require.True(t, asks(t, path), "%s looks like a way out and does not ask policies/disclosure", path)
			}
		}
	}
}

// asks says whether a file of the package calls disclosure.Check, CheckOn, or Disclose, which does.
func asks(t *testing.T, folder string) (found bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Check" || f.Sel.Name == "CheckOn" || f.Sel.Name == "Disclose") {
				if x, ok := f.X.(*ast.Ident); ok && x.Name == "disclosure" {
					found = true
				}
			}
			return true
		})
	}
	return found
}
