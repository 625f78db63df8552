package analytics

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryLanguageHasEveryText(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"de", "en"}, Languages(), "the languages in which members are written to")
	for name, one := range texts {
		require.ElementsMatch(t, slices.Collect(maps.Keys(texts[Fallback])), slices.Collect(maps.Keys(one)), name)
	}
	for _, k := range Kinds {
		require.Contains(t, texts[Fallback], "kind."+string(k))
	}
	require.Equal(t, "Alien/Type", Called("de", "space", "Alien/Type"), "what has no word keeps its name")
	require.Equal(t, "Total", Say("xx", "total"))
}

// TestEveryTextIsSaid: what the reader and the writers ask the catalog for is in it, and nothing
// else. Otherwise a key would stand in a report.
func TestEveryTextIsSaid(t *testing.T) {
	t.Parallel()
	said := regexp.MustCompile(`(?:[sS]ay\((?:d\.Language, |r\.Language, |language, |p\.language, )?)"([a-z_.0-9]+)"`)
	asked := map[string]bool{}
	for _, dir := range []string{"reports", "render"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(name)
			require.NoError(t, err)
			for _, m := range said.FindAllStringSubmatch(string(b), -1) {
				asked[m[1]] = true
			}
			for _, m := range regexp.MustCompile(`r\.table\(analytics\.(\w+), "(\w+)", analytics\.\w+((?:, "\w+")+)\)`).FindAllStringSubmatch(string(b), -1) {
				kind := map[string]Kind{"Storage": Storage, "Activity": Activity, "Types": Types, "HandIns": HandIns, "Refusals": Refusals, "Jobs": Jobs, "Generation": Generation, "Class": Class}[m[1]]
				require.Contains(t, texts[Fallback], "table."+string(kind)+"."+m[2])
				for label := range strings.SplitSeq(strings.TrimPrefix(m[3], ", "), ", ") {
					require.Contains(t, texts[Fallback], "label."+strings.Trim(label, `"`))
				}
			}
			for _, m := range regexp.MustCompile(`r\.(?:counts|column)\(([^()]*)\)`).FindAllStringSubmatch(string(b), -1) {
				for _, name := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(m[1], -1) {
					require.Contains(t, texts[Fallback], "column."+name[1])
				}
			}
		}
	}
	for key := range asked {
		if strings.HasSuffix(key, ".") { // the rest of the key is said beside it
			continue
		}
		_, whole := texts[Fallback][key]
		_, about := texts[Fallback]["about."+key]
		require.True(t, whole || about, key)
	}
	require.Greater(t, len(asked), 15)
}
