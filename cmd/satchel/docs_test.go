package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/tenancy/apikeys"
)

var (
	// A command in a page stands between backticks, or begins its line.
	named = regexp.MustCompile("`satchel ([a-z][^`\n]*)`|(?m:^ *(?:\\.local/bin/)?satchel ([a-z].*)$)")
	// What follows these belongs to the shell, or says what the command does.
	behind = regexp.MustCompile(`[#|;&]|   `)
	flags  = regexp.MustCompile(`--([a-z][a-z-]*)`)
	word   = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// TestCommandsOfTheDocsAreThere fails on a command or flag that a page names and the program
// does not have: a reader would copy it and be refused. Decisions and the changelog tell of what was.
func TestCommandsOfTheDocsAreThere(t *testing.T) {
	t.Parallel()
	pages := []string{"../../README.md", "../../ARCHITECTURE.md", "../../CONTRIBUTING.md", "../../SECURITY.md"}
	require.NoError(t, filepath.WalkDir("../../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "decisions" {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	}))
	program, commands := root(), 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			checkCommand(t, program, page, m[1]+m[2])
			commands++
		}
	}
	require.Greater(t, commands, 150)
}

// TestHelpNamesWhatIsThere checks the examples of the help in the same way. An example gives the
// flags that its command cannot do without.
func TestHelpNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	program := root()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, m := range named.FindAllStringSubmatch(cmd.Long+"\n"+cmd.Example, -1) {
			line := m[1] + m[2]
			found := checkCommand(t, program, cmd.CommandPath(), line)
			if m[2] == "" || found == nil {
				continue
			}
			found.Flags().VisitAll(func(f *pflag.Flag) {
				if _, required := f.Annotations[cobra.BashCompOneRequiredFlag]; required {
					assert.Contains(t, line, "--"+f.Name, "an example of %q", cmd.CommandPath())
				}
			})
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			kind, _ := pflag.UnquoteUsage(f) // what stands between backticks is taken for the name of the value
			assert.NotContains(t, kind, " ", "--%s of %q", f.Name, cmd.CommandPath())
		})
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(program)
}

// TestKeysAreMadeWithEachScope holds the help of `satchel key create` to the table of scopes.
func TestKeysAreMadeWithEachScope(t *testing.T) {
	t.Parallel()
	create, _, err := root().Find([]string{"key", "create"})
	require.NoError(t, err)
	usage := create.Flags().Lookup("scope").Usage
	for scope := range apikeys.Scopes {
		assert.Contains(t, usage, string(scope))
	}
}

// checkCommand finds the command that a line begins with, and its flags.
func checkCommand(t *testing.T, program *cobra.Command, where, line string) *cobra.Command {
	t.Helper()
	if at := behind.FindStringIndex(line); at != nil {
		line = line[:at[0]]
	}
	words, cmd := strings.Fields(line), program
	for len(words) > 0 {
		i := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == words[0] || c.HasAlias(words[0]) })
		if i < 0 {
			break
		}
		cmd, words = cmd.Commands()[i], words[1:]
	}
	if !cmd.HasParent() || !cmd.Runnable() && len(words) > 0 && word.MatchString(words[0]) {
		assert.Failf(t, "no such command", "%s names `satchel %s`", where, line)
		return nil
	}
	for _, m := range flags.FindAllStringSubmatch(line, -1) {
		there := m[1] == "help" || cmd.Flags().Lookup(m[1]) != nil || cmd.InheritedFlags().Lookup(m[1]) != nil
		assert.True(t, there, "%s names --%s in `satchel %s`, which that command does not have", where, m[1], line)
	}
	return cmd
}
