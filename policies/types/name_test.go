package types

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestCleanName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"a.txt":                         "a.txt",
		"  a b .txt ":                   "a b .txt",
		"Gru\u0308\u00dfe.txt":          "Gr\u00fc\u00dfe.txt",
		"日本語 レポート.pdf":                  "日本語 レポート.pdf",
		"تقرير.pdf":                     "تقرير.pdf",
		"می\u200cخواهم.txt":             "می\u200cخواهم.txt",
		"👩\u200d🏫.png":                  "👩\u200d🏫.png",
		"/etc/passwd":                   "passwd",
		`C:\Users\me\a.txt`:             "a.txt",
		"../../a.txt":                   "a.txt",
		"evil.exe...":                   "evil.exe",
		"a.txt. . .":                    "a.txt",
		".hidden":                       ".hidden",
		"invoice.pdf.exe":               "invoice.pdf.exe",
		strings.Repeat("a", 255):        strings.Repeat("a", 255),
		strings.Repeat("\u65e5", 255):   strings.Repeat("\u65e5", 255),
		strings.Repeat("x/", 600) + "a": "a",
	} {
		got, err := CleanName(given)
		require.NoError(t, err, "%q", given)
		require.Equal(t, want, got)
	}
}

func TestCleanNameRefuses(t *testing.T) {
	t.Parallel()
	for name, why := range map[string]string{
		"":                                "give the file a name",
		"   ":                             "give the file a name",
		"...":                             "give the file a name",
		"a/":                              "give the file a name",
		`a\..`:                            "give the file a name",
		"a\x00.txt":                       "U+0000",
		"a\n.txt":                         "U+000A",
		"a\u0085b":                        "U+0085",
		"a\u202egnp.exe":                  "U+202E",
		"a\u2066b":                        "U+2066",
		"a\u2028b":                        "U+2028",
		"\ufeffa":                         "U+FEFF",
		"a\xff.txt":                       "UTF-8",
		strings.Repeat("a", 256):          "shorten",
		strings.Repeat("\U0001f600", 257): "shorten",
	} {
		got, err := CleanName(name)
		require.ErrorIs(t, err, ErrName, "%q", name)
		require.ErrorContains(t, err, why)
		require.Empty(t, got)
	}
}

func checkClean(t require.TestingT, name string) {
	got, err := CleanName(name)
	if err != nil {
		require.ErrorIs(t, err, ErrName)
		require.Empty(t, got)
		return
	}
	again, err := CleanName(got)
	require.NoError(t, err)
	require.Equal(t, got, again, "cleaning twice changes %q", name)
	require.True(t, norm.NFC.IsNormalString(got))
	require.True(t, utf8.ValidString(got))
	require.NotEmpty(t, got)
	require.LessOrEqual(t, len(got), MaxNameBytes)
	require.LessOrEqual(t, utf8.RuneCountInString(got), MaxNameRunes)
	require.False(t, strings.ContainsAny(got, "/\\\x00\r\n\u202e"))
	require.False(t, strings.ContainsFunc(got, unicode.IsControl))
}

func TestCleanNameProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { checkClean(rt, rapid.String().Draw(rt, "name")) })
}

func FuzzCleanName(f *testing.F) {
	f.Add("a.txt")
	f.Add(" \u0308a/../b\u202e. .")
	f.Fuzz(func(t *testing.T, name string) { checkClean(t, name) })
}
