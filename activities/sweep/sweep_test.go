package sweep_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var errRefused = errors.New("refused")

// platform refuses everything of some organization and notes what it did for
// others. It takes the place of Temporal and of the store.
type platform struct {
	refused tenancy.OrgID
	done    []tenancy.OrgID
}

func (p *platform) work(org tenancy.OrgID) error {
	if org == p.refused {
		return errRefused
	}
	p.done = append(p.done, org)
	return nil
}

func (p *platform) MaxRunning() int { return 4 }

func (p *platform) StartUpload(_ context.Context, org tenancy.OrgID, _, _ uuid.UUID) error {
	return p.work(org)
}

func (p *platform) StartAdmitted(_ context.Context, org tenancy.OrgID) error { return p.work(org) }

func (p *platform) Clear(_ context.Context, org tenancy.OrgID, _ uuid.UUID) (files.Status, error) {
	return "", p.work(org)
}

func (p *platform) RemoveDeleted(_ context.Context, org tenancy.OrgID, _ uuid.UUID) (bool, error) {
	return true, p.work(org)
}

func (p *platform) RemoveVersion(_ context.Context, org tenancy.OrgID, _ uuid.UUID) error {
	return p.work(org)
}

const page = 2 // items in one list of these tests; more than that fail at its head

// bench is two organizations: the first one's work always fails, and all its rows come
// before those of the other.
type bench struct {
	*pgtest.Database
	failing, good tenancy.OrgID
	platform      *platform
	env           *testsuite.TestActivityEnvironment
	sweeper       *sweep.Activities
}

func setup(t *testing.T) *bench {
	t.Helper()
	d := pgtest.New(t)
	b := &bench{Database: d, failing: d.Organization(t, 1<<30), good: d.Organization(t, 1<<30)}
	b.platform = &platform{refused: b.failing}
	b.sweeper = sweep.Paged(sweep.New(d.DB, b.platform, b.platform, sweep.Config{Silent: time.Hour}), page)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b.env = suite.NewTestActivityEnvironment()
	b.env.RegisterActivity(b.sweeper)
	return b
}

// create makes an upload of an organization.
func (b *bench) create(t *testing.T, org tenancy.OrgID, ttl time.Duration) files.Created {
	t.Helper()
	user := b.Member(t, org, tenancy.Student)
	var created files.Created
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) (err error) {
		created, err = files.Create(t.Context(), tx, files.New{Name: "notes.txt", Size: 10, UploadedBy: user, TTL: ttl})
		return err
	}))
	return created
}

// received makes a version that waits in the admission queue.
func (b *bench) received(t *testing.T, org tenancy.OrgID) files.Created {
	t.Helper()
	created := b.create(t, org, time.Hour)
	_, err := b.Single(org).Exec(t.Context(), `update file_versions set status = 'processing', received_at = now(), sha256 = repeat('0', 64) where id = $1`, created.Version)
	require.NoError(t, err)
	return created
}

func (b *bench) run(t *testing.T, activity, in any) sweep.SweepResult {
	t.Helper()
	encoded, err := b.env.ExecuteActivity(activity, in)
	require.NoError(t, err)
	var result sweep.SweepResult
	require.NoError(t, encoded.Get(&result))
	return result
}

func (*bench) sweep(t *testing.T, a *sweep.Activities, name string) queue.Swept {
	t.Helper()
	swept, err := activitytest.Sweep(t, sweep.SweepsOf(a), name)
	require.NoError(t, err)
	return swept
}

// TestExpiredUploadsBehindFailingOnes: uploads that cannot be cleaned fill the pages
// in front of one that can.
func TestExpiredUploadsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range page + 1 {
		b.create(t, b.failing, -time.Second)
	}
	b.create(t, b.good, -time.Second)
	require.Equal(t, sweep.SweepResult{Found: page + 2, Done: 1, Failed: page + 1}, b.sweep(t, b.sweeper, "expire-uploads"))
	require.Equal(t, []tenancy.OrgID{b.good}, b.platform.done)
}

// TestWaitingVersionsBehindFailingOnes: workflows that cannot be started fill the pages
// in front of one that can, and do not keep the admission queues from moving.
func TestWaitingVersionsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range page + 1 {
		b.received(t, b.failing)
	}
	started := b.received(t, b.good)
	_, err := b.Admin(t).Exec(t.Context(), "update file_versions set started_at = now() - interval '1 minute', updated_at = now() - interval '1 minute'")
	require.NoError(t, err)
	waiting := b.Organization(t, 1<<30)
	b.received(t, waiting)
	require.Equal(t, sweep.SweepResult{Found: page + 2, Done: 1, Failed: page + 1}, b.sweep(t, b.sweeper, "start-waiting-uploads"))
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.sweep(t, b.sweeper, "admit-waiting-uploads"))
	require.Equal(t, []tenancy.OrgID{b.good, waiting}, b.platform.done)
	v, err := files.GetVersion(t.Context(), b.Single(b.good), started.Version)
	require.NoError(t, err)
	require.True(t, v.UpdatedAt.After(*v.StartedAt), "the start is noted")
}

// TestAdmissionBehindFailingOrganizations: organizations whose queue cannot move fill
// the pages in front of one whose queue can.
func TestAdmissionBehindFailingOrganizations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refuse := map[tenancy.OrgID]bool{}
	for range page + 1 {
		org := b.Organization(t, 1<<30)
		b.received(t, org)
		refuse[org] = true
	}
	good := b.Organization(t, 1<<30)
	b.received(t, good)
	s := sweep.Paged(sweep.New(b.DB, &refusing{b.platform, refuse}, b.platform, sweep.Config{Silent: time.Hour}), page)
	require.Equal(t, sweep.SweepResult{Found: page + 2, Done: 1, Failed: page + 1}, b.sweep(t, s, "admit-waiting-uploads"))
	require.Equal(t, []tenancy.OrgID{good}, b.platform.done)
}

// refusing refuses to move the queue of any of some organizations.
type refusing struct {
	*platform
	orgs map[tenancy.OrgID]bool
}

func (r *refusing) StartAdmitted(_ context.Context, org tenancy.OrgID) error {
	if r.orgs[org] {
		return errRefused
	}
	return r.work(org)
}

// TestUncleanedVersionsBehindFailingOnes: a published version whose staging bytes are
// left is found like one that ended.
func TestUncleanedVersionsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range page + 1 {
		v := b.create(t, b.failing, time.Hour).Version
		require.NoError(t, b.InTx(t.Context(), b.failing, func(tx *tenancy.Tx) error { return files.Withdraw(t.Context(), tx, v, files.Failed, "interrupted") }))
	}
	published := b.received(t, b.good)
	_, err := b.Single(b.good).Exec(t.Context(), `update file_versions set status = 'published', scan_verdict = 'clean', scan_sha256 = sha256, scanned_at = now(), published_at = now(), object_etag = 'e'
		where id = $1`, published.Version)
	require.NoError(t, err)
	require.Equal(t, sweep.SweepResult{Found: page + 2, Done: 1, Failed: page + 1}, b.sweep(t, b.sweeper, "clean-ended-uploads"))
	require.Equal(t, []tenancy.OrgID{b.good}, b.platform.done)
}
