package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/offboarding"
	"satchel/workflows/provisioning"
)

// TestOrganizationOfAnotherCluster: the pipeline, the sweeps and the deletion work on an organization
// that is not in the directory's cluster, and leave nothing of it in either.
func TestOrganizationOfAnotherCluster(t *testing.T) {
	t.Parallel()
	there := pgtest.New(t)
	b := setup(t, func(o *pipelinetest.Options) { o.Clusters = "east=" + there.AppURL })
	operator := b.Member(t, tenancy.Platform, tenancy.Operator)
	owner, err := b.EnsureUser(t.Context(), "test", uuid.NewString())
	require.NoError(t, err)
	n := tenancy.NewOrganization{ID: tenancy.OrgID(tenancy.NewID()), Slug: "s-" + uuid.NewString(), Name: "School", Tier: "basic", Cluster: "east", ProvisioningSetup: tenancy.ProvisioningSetup{Owner: &owner}}
	op, err := provisioning.Begin(t.Context(), b.DB, b.Client, operator, n)
	require.NoError(t, err)
	ended := b.operationEnds(t, op)
	require.Equal(t, operations.Succeeded, ended.State, string(ended.Error))
	b.Org, b.User = n.ID, b.Member(t, n.ID, tenancy.Student)
	b.Authorized(t, b.Org)

	ticket := b.Receive(t, "photo.png", png)
	_, err = b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	v, err := files.GetVersion(t.Context(), there.Single(b.Org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)

	late := b.Receive(t, "notes.txt", []byte("its start was lost"))
	require.Eventually(t, func() bool {
		b.Sweep(t, "admit-waiting-uploads")
		v, err := files.GetVersion(t.Context(), there.Single(b.Org), late.Version)
		return err == nil && v.Status == files.Published
	}, patience, pause)
	b.SweepAll(t)

	of := func(d *pgtest.Database) (found int) {
		t.Helper()
		require.NoError(t, d.Admin(t).QueryRow(t.Context(), "select (select count(*) from organizations where id = $1) + (select count(*) from files where organization_id = $1) + (select count(*) from audit_events where organization_id = $1)", b.Org).Scan(&found))
		return found
	}
	require.Zero(t, of(b.Database))
	require.NotZero(t, of(there))

	deletion := tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.Client, operator, b.Org, deletion, 0))
	ended = b.operationEnds(t, deletion)
	require.Equal(t, operations.Succeeded, ended.State, string(ended.Error))
	require.Zero(t, of(there))
	var trail, left int
	require.NoError(t, b.Single(tenancy.Platform).QueryRow(t.Context(), "select count(*) from audit_events where action = 'organization.erase' and object_id = $1", b.Org.String()).Scan(&trail))
	require.Equal(t, 1, trail)
	for _, table := range []string{"organization_places", "file_versions", "members", "logins"} {
		require.NoError(t, there.Admin(t).QueryRow(t.Context(), fmt.Sprintf("select count(*) from %s", table)).Scan(&left))
		require.Zero(t, left, table)
	}
}
