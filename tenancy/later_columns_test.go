package tenancy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestReadsAfterANewerSchema proves that a process goes on while the next
// build's migration has already added columns.
func TestReadsAfterANewerSchema(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	_, err := d.Admin(t).Exec(t.Context(), `alter table tiers add column added_later text not null default '';
		alter table organizations add column added_later text not null default ''`)
	require.NoError(t, err)

	tier, err := tenancy.GetTier(t.Context(), d.Single(org))
	require.NoError(t, err)
	require.Equal(t, "enterprise", tier.Name)
	tiers, err := d.Tiers(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, tiers)
	_, err = tenancy.GetOrganization(t.Context(), d.Single(org))
	require.NoError(t, err)
	_, err = d.ListOrganizations(t.Context(), tenancy.OrgID{}, "", "", 10)
	require.NoError(t, err)
}
