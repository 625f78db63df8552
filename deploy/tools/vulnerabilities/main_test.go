package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const output = `{"config": {"go_version": "go1.27.3", "scan_level": "symbol"}}
{"osv": {"id": "GO-2026-0001", "summary": "Panic in example.com/frames"}}
{"osv": {"id": "GO-2026-0002", "summary": "Leak in example.com/pool"}}
{"finding": {"osv": "GO-2026-0002", "fixed_version": "v1.0.1", "trace": [{"module": "example.com/pool", "version": "v1.0.0"}]}}
{"finding": {"osv": "GO-2026-0001", "fixed_version": "v2.1.0", "trace": [
  {"module": "example.com/frames", "version": "v2.0.0", "package": "example.com/frames"}]}}
{"finding": {"osv": "GO-2026-0001", "fixed_version": "v2.1.0", "trace": [
  {"module": "example.com/frames", "version": "v2.0.0", "package": "example.com/frames", "function": "Read", "receiver": "*Reader"},
  {"module": "example.com/web", "version": "v1.0.0", "package": "example.com/web", "function": "Serve"},
  {"module": "satchel", "package": "satchel/api", "function": "Run", "position": {"filename": "api/run.go", "line": 7}}]}}
{"finding": {"osv": "GO-2026-0001", "fixed_version": "v2.1.0", "trace": [
  {"module": "example.com/frames", "version": "v2.0.0", "package": "example.com/frames", "function": "Read", "receiver": "*Reader"},
  {"module": "satchel", "package": "satchel/files", "function": "Open", "position": {"filename": "files/open.go", "line": 9}}]}}
`

var today = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// check runs the program with this allow list and returns what it prints and its error.
func check(t *testing.T, allowed, output string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(allowed, strings.NewReader(output), &out, today)
	return out.String(), err
}

func TestReachableVulnerabilityFailsWithItsShortestTrace(t *testing.T) {
	out, err := check(t, "# nothing is allowed\n", output)
	require.Error(t, err)
	require.Equal(t, `GO-2026-0001: Panic in example.com/frames
    example.com/frames v2.0.0, fixed in v2.1.0
    files/open.go:9: satchel/files.Open reaches example.com/frames.Reader.Read
`, out)
}

func TestAllowedVulnerabilityPasses(t *testing.T) {
	out, err := check(t, "GO-2026-0001 2026-11-28 only tests read frames\n", output)
	require.NoError(t, err)
	require.Equal(t, "  known vulnerabilities that the code reaches, built with go1.27.3: 0 without an entry, 1 with one\n", out)
}

func TestEntryThatIsNotReachableFails(t *testing.T) {
	allowed := "GO-2026-0001 2026-11-01 only tests read frames\nGO-2026-0002 2026-11-02 no secret is in the pool\n"
	out, err := check(t, allowed, output)
	require.Error(t, err)
	require.Equal(t, "GO-2026-0002: the allow list names it and the code does not reach it; remove the entry of 2026-11-02\n", out)
}

func TestBrokenAllowListFails(t *testing.T) {
	for name, list := range map[string]string{
		"no reason":   "GO-2026-0001 2026-11-28",
		"no date":     "GO-2026-0001 only tests read frames",
		"future date": "GO-2026-0001 2026-11-29 only tests read frames",
		"no id":       "CVE-2026-1 2026-11-28 only tests read frames",
		"two entries": "GO-2026-0001 2026-11-28 one reason\nGO-2026-0001 2026-11-28 another reason",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := check(t, list, output)
			require.ErrorContains(t, err, "allowed.txt: line ")
		})
	}
}

func TestOutputThatIsNotOfAWholeRunFails(t *testing.T) {
	for name, output := range map[string]string{
		"nothing":        "",
		"cut off":        output[:len(output)-10],
		"packages alone": `{"config": {"go_version": "go1.27.3", "scan_level": "package"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := check(t, "", output)
			require.Error(t, err)
		})
	}
}

func TestAllowListOfSatchelIsReadable(t *testing.T) {
	_, err := readAllowed(strings.NewReader(allowList), time.Now())
	require.NoError(t, err)
}
