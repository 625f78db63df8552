package mailtext

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMailsToParents in every language: no text is missing, both forms hold the whole notice
// and the link, and nothing hostile is markup.
func TestMailsToParents(t *testing.T) {
	t.Parallel()
	for _, language := range Languages() {
		for _, kind := range []string{"notice", "reminder", "confirm", "overruled"} {
			until := map[string]string{"notice": "1 May 2026", "reminder": "1 May 2026"}[kind]
			m, err := Write(Letter{
				Kind: "consent." + kind, Language: language, Organization: "<b>Oak</b>", Link: "https://a.example/consent/x", Answer: "consent.open", Until: until,
				Blocks: []Block{{"What <i>is</i> collected", "Essays & pictures"}}, Contact: "office@oak.example",
			})
			require.NoError(t, err)
			require.NotContains(t, m.Text+m.HTML+m.Subject, "%!")
			require.NotContains(t, m.Text+m.HTML+m.Subject, "consent.n")
			require.NotContains(t, m.HTML, "<b>Oak")
			require.NotContains(t, m.HTML, "<i>is")
			require.Contains(t, m.Text, "Essays & pictures")
			require.Contains(t, m.HTML, "Essays &amp; pictures")
			for _, s := range []string{m.Text, m.HTML} {
				require.Contains(t, s, "https://a.example/consent/x")
				require.Contains(t, s, "office@oak.example")
			}
			require.NotContains(t, m.Subject, "Oak")
		}
	}
}
