package usage_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/usage"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestRollUpPassesOverAFailingOrganization: the database refuses the
// rows of the first organization, and those behind it are rolled up.
func TestRollUpPassesOverAFailingOrganization(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	first := d.Organization(t, 1<<20)
	d.Organization(t, 1<<20)
	a := usage.New(d.DB, nil)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(a)
	run := func() (result usage.RollUpOrganizationsResult) {
		encoded, err := env.ExecuteActivity(a.RollUpOrganizations, usage.RollUpOrganizationsInput{Org: tenancy.Platform})
		require.NoError(t, err)
		require.NoError(t, encoded.Get(&result))
		return result
	}
	all := run()
	require.Zero(t, all.Failed)
	_, err := d.Admin(t).Exec(t.Context(), `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
		create trigger refuse before insert or update on usage_days for each row when (new.organization_id = '`+first.String()+`') execute function refuse()`)
	require.NoError(t, err)
	some := run()
	require.EqualValues(t, 1, some.Failed)
	require.Equal(t, all.Organizations-1, some.Organizations)
}
