package tenancy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func TestAnOrganizationSeesItsOwnTier(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.OrganizationOf(t, "free", 1)
	tier, err := tenancy.GetTier(t.Context(), d.Single(org))
	require.NoError(t, err)
	require.Equal(t, "free", tier.Name)
	_, err = d.Single(org).Exec(t.Context(), "update organizations set tier = 'professional'")
	require.NoError(t, err)
	tier, err = tenancy.GetTier(t.Context(), d.Single(org))
	require.NoError(t, err)
	require.Equal(t, "professional", tier.Name)
	all, err := d.Tiers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 5)
	_, err = d.Tier(t.Context(), "gold")
	require.ErrorIs(t, err, tenancy.ErrNoTier)
	_, err = d.Single(org).Exec(t.Context(), "update organizations set tier = 'gold'")
	require.Error(t, err)
}
