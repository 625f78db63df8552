package usage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/usage"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
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

// warner refuses to start the mails of some organizations.
type warner struct {
	refused map[tenancy.OrgID]bool
	started []tenancy.OrgID
}

func (w *warner) StartWarning(_ context.Context, org tenancy.OrgID, _ uuid.UUID) error {
	if w.refused[org] {
		return errors.New("refused")
	}
	w.started = append(w.started, org)
	return nil
}

// TestWarningsBehindFailingOnes: organizations whose warnings cannot be raised, and
// mails that cannot be started, fill the pages in front of one that can.
func TestWarningsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	const page = 2 // items in one list; more than that fail at its head
	d := pgtest.New(t)
	unraised, unmailed := d.Organization(t, 1000), map[tenancy.OrgID]bool{}
	failing := []tenancy.OrgID{unraised, d.Organization(t, 1000), d.Organization(t, 1000)}
	for range page + 1 {
		unmailed[d.Organization(t, 1000)] = true
	}
	good := d.Organization(t, 1000)
	admin := d.Admin(t)
	_, err := admin.Exec(t.Context(), "update storage_quotas set used_bytes = 800")
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), "update organizations set contact_email = 'office@school.example'")
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$`)
	require.NoError(t, err)
	for i, org := range failing {
		_, err = admin.Exec(t.Context(), fmt.Sprintf(`create trigger refuse_%d before insert on usage_warnings for each row when (new.organization_id = '%s') execute function refuse()`, i, org))
		require.NoError(t, err)
	}
	w := &warner{refused: unmailed}
	a := usage.Paged(usage.New(d.DB, w), page)
	raised, err := activitytest.Sweep(t, usage.SweepsOf(a), "raise-usage-warnings")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: len(failing) + len(unmailed) + 1, Done: len(unmailed) + 1, Failed: len(failing)}, raised)
	started, err := activitytest.Sweep(t, usage.SweepsOf(a), "start-usage-warnings")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: len(unmailed) + 1, Done: 1, Failed: len(unmailed)}, started)
	require.Equal(t, []tenancy.OrgID{good}, w.started)
}
