package verdict

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A verdict that is declared and not listed would be missing wherever the list
// is asked.
func TestAllIsExhaustive(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "verdict.go", nil, 0)
	require.NoError(t, err)
	var declared []Verdict
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		require.Equal(t, "Verdict", spec.Type.(*ast.Ident).Name)
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		declared = append(declared, Verdict(value))
		return true
	})
	require.ElementsMatch(t, declared, All())
	require.Subset(t, All(), Recorded())
}

func TestByScanner(t *testing.T) {
	t.Parallel()
	for v, want := range map[Verdict]bool{None: false, Accepted: false, Rejected: false, Clean: true, Infected: true, Unscannable: true, "Clean": false} {
		require.Equal(t, want, v.ByScanner(), v)
	}
}
