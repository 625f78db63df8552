package tenancy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func TestOrgIDTravelsThroughSQL(t *testing.T) {
	t.Parallel()
	conn := pgtest.Clone(t).Admin(t)
	want := tenancy.OrgID(tenancy.NewID())
	for _, id := range []tenancy.OrgID{want, {}} {
		var got tenancy.OrgID
		var text string
		require.NoError(t, conn.QueryRow(t.Context(), "select $1::uuid, ($1::uuid)::text", id).Scan(&got, &text))
		require.Equal(t, id, got)
		require.Equal(t, id.String(), text)
	}
	var many []tenancy.OrgID
	require.NoError(t, conn.QueryRow(t.Context(), "select $1::uuid[]", []tenancy.OrgID{want, want}).Scan(&many))
	require.Equal(t, []tenancy.OrgID{want, want}, many)
	var none tenancy.OrgID
	require.ErrorIs(t, conn.QueryRow(t.Context(), "select null::uuid").Scan(&none), tenancy.ErrNoTenant)
	var optional *tenancy.OrgID
	require.NoError(t, conn.QueryRow(t.Context(), "select null::uuid").Scan(&optional))
	require.Nil(t, optional)
}
