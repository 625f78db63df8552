package people_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/people"
)

const testKey = "a key of the tests, long enough to be one"

func hasher(t *testing.T) *people.Hasher {
	t.Helper()
	h, err := people.NewHasher(people.HashConfig{Key: testKey})
	require.NoError(t, err)
	return h
}

func TestHashesFindWhatIsWrittenDifferently(t *testing.T) {
	t.Parallel()
	h, org := hasher(t), tenancy.OrgID(tenancy.NewID())
	want := h.HashEmail(org, "zoë.müller@school.example")
	require.Len(t, want, 32)
	for _, same := range []string{" Zoë.Müller@School.Example\n", "zoe\u0308.mu\u0308ller@school.example", "ZOË.MÜLLER@SCHOOL.EXAMPLE"} {
		require.Equal(t, want, h.HashEmail(org, same), "%q", same)
	}
	for _, other := range []string{"zoe.muller@school.example", "zoë.müller@school.example.org"} {
		require.NotEqual(t, want, h.HashEmail(org, other), "%q", other)
	}
	require.Nil(t, h.HashEmail(org, " \t"))
	require.Nil(t, h.HashUsername(org, ""))
}

// TestHashesAreNotComparable: across kinds, organizations and keys.
func TestHashesAreNotComparable(t *testing.T) {
	t.Parallel()
	h, org := hasher(t), tenancy.OrgID(tenancy.NewID())
	other, err := people.NewHasher(people.HashConfig{Key: strings.Repeat("k", 32)})
	require.NoError(t, err)
	hash := h.HashEmail(org, "a")
	require.NotEqual(t, hash, h.HashUsername(org, "a"))
	require.NotEqual(t, hash, h.HashEmail(tenancy.OrgID(tenancy.NewID()), "a"))
	require.NotEqual(t, hash, other.HashEmail(org, "a"))
	require.NotContains(t, string(hash), "a@")
}

func TestShortKeysAreRefused(t *testing.T) {
	t.Parallel()
	_, err := people.NewHasher(people.HashConfig{Key: strings.Repeat("k", 31)})
	require.ErrorContains(t, err, "SATCHEL_PEOPLE_HASH_KEY")
}
