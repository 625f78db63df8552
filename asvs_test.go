package satchel_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// chaptersOfASVS is how many requirements of the levels 1 and 2 each chapter of version 5.0.0 has.
var chaptersOfASVS = map[string]int{
	"V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7,
	"V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7,
}

var rowOfASVS = regexp.MustCompile(`^\| (\d+)\.(\d+\.\d+) \| ([12]) \| ([^|]+) \| (met|partly|operator|n/a) \| ([^|]+) \|$`)

// TestEveryRequirementOfASVSHasItsRow: each number is there once; what is met names a test or a document,
// and everything else says why. That the named tests and pages exist is held by TestNamedTestsAreThere
// and TestLinksOfTheDocsLeadSomewhere.
func TestEveryRequirementOfASVSHasItsRow(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/asvs.md")
	require.NoError(t, err)
	found, seen := map[string]int{}, map[string]bool{}
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| number") || strings.HasPrefix(line, "| state") || regexp.MustCompile(`^\| (met|partly|operator|n/a) \|`).MatchString(line) {
			continue
		}
		m := rowOfASVS.FindStringSubmatch(line)
		require.NotNil(t, m, "a row that cannot be read: %s", line)
		number, state, evidence := m[1]+"."+m[2], m[5], m[6]
		require.False(t, seen[number], "%s is there twice", number)
		seen[number] = true
		found["V"+m[1]]++
		if state == "met" {
			require.True(t, namedTest.MatchString(evidence) || markdownLink.MatchString(evidence), "%s is met without a test or a document", number)
		} else {
			require.Greater(t, len(evidence), 8, "%s says no reason", number)
		}
	}
	require.Equal(t, chaptersOfASVS, found)
}
