package satchel_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/settings.md instead of comparing it")

const settingsIntro = `# Settings

Programs read their settings from the environment. A value that cannot be read stops the program at its start, and the
message names the variable. Every ` + "`NAME`" + ` may come as ` + "`NAME_FILE`" + `, the path of a file with the value, as secrets are mounted.
` + "`api`, `worker` and `migrate`" + ` are programs of a deployment; ` + "`issuer` and `mailbox`" + ` belong to the local stack.

This page is generated from the ` + "`env`" + ` tags: ` + "`go test . -run TestSettingsPage -update`" + `.

| variable | default | read by | meaning |
|---|---|---|---|
`

// setting is one variable of the environment. Several structs may read it.
type setting struct {
	name, value, meaning string
	programs             []string
}

// TestSettingsPage compares docs/settings.md with the env tags of all programs,
// so that a setting without a description, or without a reader, fails.
func TestSettingsPage(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(settingsIntro)
	for _, s := range readSettings(t) {
		require.NotEmpty(t, s.meaning, "%s: describe it in a comment behind its field", s.name)
		require.NotEmpty(t, s.programs, "%s: no program loads its struct", s.name)
		fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", s.name, s.value, strings.Join(s.programs, ", "), s.meaning)
	}
	file := filepath.Join("docs", "settings.md")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page.String()), 0o600))
	}
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(written), "docs/settings.md is out of date: go test . -run TestSettingsPage -update")
}

// readSettings finds every field with an env tag, and the programs that load its
// struct with settings.Load.
func readSettings(t *testing.T) []setting {
	t.Helper()
	fields, loads := map[string][]setting{}, map[string][]string{}
	set := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return skip(err)
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		require.NoError(t, err)
		folder := filepath.Dir(path)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					fields[folder+"."+n.Name.Name] = settingsOf(s)
				}
			case *ast.IndexExpr:
				if name, ok := loaded(n, file, folder); ok {
					loads[name] = append(loads[name], programsOf(folder)...)
				}
			}
			return true
		})
		return nil
	}))
	return merged(fields, loads)
}

func skip(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

func settingsOf(s *ast.StructType) []setting {
	var found []setting
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		name, _, _ := strings.Cut(tag.Get("env"), ",")
		if name == "" {
			continue
		}
		value := tag.Get("envDefault")
		if strings.Contains(tag.Get("env"), ",required") {
			value = "*required*"
		}
		found = append(found, setting{name: name, value: value, meaning: strings.TrimSpace(f.Comment.Text())})
	}
	return found
}

// loaded names the struct of a settings.Load[T], by the folder of its package.
func loaded(n *ast.IndexExpr, file *ast.File, folder string) (string, bool) {
	load, ok := n.X.(*ast.SelectorExpr)
	if !ok || load.Sel.Name != "Load" {
		return "", false
	}
	if from, ok := load.X.(*ast.Ident); !ok || from.Name != "settings" {
		return "", false
	}
	switch t := n.Index.(type) {
	case *ast.Ident:
		return folder + "." + t.Name, true
	case *ast.SelectorExpr:
		for _, i := range file.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			name := filepath.Base(path)
			if i.Name != nil {
				name = i.Name.Name
			}
			if name == t.X.(*ast.Ident).Name {
				return strings.TrimPrefix(path, "satchel/") + "." + t.Sel.Name, true
			}
		}
	}
	return "", false
}

// programsOf is which programs run the code of a folder that loads settings.
func programsOf(folder string) []string {
	switch folder {
	case "internal/bootstrap":
		return []string{"api", "worker"}
	case "internal/schema":
		return []string{"migrate"}
	case "cmd/worker/wiring":
		return []string{"worker"}
	case "cmd/doctor", "cmd/satchel": // `satchel doctor` and `satchel admin store-check` read what the programs read, in their place
		return nil
	}
	return []string{filepath.Base(folder)}
}

// merged joins the structs that read one variable, sorted by name. What a
// program of a deployment says of it goes before what the local stack says.
func merged(fields map[string][]setting, loads map[string][]string) []setting {
	byName := map[string]setting{}
	for _, owner := range slices.SortedFunc(maps.Keys(fields), localFirst) {
		for _, s := range fields[owner] {
			s.programs = append(byName[s.name].programs, loads[owner]...)
			slices.Sort(s.programs)
			s.programs = slices.Compact(s.programs)
			byName[s.name] = s
		}
	}
	all := make([]setting, 0, len(byName))
	for _, s := range byName {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b setting) int { return strings.Compare(a.name, b.name) })
	return all
}

func localFirst(a, b string) int {
	return cmp.Or(-cmp.Compare(fmt.Sprint(strings.HasPrefix(a, "deploy/local/")), fmt.Sprint(strings.HasPrefix(b, "deploy/local/"))), cmp.Compare(a, b))
}
