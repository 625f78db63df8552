package consentpage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"satchel/api/consentpage"
	"satchel/internal/mailtext"
)

const hostile = `<script>alert(1)</script>"'`

func view(what string) consentpage.View {
	return consentpage.View{
		What: what, Token: "t0ken", Organization: hostile, Child: hostile, Contact: hostile, Until: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), Written: "en", Version: 3, SHA256: "abc",
		Online: "https://school.example/privacy?a=1&b=2", Disclosure: true,
		Blocks: func(language string) []mailtext.Block {
			return []mailtext.Block{{Title: mailtext.Text(language, "consent.block.summary"), Text: hostile}}
		},
	}
}

func draw(t *testing.T, v consentpage.View, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/consent/t0ken", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	require.NoError(t, consentpage.Write(w, r, v))
	return w
}

// TestEveryStateInEveryLanguage: no text is missing, nothing hostile is markup, no script runs,
// and the browser allows the page's own style alone.
func TestEveryStateInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"ask", "withdraw", "agreed", "refused", "withdrawn", "over", "replaced", "grown", "cancelled", consentpage.Unknown, consentpage.Failed, consentpage.Crowded} {
		for _, language := range consentpage.Languages() {
			v := view(what)
			v.Disagree, v.Missing = true, what == "ask"
			w := draw(t, v, "Accept-Language", language)
			page := w.Body.String()
			require.Contains(t, page, `<html lang="`+language+`">`)
			require.NotContains(t, page, "<script")
			require.NotContains(t, page, "consent.page.")
			require.NotContains(t, page, "consent.block.")
			require.NotContains(t, page, "%!")
			require.NotContains(t, page, "{{")
			require.NotRegexp(t, `(?i)\son[a-z]+\s*=\s*"|javascript:|<(iframe|img|object)\b`, page)
			_, style, _ := strings.Cut(page, "<style>")
			style, _, _ = strings.Cut(style, "</style>")
			sum := sha256.Sum256([]byte(style))
			policy := w.Header().Get("Content-Security-Policy")
			require.Contains(t, policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
			require.Contains(t, policy, "default-src 'none'")
			require.NotContains(t, policy, "script-src")
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			_, err := html.Parse(strings.NewReader(page))
			require.NoError(t, err)
		}
	}
}

// TestTheTwoAnswersAreAlike: the same markup for each, nothing chosen, and the summary above the
// questions.
func TestTheTwoAnswersAreAlike(t *testing.T) {
	t.Parallel()
	page := draw(t, view("ask")).Body.String()
	require.Equal(t, 2, strings.Count(page, "<fieldset>"))
	require.NotContains(t, page, "checked")
	require.NotContains(t, page, "selected")
	choices := regexp.MustCompile(`<label>(<input type="radio" name="\w+" value=")(yes|no)(" required>) `).FindAllStringSubmatch(page, -1)
	require.Len(t, choices, 4)
	for _, c := range choices {
		require.Equal(t, `" required>`, c[3])
	}
	require.Equal(t, 1, strings.Count(page, "<button>"))
	require.Less(t, strings.Index(page, "In short"), strings.Index(page, "<fieldset>"))
	require.Contains(t, page, "SHA-256 abc")
	v := view("ask")
	v.Disclosure = false
	require.Equal(t, 1, strings.Count(draw(t, v).Body.String(), "<fieldset>"), "a notice without third parties asks one question")
}

// TestKeysOfForms follow from the token and give nothing of it away.
func TestKeysOfForms(t *testing.T) {
	t.Parallel()
	require.True(t, consentpage.IsKey("a", consentpage.Key("a")))
	require.False(t, consentpage.IsKey("a", consentpage.Key("b")))
	require.False(t, consentpage.IsKey("a", ""))
	require.Contains(t, draw(t, view("withdraw")).Body.String(), consentpage.Key("t0ken"))
}

// TestTheLanguageOfTheMail is that of a browser that asks for none.
func TestTheLanguageOfTheMail(t *testing.T) {
	t.Parallel()
	v := view("ask")
	v.Language = "de"
	require.Equal(t, "de", draw(t, v).Header().Get("Content-Language"))
	require.Equal(t, "en", draw(t, v, "Accept-Language", "en").Header().Get("Content-Language"))
}
