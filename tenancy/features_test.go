package tenancy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func TestRequireFeature(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.OrganizationOf(t, "free", 1)
	require.ErrorIs(t, tenancy.RequireFeature(t.Context(), d.Single(org), tenancy.FeatureKeys), tenancy.ErrFeature)
	_, err := d.Single(org).Exec(t.Context(), "update organizations set tier = 'professional'")
	require.NoError(t, err)
	require.NoError(t, tenancy.RequireFeature(t.Context(), d.Single(org), tenancy.FeatureKeys))
	tier, err := tenancy.GetTier(t.Context(), d.Single(org))
	require.NoError(t, err)
	require.Equal(t, "professional", tier.Name)
}
