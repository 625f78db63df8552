package storage

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/verdict"
)

// The contract lists exactly the verdicts that a version's row may hold; without
// one, a version has no scan to show.
func TestContractListsTheVerdicts(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile("../openapi.yaml")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^ +verdict: \{ type: string, enum: \[(.*)\] \}$`).FindAllSubmatch(contract, -1)
	require.Len(t, found, 1)
	want := []string{}
	for _, v := range verdict.Recorded() {
		if v != verdict.None {
			want = append(want, string(v))
		}
	}
	require.ElementsMatch(t, want, strings.Split(string(found[0][1]), ", "))
}
