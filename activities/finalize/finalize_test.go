package finalize_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/activities/finalize"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/tenancy"
)

// admission counts how often the next version was let in.
type admission struct {
	asked int
	err   error
}

func (a *admission) StartAdmitted(context.Context, tenancy.OrgID) error {
	a.asked++
	return a.err
}

func (a *admission) StartAdmittedBehind(context.Context, tenancy.OrgID, uuid.UUID) error {
	a.asked++
	return a.err
}

func setup(t *testing.T) (*activitytest.Fixture, *finalize.Activities, *admission) {
	t.Helper()
	f, next := activitytest.New(t), &admission{}
	cleaner := finalize.NewCleaner(f.DB, finalize.Objects{Staging: f.Staging, Clean: f.Clean, Quarantine: f.Quarantine})
	return f, finalize.New(cleaner, next), next
}

// TestPublishAgain: a second call finds the version published and changes nothing.
func TestPublishAgain(t *testing.T) {
	t.Parallel()
	f, a, next := setup(t)
	created := f.Scanned(t, "notes.txt", []byte("the bytes"))
	in := finalize.PublishVersionInput{Org: f.Org, Version: created.Version}
	var first files.Version
	for i := range 2 {
		done, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, in)
		require.NoError(t, err)
		require.Equal(t, files.Published, done.Status)
		v := f.Version(t, created.Version)
		if i == 0 {
			first = v
		}
		require.Equal(t, first, v)
	}
	require.Equal(t, []string{files.ContentKey(f.Org, created.Version)}, f.Clean.Keys(t))
	require.Empty(t, f.Staging.Keys(t))
	require.Equal(t, 2, next.asked, "each call lets the next version in: the one before may have died")
}

// TestPublishGoesOnAfterAFailure: the object is copied, and the step fails before
// the row says so, or the row says so and staging is not cleared.
func TestPublishGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]files.Status{"copied": files.Processing, "remove": files.Published} {
		f, a, _ := setup(t)
		created := f.Scanned(t, "notes.txt", []byte("the bytes"))
		in := finalize.PublishVersionInput{Org: f.Org, Version: created.Version}
		f.Clean.Fail(call)
		f.Staging.Fail(call)
		_, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, in)
		activitytest.RequireRefused(t, err, "internal", true)
		require.Equal(t, want, f.Version(t, created.Version).Status, call)
		f.Clean.Fail("")
		done, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, in)
		require.NoError(t, err, call)
		require.Equal(t, files.Published, done.Status, call)
		require.Len(t, f.Clean.Keys(t), 1, call)
		require.Empty(t, f.Staging.Keys(t), call)
	}
}

// TestWithdrawnVersionLeavesNothing: also when the store fails at first, and what
// was published before is not withdrawn.
func TestWithdrawnVersionLeavesNothing(t *testing.T) {
	t.Parallel()
	f, a, _ := setup(t)
	created := f.Receive(t, "notes.txt", []byte("the bytes"))
	in := finalize.WithdrawVersionInput{Org: f.Org, Version: created.Version, Status: files.Rejected, Reason: "executable"}
	f.Clean.Fail("remove prefix")
	_, err := activitytest.Run[finalize.WithdrawVersionResult](t, a, a.WithdrawVersion, in)
	activitytest.RequireRefused(t, err, "internal", true)
	for range 2 {
		done, err := activitytest.Run[finalize.WithdrawVersionResult](t, a, a.WithdrawVersion, in)
		require.NoError(t, err)
		require.Equal(t, files.Rejected, done.Status)
	}
	require.Empty(t, f.Staging.Keys(t))
	quota, err := files.GetQuota(t.Context(), f.Single(f.Org))
	require.NoError(t, err)
	require.Zero(t, quota.ReservedBytes)

	published := f.Scanned(t, "kept.txt", []byte("the bytes"))
	_, err = activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, finalize.PublishVersionInput{Org: f.Org, Version: published.Version})
	require.NoError(t, err)
	in.Version = published.Version
	done, err := activitytest.Run[finalize.WithdrawVersionResult](t, a, a.WithdrawVersion, in)
	require.NoError(t, err)
	require.Equal(t, files.Published, done.Status)
	require.Len(t, f.Clean.Keys(t), 1)
}

// TestQuarantineAndRevoke: both leave the bytes in quarantine alone, and an
// admission that fails does not fail the version.
func TestQuarantineAndRevoke(t *testing.T) {
	t.Parallel()
	f, a, next := setup(t)
	next.err = errors.New("Temporal is away")
	received, scanned := f.Receive(t, "virus.txt", []byte("infected")), f.Scanned(t, "late.txt", []byte("found later"))
	_, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, finalize.PublishVersionInput{Org: f.Org, Version: scanned.Version})
	require.NoError(t, err)
	for range 2 {
		quarantined, err := activitytest.Run[finalize.QuarantineVersionResult](t, a, a.QuarantineVersion,
			finalize.QuarantineVersionInput{Org: f.Org, Version: received.Version, Reason: "infected:Eicar"})
		require.NoError(t, err)
		require.Equal(t, files.Quarantined, quarantined.Status)
		revoked, err := activitytest.Run[finalize.RevokeVersionResult](t, a, a.RevokeVersion,
			finalize.RevokeVersionInput{Org: f.Org, Version: scanned.Version, Signature: "Late", Engine: "test", Database: "2"})
		require.NoError(t, err)
		require.Equal(t, files.Quarantined, revoked.Status)
	}
	require.Empty(t, f.Staging.Keys(t))
	require.Empty(t, f.Clean.Keys(t))
	require.ElementsMatch(t, []string{files.ContentKey(f.Org, received.Version), files.ContentKey(f.Org, scanned.Version)}, f.Quarantine.Keys(t))
}

func TestFinalizeNeedsAnOrganization(t *testing.T) {
	t.Parallel()
	f, a, _ := setup(t)
	version := f.Scanned(t, "notes.txt", []byte("the bytes")).Version
	_, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, finalize.PublishVersionInput{Version: version})
	activitytest.RequireRefused(t, err, "no_organization", false)
	_, err = activitytest.Run[finalize.QuarantineVersionResult](t, a, a.QuarantineVersion, finalize.QuarantineVersionInput{Version: version})
	activitytest.RequireRefused(t, err, "no_organization", false)
	_, err = activitytest.Run[finalize.WithdrawVersionResult](t, a, a.WithdrawVersion, finalize.WithdrawVersionInput{Version: version, Status: files.Failed})
	activitytest.RequireRefused(t, err, "no_organization", false)
	_, err = activitytest.Run[finalize.RevokeVersionResult](t, a, a.RevokeVersion, finalize.RevokeVersionInput{Version: version})
	activitytest.RequireRefused(t, err, "no_organization", false)
	require.Equal(t, files.Processing, f.Version(t, version).Status)
}

// TestSettledOnce: each version's way is measured once, whatever its outcome and however often
// its last step is tried.
func TestSettledOnce(t *testing.T) {
	t.Parallel()
	f, a, _ := setup(t)
	r := prometheus.NewRegistry()
	finalize.Measure(a, r)
	published, aside, gone := f.Scanned(t, "a.txt", []byte("a")).Version, f.Scanned(t, "b.txt", []byte("b")).Version, f.Scanned(t, "c.txt", []byte("c")).Version
	for range 2 {
		_, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, finalize.PublishVersionInput{Org: f.Org, Version: published})
		require.NoError(t, err)
		_, err = activitytest.Run[finalize.QuarantineVersionResult](t, a, a.QuarantineVersion, finalize.QuarantineVersionInput{Org: f.Org, Version: aside, Reason: "infected:Eicar-Test"})
		require.NoError(t, err)
		_, err = activitytest.Run[finalize.WithdrawVersionResult](t, a, a.WithdrawVersion, finalize.WithdrawVersionInput{Org: f.Org, Version: gone, Status: files.Rejected, Reason: "type_not_allowed"})
		require.NoError(t, err)
	}
	families, err := r.Gather()
	require.NoError(t, err)
	counts := map[string]uint64{}
	for _, m := range families[0].GetMetric() {
		counts[m.GetLabel()[0].GetValue()] = m.GetHistogram().GetSampleCount()
	}
	require.Equal(t, map[string]uint64{"published": 1, "quarantined": 1, "rejected": 1, "failed": 0}, counts)
}
