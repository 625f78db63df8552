package clamd

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/clamd/clamdtest"
	"satchel/policies/verdict"
)

func TestParseVerdict(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Verdict{
		"stream: OK\x00":                                               {verdict.Clean, ""},
		"stream: Win.Test.EICAR_HDB-1 FOUND\x00":                       {verdict.Infected, "Win.Test.EICAR_HDB-1"},
		"stream: Local.Eicar.UNOFFICIAL(44d88612:68) FOUND\x00":        {verdict.Infected, "Local.Eicar.UNOFFICIAL(44d88612:68)"},
		"stream: FOUND FOUND\x00":                                      {verdict.Infected, "FOUND"},
		"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\x00":     {verdict.Unscannable, "Heuristics.Limits.Exceeded.MaxFileSize"},
		"stream: Heuristics.Encrypted.Zip FOUND\x00":                   {verdict.Unscannable, "Heuristics.Encrypted.Zip"},
		"stream: Heuristics.Phishing.Email.SpoofedDomain FOUND\x00":    {verdict.Infected, "Heuristics.Phishing.Email.SpoofedDomain"},
		"stream: Prefix.Heuristics.Encrypted.Zip.UNOFFICIAL FOUND\x00": {verdict.Infected, "Prefix.Heuristics.Encrypted.Zip.UNOFFICIAL"},
	} {
		got, err := parseVerdict([]byte(raw), streamReply)
		require.NoError(t, err, "%q", raw)
		require.Equal(t, want, got, "%q", raw)
		_, err = parseVerdict([]byte(raw), descriptorReply)
		require.ErrorIs(t, err, ErrUnavailable, "an answer about a stream is none about a descriptor: %q", raw)
		about := strings.Replace(raw, "stream: ", "fd[12]: ", 1)
		got, err = parseVerdict([]byte(about), descriptorReply)
		require.NoError(t, err, "%q", about)
		require.Equal(t, want, got, "%q", about)
		_, err = parseVerdict([]byte(about), streamReply)
		require.ErrorIs(t, err, ErrUnavailable, "%q", about)
	}
}

func TestDescriptorsHaveNumbers(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"fd[]: OK", "fd[x]: OK", "fd[-1]: OK", "fd[ 1]: OK", "fd[1] OK", "fd[1]:OK", "fd[1: OK", "fd1]: OK", "[1]: OK", "fd: OK",
		"fd[1]: fd[1]: OK", "fd[1]: stream: OK", "fd[99999999999999999999]: OK", "fd[1]: OK ", "fd[1]: ok", "fd[1]: Not a regular file ERROR",
	} {
		got, err := parseVerdict([]byte(raw+"\x00"), descriptorReply)
		require.ErrorIs(t, err, ErrUnavailable, "%q", raw)
		require.Zero(t, got)
	}
}

func TestZeroVerdictIsNotClean(t *testing.T) {
	t.Parallel()
	require.False(t, Verdict{}.Clean())
	require.False(t, Verdict{Outcome: verdict.Clean, Signature: "x"}.Clean())
}

var descriptorClean = regexp.MustCompile(`\Afd\[[0-9]{1,9}\]: OK\x00\z`)

// Clean has one spelling only, and every other verdict carries a name.
func FuzzParseVerdict(f *testing.F) {
	f.Add([]byte("stream: OK\x00"))
	f.Add([]byte("stream: Some.Virus FOUND\x00"))
	f.Add([]byte("fd[10]: OK\x00"))
	for _, behaviour := range clamdtest.BadReplies() {
		f.Add([]byte(behaviour.Reply))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parseVerdict(raw, streamReply)
		require.Equal(t, string(raw) == "stream: OK\x00", got.Clean(), "%q", raw)
		about, _ := parseVerdict(raw, descriptorReply)
		require.Equal(t, descriptorClean.Match(raw), about.Clean(), "%q", raw)
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
