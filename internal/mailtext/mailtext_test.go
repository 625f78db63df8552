package mailtext

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"satchel/tenancy/notifications"
)

// TestEveryLanguageHasEveryText, with the same plural forms.
func TestEveryLanguageHasEveryText(t *testing.T) {
	t.Parallel()
	for name, one := range texts {
		require.ElementsMatch(t, slices.Collect(maps.Keys(texts[Fallback])), slices.Collect(maps.Keys(one)), name)
		for key, forms := range one {
			require.Len(t, forms, len(texts[Fallback][key]), "%s %s", name, key)
		}
	}
	for _, k := range notifications.Kinds {
		require.Contains(t, texts[Fallback], k.Name+".subject")
	}
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Ihr Tag: eine Neuigkeit", Text("de", "digest.daily.subject", 1))
	require.Equal(t, "Ihr Tag: 2 Neuigkeiten", Text("de", "digest.daily.subject", 2))
	require.Equal(t, "0 Dinge wurden mit Ihnen geteilt.", Text("de", "share.received.text", 0))
	require.Equal(t, "1,000 things were shared with you.", Text("en", "share.received.text", 1000))
	require.Equal(t, "1.000 Dinge wurden mit Ihnen geteilt.", Text("de", "share.received.text", 1000))
}

// TestMails of every kind in every language: no text is missing, and nothing hostile is
// markup.
func TestMails(t *testing.T) {
	t.Parallel()
	kinds := []string{notifications.Daily, notifications.Weekly, notifications.Confirm, "un.known"}
	for _, k := range notifications.Kinds {
		kinds = append(kinds, k.Name)
	}
	for _, name := range append(Languages(), "xx") {
		for _, kind := range kinds {
			l := Letter{Kind: kind, Language: name, Organization: `<script>alert(1)</script>`, Link: "https://a.example/?a=1&b=2", Unsubscribe: "https://a.example/u", Items: []Item{{"share.received", 2}, {"handin.returned", 1}}}
			if kind == notifications.Confirm {
				l.Items, l.Code, l.Unsubscribe = nil, "1234 5678", ""
			}
			m, err := Write(l)
			require.NoError(t, err)
			for _, s := range []string{m.Subject, m.Text, m.HTML} {
				require.NotContains(t, s, "%!", kind)
				require.NotContains(t, s, ".subject", kind)
				require.NotContains(t, s, ".text", kind)
			}
			require.NotContains(t, m.Subject, "script")
			require.NotContains(t, m.HTML, "<script")
			require.NotContains(t, m.HTML, "<style")
			_, err = html.Parse(strings.NewReader(m.HTML))
			require.NoError(t, err)
			if kind == notifications.Confirm {
				require.Contains(t, m.Text, "1234 5678")
				require.NotContains(t, m.Text, "https://")
			} else {
				require.Contains(t, m.Text, "https://a.example/u")
			}
		}
	}
}
