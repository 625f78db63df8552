package idempotency

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"8e03978e-40d5-43dd-bc93-6894a57f9324":   "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`"8e03978e-40d5-43dd-bc93-6894a57f9324"`: "8e03978e-40d5-43dd-bc93-6894a57f9324",
		"order:1/2+3=":                           "order:1/2+3=",
		`"a b, c; d"`:                            "a b, c; d",
		`"a \"b\" \\"`:                           `a "b" \`,
		strings.Repeat("k", maxKeyLength):        strings.Repeat("k", maxKeyLength),
	} {
		got, err := parse(header)
		require.NoError(t, err, header)
		require.Equal(t, want, got)
	}
	for _, header := range []string{
		"", `""`, `"`, `"a`, `a"`, `"a"b`, `"a";p=1`, "a, b", "a b", "a;b", `"a\n"`, `"a\`, "käse", "a\x7f", "a\tb", "\x00",
		strings.Repeat("k", maxKeyLength+1), `"` + strings.Repeat("k", maxKeyLength+1) + `"`,
	} {
		_, err := parse(header)
		require.ErrorIs(t, err, errKey, "%q", header)
	}
}

func FuzzKey(f *testing.F) {
	for _, header := range []string{`"a"`, "a", `"\\"`, `"\`} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		text, err := parse(header)
		if err == nil && (text == "" || len(text) > maxKeyLength) {
			t.Errorf("%q is read as %q", header, text)
		}
	})
}
