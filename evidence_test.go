package satchel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/policies/compliance"
)

// namedTest is how a page names a test: the folder, then the name.
var namedTest = regexp.MustCompile("`(\\.|[a-z][a-z0-9/]*)` (Test[A-Za-z0-9]+)")

var testFunction = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)

// testsOf gives the names of the tests in a folder.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range testFunction.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = true
		}
	}
	return found
}

// TestNamedTestsAreThere: a claim of the docs, and a check of the compliance report,
// names tests that exist. A test that was renamed would leave a claim without its proof.
func TestNamedTestsAreThere(t *testing.T) {
	t.Parallel()
	there, named := map[string]map[string]bool{}, 0
	check := func(folder, name, where string) {
		if there[folder] == nil {
			there[folder] = testsOf(t, folder)
		}
		named++
		assert.True(t, there[folder][name], "%s names %s of %s, which is not there", where, name, folder)
	}
	for _, r := range compliance.Rules() {
		for _, p := range r.Proof {
			check(p.Package, p.Test, "check "+r.ID)
		}
	}
	pages, err := filepath.Glob("docs/compliance/*.md")
	require.NoError(t, err)
	others, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, page := range append(pages, others...) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range namedTest.FindAllStringSubmatch(string(text), -1) {
			check(m[1], m[2], page)
		}
	}
	require.Greater(t, named, 60)
}
