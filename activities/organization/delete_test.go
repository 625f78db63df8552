package organization_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/organization"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// slow is a bucket whose first request waits until the test goes on.
type slow struct {
	organization.Bucket
	begun, goOn chan struct{}
}

func (s *slow) AbortAll(context.Context, string) error {
	s.begun <- struct{}{}
	<-s.goOn
	return nil
}

func (s *slow) Each(context.Context, string, func(string, time.Time) error) error { return nil }

// TestRemovalsLeaveRoomForSweeps: two organizations are removed at once, and a third
// one goes back into the queue instead of holding a slot of the sweeps.
func TestRemovalsLeaveRoomForSweeps(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	b := &slow{begun: make(chan struct{}, 8), goOn: make(chan struct{})}
	a := organization.NewBatch(organization.Parts{DB: d.DB, Buckets: []organization.Bucket{b}})
	remove := func() error {
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(a)
		_, err := env.ExecuteActivity(a.RemoveFiles, organization.RemoveFilesInput{Org: tenancy.Platform, Target: tenancy.OrgID(tenancy.NewID())})
		return err
	}
	ended := make(chan error, 2)
	for range 2 {
		go func() { ended <- remove() }()
		<-b.begun
	}
	require.ErrorContains(t, remove(), "deletions_busy")
	close(b.goOn)
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
	require.NoError(t, remove(), "there is room again")
}
