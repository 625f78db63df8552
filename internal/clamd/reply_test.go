package clamd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/clamd/clamdtest"
)

func TestParseVerdict(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Verdict{
		"stream: OK\x00":                                               {Clean, ""},
		"stream: Win.Test.EICAR_HDB-1 FOUND\x00":                       {Infected, "Win.Test.EICAR_HDB-1"},
		"stream: Local.Eicar.UNOFFICIAL(44d88612:68) FOUND\x00":        {Infected, "Local.Eicar.UNOFFICIAL(44d88612:68)"},
		"stream: FOUND FOUND\x00":                                      {Infected, "FOUND"},
		"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\x00":     {Unscannable, "Heuristics.Limits.Exceeded.MaxFileSize"},
		"stream: Heuristics.Encrypted.Zip FOUND\x00":                   {Unscannable, "Heuristics.Encrypted.Zip"},
		"stream: Heuristics.Phishing.Email.SpoofedDomain FOUND\x00":    {Infected, "Heuristics.Phishing.Email.SpoofedDomain"},
		"stream: Prefix.Heuristics.Encrypted.Zip.UNOFFICIAL FOUND\x00": {Infected, "Prefix.Heuristics.Encrypted.Zip.UNOFFICIAL"},
	} {
		got, err := parseVerdict([]byte(raw))
		require.NoError(t, err, "%q", raw)
		require.Equal(t, want, got, "%q", raw)
	}
}

func TestZeroVerdictIsNotClean(t *testing.T) {
	t.Parallel()
	require.False(t, Verdict{}.Clean())
	require.False(t, Verdict{Outcome: Clean, Signature: "x"}.Clean())
}

// Clean has one spelling only, and every other verdict carries a name.
func FuzzParseVerdict(f *testing.F) {
	f.Add([]byte("stream: OK\x00"))
	f.Add([]byte("stream: Some.Virus FOUND\x00"))
	for _, behaviour := range clamdtest.BadReplies() {
		f.Add([]byte(behaviour.Reply))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parseVerdict(raw)
		require.Equal(t, string(raw) == "stream: OK\x00", got.Clean(), "%q", raw)
		if err != nil {
			require.Zero(t, got)
			return
		}
		if !got.Clean() {
			require.NotEmpty(t, got.Signature)
			require.Equal(t, "stream: "+got.Signature+" FOUND\x00", string(raw))
			require.False(t, strings.ContainsAny(got.Signature, " \x00\n\r"))
		}
	})
}
