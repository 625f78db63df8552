package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/checkpoint"
	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// bucket takes checkpoints of all organizations but one.
type bucket struct {
	refuses string
	kept    []string
}

func (v *bucket) PutNew(_ context.Context, key string, _ *bytes.Reader, _ string) error {
	if strings.Contains(key, v.refuses) {
		return errors.New("this organization's object cannot be written")
	}
	v.kept = append(v.kept, key)
	return nil
}

// TestCheckpointsPassOverAFailingOrganization: the first organization fails, and
// those behind it are signed all the same.
func TestCheckpointsPassOverAFailingOrganization(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	orgs := []tenancy.OrgID{d.Organization(t, 1<<20), d.Organization(t, 1<<20), d.Organization(t, 1<<20)}
	for _, org := range orgs {
		require.NoError(t, audit.Record(t.Context(), d.Single(org), audit.Event{Action: "storage.repair", ObjectID: org.String()}))
	}
	_, signer, err := audit.NewKey()
	require.NoError(t, err)
	v := &bucket{refuses: orgs[0].String()}
	a := checkpoint.New(d.DB, v, signer)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(a)
	encoded, err := env.ExecuteActivity(a.CheckpointOrganizations, checkpoint.CheckpointOrganizationsInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result checkpoint.CheckpointOrganizationsResult
	require.NoError(t, encoded.Get(&result))
	require.EqualValues(t, 1, result.Failed)
	require.EqualValues(t, 2, result.Signed)
	require.Len(t, v.kept, 2)
}
