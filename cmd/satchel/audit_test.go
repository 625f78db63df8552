package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/audit"
)

// auditLogOf makes the lines of an audit log by the rule of docs/audit.md.
func auditLogOf(t *testing.T, events int) (lines []string) {
	t.Helper()
	var hash audit.Hash
	for n := 1; n <= events; n++ {
		event := fmt.Sprintf(`{"action":"file.trash","object_id":"%d","organization":"o"}`, n)
		h := sha256.New()
		_, _ = h.Write(hash[:])
		require.NoError(t, binary.Write(h, binary.BigEndian, int64(n)))
		_, _ = h.Write([]byte(event))
		hash = audit.Hash(h.Sum(nil))
		line, err := json.Marshal(audit.Line{Seq: int64(n), Hash: hash, Event: json.RawMessage(event)})
		require.NoError(t, err)
		lines = append(lines, string(line))
	}
	return lines
}

func TestAuditLogFilesAreChecked(t *testing.T) {
	t.Parallel()
	lines := auditLogOf(t, 6)
	check := func(part bool, lines ...string) audit.Report {
		name := filepath.Join(t.TempDir(), "trail.ndjson")
		require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600))
		r, err := verifyFile(name, part)
		require.NoError(t, err)
		return r
	}
	require.EqualValues(t, 6, check(false, lines...).Events)
	require.True(t, check(false, lines...).OK)
	require.True(t, check(true, lines...).OK)
	require.True(t, check(false).OK)

	require.False(t, check(false, lines[2:]...).OK, "a part does not verify as a whole audit log")
	r := check(true, lines[2:]...)
	require.True(t, r.OK)
	require.EqualValues(t, 4, r.Events)
	require.EqualValues(t, 6, r.Head.Seq)

	for _, part := range []bool{false, true} {
		require.EqualValues(t, 3, check(part, lines[0], lines[1], lines[3]).FirstBroken.Seq, "a gap")
		changed := strings.Replace(lines[2], `"object_id":"3"`, `"object_id":"4"`, 1)
		require.NotEqual(t, lines[2], changed)
		require.EqualValues(t, 3, check(part, lines[0], lines[1], changed, lines[3]).FirstBroken.Seq, "a change")
	}
	require.Empty(t, span("", ""))
	require.Equal(t, "?from=2026-01-01T00%3A00%3A00Z", span("2026-01-01T00:00:00Z", ""))
}
