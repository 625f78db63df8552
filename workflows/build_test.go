package workflows_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"satchel/workflows"
)

// TestBuildNamesTheCode: what changes what a workflow does changes the name, and nothing else.
func TestBuildNamesTheCode(t *testing.T) {
	t.Parallel()
	of := func(path, source string) string {
		t.Helper()
		build, err := workflows.BuildOf(map[string]fs.FS{"workflows": fstest.MapFS{path: {Data: []byte(source)}, "upload/upload_test.go": {Data: []byte("package upload // " + source)}}})
		require.NoError(t, err)
		return build
	}
	const code = "package upload\n\nfunc F() int {\n\treturn 1\n}\n"
	build := of("upload/upload.go", code)
	require.Len(t, build, 12)
	for name, same := range map[string]string{
		"a comment": "package upload\n\n// F counts.\nfunc F() int {\n\treturn 1 // one\n}\n",
		"its form":  "package upload\nfunc F() int { return 1; }\n",
	} {
		require.Equal(t, build, of("upload/upload.go", same), name)
	}
	for name, other := range map[string]string{
		"a number": strings.Replace(code, "1", "2", 1),
		"a name":   strings.Replace(code, "F", "G", 1),
		"a type":   strings.Replace(code, "int", "uint", 1),
		"a string": strings.Replace(code, "1", `len("// a")`, 1),
	} {
		require.NotEqual(t, build, of("upload/upload.go", other), name)
	}
	require.NotEqual(t, of("upload/upload.go", strings.Replace(code, "1", `len("// a")`, 1)), of("upload/upload.go", strings.Replace(code, "1", `len("// b")`, 1)), "what looks like a comment inside a string")
	require.NotEqual(t, build, of("preview/upload.go", code), "another package")
	_, err := workflows.BuildOf(map[string]fs.FS{"workflows": fstest.MapFS{"upload/upload.go": {Data: []byte("package upload\nvar s = \"")}}})
	require.Error(t, err)
}

// TestBuildHoldsAllWorkflowCode: every source that can run inside a workflow is in the name of
// the build. Package workers registers them and guards their inputs, and decides nothing.
func TestBuildHoldsAllWorkflowCode(t *testing.T) {
	t.Parallel()
	require.Regexp(t, "^[0-9a-f]{12}$", workflows.Build())
	held := map[string]bool{}
	for folder, files := range workflows.Sources() {
		require.NoError(t, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			held[folder+"/"+path] = err == nil && !d.IsDir()
			return err
		}))
	}
	const root = ".."
	others := map[string]bool{"workflows/build.go": true, "workflows/doc.go": true}
	for _, folder := range []string{"workflows", "internal", "activities", "tenancy", "files", "policies", "cmd", "api", "generation", "roblox", "rosters", "analytics", "shares", "spaces", "personal", "search"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			if strings.HasPrefix(name, "workflows/") && !others[name] {
				require.True(t, held[name], "%s is in no name of a build", name)
				return nil
			}
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			if !strings.Contains(string(source), `"go.temporal.io/sdk/workflow"`) {
				return nil
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
			require.NoError(t, err)
			for _, i := range parsed.Imports {
				if i.Path.Value == `"go.temporal.io/sdk/workflow"` && !strings.HasPrefix(name, "internal/replaytest/") {
					require.True(t, held[name] || others[name], "%s runs inside workflows and is in no name of a build", name)
				}
			}
			return nil
		}))
	}
}
