package schema_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/schema"
	"satchel/tenancy"
)

func TestUpAgainChangesNothing(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	results := make(chan error, 2)
	for range cap(results) { // two programs at once wait for each other
		go func() {
			_, err := schema.Up(context.Background(), schema.Config{OwnerURL: d.OwnerURL})
			results <- err
		}()
	}
	for range cap(results) {
		require.NoError(t, <-results)
	}
	version, err := schema.Up(t.Context(), schema.Config{OwnerURL: d.OwnerURL})
	require.NoError(t, err)
	require.Positive(t, version)
	quota := d.Single(org).QueryRow(t.Context(), "select max_bytes from storage_quotas")
	require.NoError(t, quota.Scan(new(int64)), "the data is still there")
}

func TestAppMayNotChangeTheSchema(t *testing.T) {
	t.Parallel()
	d := pgtest.Clone(t)
	_, err := schema.Up(t.Context(), schema.Config{OwnerURL: d.AppURL})
	require.Error(t, err)
}

func TestBadURLDoesNotShowItsPassword(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"postgres://o:geheim@127.0.0.1:notaport/x", "postgres://o:geheim@127.0.0.1:1/x"} {
		_, err := schema.Up(t.Context(), schema.Config{OwnerURL: bad})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "geheim")
	}
}

func TestAddOperator(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	for range 2 { // the second time succeeds
		require.NoError(t, schema.AddOperator(t.Context(), schema.Config{OwnerURL: d.OwnerURL}, "issuer", "operator"))
	}
	found, err := d.Memberships(t.Context(), "issuer", "operator")
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, tenancy.Operator, found[0].Role)
	require.Equal(t, tenancy.Platform, found[0].Org)
}
