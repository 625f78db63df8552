package organization_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/organization"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// unstarted refuses to provision some organizations.
type unstarted struct {
	organization.Workflows
	refused map[tenancy.OrgID]bool
	started []tenancy.OrgID
}

func (u *unstarted) StartProvisioning(_ context.Context, org tenancy.OrgID) error {
	if u.refused[org] {
		return errors.New("refused")
	}
	u.started = append(u.started, org)
	return nil
}

// TestUnfinishedOrganizationsBehindFailingOnes: organizations whose workflow cannot be
// started fill the pages in front of one whose workflow can.
func TestUnfinishedOrganizationsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	const page = 2 // items in one list; more than that fail at its head
	d := pgtest.New(t)
	begin := func() tenancy.OrgID {
		org := tenancy.OrgID(tenancy.NewID())
		require.NoError(t, d.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) error {
			if err := operations.Insert(t.Context(), tx, operations.Operation{ID: org.UUID(), Kind: "provision_organization", WorkflowID: org.String()}); err != nil {
				return err
			}
			return tenancy.BeginOrganization(t.Context(), tx, tenancy.NewOrganization{ID: org, Slug: "o-" + org.String(), Name: "Test school", Tier: "free"})
		}))
		return org
	}
	w := &unstarted{refused: map[tenancy.OrgID]bool{}}
	for range page + 1 {
		w.refused[begin()] = true
	}
	good := begin()
	_, err := d.Admin(t).Exec(t.Context(), "update organizations set updated_at = now() - interval '1 minute' where status = 'provisioning'")
	require.NoError(t, err)
	a := organization.Paged(organization.NewBatch(organization.Parts{DB: d.DB, Workflows: w}), page)
	result, err := activitytest.Sweep(t, organization.SweepsOf(a), "restart-organizations")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: page + 2, Done: 1, Failed: page + 1}, result)
	require.Equal(t, []tenancy.OrgID{good}, w.started)
}
