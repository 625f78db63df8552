package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/types"
)

// TestEachFamilyHasASample: a new family of docs/types.md is in the demonstration.
func TestEachFamilyHasASample(t *testing.T) {
	t.Parallel()
	shown := map[types.Family]bool{}
	for _, s := range append(makeSamples(), families()...) {
		require.NotEmpty(t, s.bytes, s.name)
		for _, row := range types.Table() {
			if s.status == "published" && slices.Contains(row.Extensions, strings.ToLower(filepath.Ext(s.name))) {
				shown[row.Family] = true
			}
		}
	}
	for _, row := range types.Table() {
		require.True(t, shown[row.Family], "no sample is of the family %s", row.Family)
	}
}
