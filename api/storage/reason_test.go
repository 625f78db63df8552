package storage

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/archives"
	"satchel/policies/types"
)

// TestReasonsHaveSentences: every rule has its own sentence, and no code is shown
// where there is one.
func TestReasonsHaveSentences(t *testing.T) {
	t.Parallel()
	require.Empty(t, reasonText(files.Published, "", "", ""))
	said := map[string]string{}
	for _, r := range types.Reasons() {
		said[string(r.Rule)] = reasonText(files.Rejected, string(r.Rule), "", "")
	}
	for _, r := range archives.Reasons() {
		said[string(r.Rule)] = reasonText(files.Quarantined, "unscannable:"+string(r.Rule), "", "")
	}
	for code := range reasonTexts {
		said[code] = reasonText(files.Failed, code, "", "")
	}
	for code, text := range said {
		require.True(t, strings.HasSuffix(text, "."), code)
		require.NotContains(t, text, "Ask the operator", code)
		if strings.Contains(code, "_") { // others are words as well
			require.NotContains(t, text, code)
		}
	}
	require.Contains(t, reasonText(files.Quarantined, "infected:Eicar-Signature", "", ""), "(Eicar-Signature)")
	require.Contains(t, reasonText(files.Quarantined, "unscannable:Heuristics.Unknown", "", ""), "kept back")
	require.Contains(t, reasonText(files.Failed, "something_new", "", ""), "on our side")
	require.Contains(t, reasonText(files.Rejected, "something_new", "", ""), "something_new")
}

// written are the reasons in the code that ends or holds a version, and the lists of them.
var written = regexp.MustCompile(`(?:Withdraw\(.*|Removal +|ReasonFound +|ReasonUnknown +|UploadFileResult\{files\.(?:Rejected|Deleted|Expired), )[,=]? *"([a-z_]+)"`)

// TestReasonsThatAreWrittenHaveSentences: what no reader of this list knows of is shown with
// its code and "Ask the operator".
func TestReasonsThatAreWrittenHaveSentences(t *testing.T) {
	t.Parallel()
	const root = "../.."
	found := 0
	for _, top := range []string{"activities", "api", "files", "workflows"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, top), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range written.FindAllStringSubmatch(string(source), -1) {
				found++
				require.Contains(t, sentences, m[1], "%s writes it", path)
			}
			return err
		}))
	}
	require.Greater(t, found, 10)
}
