package files_test

import (
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/verdict"
)

// TestVerdictsAreTheColumns compares the list in Go with the check of the column:
// a verdict that only one of them knows would fail when it is recorded, or be
// read as something that no code expects.
func TestVerdictsAreTheColumns(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	owner, err := pgx.Connect(t.Context(), s.OwnerURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, owner.Close(t.Context())) }()
	var check string
	require.NoError(t, owner.QueryRow(t.Context(), `select pg_get_constraintdef(oid) from pg_constraint
		where conrelid = 'file_versions'::regclass and conname = 'file_versions_scan_verdict_check'`).Scan(&check))
	var column []verdict.Verdict
	for _, literal := range regexp.MustCompile(`'([a-z]*)'`).FindAllStringSubmatch(check, -1) {
		column = append(column, verdict.Verdict(literal[1]))
	}
	require.ElementsMatch(t, verdict.Recorded(), column, check)
	for _, v := range verdict.All() {
		err := files.Scanned(t.Context(), s.Single(s.org), s.processing(t), files.Verdict{Verdict: v})
		require.Equal(t, v == verdict.None || v.ByScanner(), err == nil, "%q: %v", v, err)
	}
}
