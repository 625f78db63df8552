package storage

import (
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
