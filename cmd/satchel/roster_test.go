package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const rosterOrg = "/api/v1/organizations/o1"

// rosterAPI shows one import, of a source that is paused.
func rosterAPI(imported string) *scripted {
	return &scripted{answers: map[string]string{
		"GET /api/v1/me": `{"memberships":[{"organization_id":"o1"}]}`,
		"GET " + rosterOrg + "/roster/imports/i1": imported, "POST " + rosterOrg + "/roster/imports/i1/approve": imported,
		"GET " + rosterOrg + "/roster/sources": `{"items":[{"id":"s0","paused_until":null},{"id":"s1","paused_until":"2199-08-31T06:00:00Z"}]}`,
	}}
}

// TestAnImportThatWaitsForAPauseEndsTheCommand, which would wait for months otherwise.
func TestAnImportThatWaitsForAPauseEndsTheCommand(t *testing.T) {
	said, err := command(t, rosterAPI(`{"id":"i1","source_id":"s1","state":"waiting","changes_hash":"h","decision":"approve"}`), "roster", "approve", "i1")
	require.NoError(t, err)
	require.Contains(t, said, "paused until 2199-08-31")
	require.Contains(t, said, "satchel roster status i1")
}

// TestAStopSaysWhere: the file of the package, and a hold says only what it has.
func TestAStopSaysWhere(t *testing.T) {
	said, err := command(t, rosterAPI(`{"id":"i1","source_id":"s1","state":"stopped","stop":{"code":"missing","file":"users.csv","row":3,"column":"email","text":"It is not there."},
		"holds":[{"code":"first_import","count":1},{"code":"empty","kind":"class","count":2},{"code":"leaving","kind":"person","school":"North","count":3,"of":9}]}`), "roster", "status", "i1")
	require.ErrorIs(t, err, errRoster)
	for _, part := range []string{"users.csv, row 3, column email: It is not there.", "held: first_import\n", "held: empty class: 2\n", "held: leaving person North: 3 of 9\n"} {
		require.Contains(t, said, part)
	}
}
