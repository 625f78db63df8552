package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

func count(t *testing.T, b *pipelinetest.Bench, where string) (n int) {
	t.Helper()
	require.NoError(t, b.Single(b.Org).QueryRow(context.Background(), "select count(*) from file_versions where "+where).Scan(&n))
	return n
}

// TestAdmissionLimitsFilesInPipeline sends more files than the organization may have in
// the pipeline. The next one is admitted only when one has ended.
func TestAdmissionLimitsFilesInPipeline(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.MaxRunning, o.Unstarted = 2, time.Hour })
	gate := make(chan struct{})
	b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate, Signatures: map[string][]byte{"Test.Virus": virus}})
	const backlog = 9
	for i := range backlog {
		content := fmt.Appendf(nil, "file %d", i)
		if i%3 == 0 {
			content = virus // ends in quarantine
		}
		b.Receive(t, "notes.txt", content)
		require.NoError(t, b.Admission.StartAdmitted(context.Background(), b.Org))
	}
	require.Eventually(t, func() bool { return b.Clamd.Scans() == 2 }, patience, pause)
	require.Equal(t, 2, count(t, &b.Bench, "started_at is not null"))
	close(gate)
	require.Eventually(t, func() bool {
		require.LessOrEqual(t, count(t, &b.Bench, "status = 'processing' and started_at is not null"), 2)
		return count(t, &b.Bench, "status = 'processing'") == 0
	}, patience, pause)
	require.Equal(t, backlog/3, count(t, &b.Bench, "status = 'quarantined'"))
	require.Equal(t, backlog-backlog/3, count(t, &b.Bench, "status = 'published'"))
	b.RequireSettled(t)
}

// TestSweepAdmitsAfterMissedAdmission: no process has called for admission,
// and one version was admitted by a process that died before it started the workflow.
func TestSweepAdmitsAfterMissedAdmission(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.MaxRunning = 1 })
	b.Receive(t, "notes.txt", []byte("admitted and not started"))
	ctx := context.Background()
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		_, err := files.Admit(ctx, tx, 1)
		return err
	}))
	b.Receive(t, "notes.txt", []byte("waiting"))
	require.Eventually(t, func() bool { return count(t, &b.Bench, "status = 'published' and cleaned_at is not null") == 2 }, 2*patience, pause)
	b.RequireSettled(t)
}

// down is a Temporal that cannot be reached.
type down struct{ client.Client }

var errDown = errors.New("Temporal is away")

func (down) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, errDown
}

// refusing is a Temporal that refuses the first start, and takes what comes then.
type refusing struct {
	client.Client
	refused bool
	started []string
}

func (r *refusing) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	if !r.refused {
		r.refused = true
		return nil, errDown
	}
	r.started = append(r.started, o.ID)
	return nil, nil //nolint:nilnil // the run is of no use to an admission
}

// TestRefusedStartIsMadeUpForAtOnce: a form that was admitted with its receipt is refused by Temporal,
// and one that came behind it is let in by none that leaves. Neither waits for the sweep.
func TestRefusedStartIsMadeUpForAtOnce(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	first := a.Receive(t, "notes.txt", []byte("admitted"))
	admit := func() (admitted []files.AdmittedVersion) {
		require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) (err error) {
			admitted, err = files.Admit(ctx, tx, 1)
			return err
		}))
		return admitted
	}
	require.Equal(t, first.Version, admit()[0].ID)
	behind := a.Receive(t, "notes.txt", []byte("behind it"))
	for most, wanted := range map[int][]string{1: {upload.WorkflowID(a.Org, first.Version)}, 2: {upload.WorkflowID(a.Org, first.Version), upload.WorkflowID(a.Org, behind.Version)}} {
		temporal := &refusing{}
		admission, err := upload.NewAdmission(a.DB, temporal, upload.AdmissionConfig{MaxRunning: most})
		require.NoError(t, err)
		require.NoError(t, admission.StartReceived(ctx, upload.UploadFileInput{Org: a.Org, File: first.File, Version: first.Version}))
		require.ElementsMatch(t, wanted, temporal.started)
		require.Equal(t, most, count(t, &a.Bench, "started_at is not null"))
		require.NoError(t, files.ReturnToQueue(ctx, a.Single(a.Org), behind.Version))
	}
}

// TestAdmissionIsUndoneWhenStartFails frees the place of a version whose workflow
// could not be started, and the sweep finds the organization whose queue did not move.
func TestAdmissionIsUndoneWhenStartFails(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	first, second := a.Receive(t, "notes.txt", []byte("one")), a.Receive(t, "notes.txt", []byte("two"))
	admission, err := upload.NewAdmission(a.DB, down{}, upload.AdmissionConfig{MaxRunning: 1})
	require.NoError(t, err)
	require.ErrorIs(t, admission.StartAdmitted(ctx, a.Org), errDown)
	require.Zero(t, count(t, &a.Bench, "started_at is not null"))

	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
		admitted, err := files.Admit(ctx, tx, 1)
		require.Equal(t, first.Version, admitted[0].ID)
		return err
	}))
	require.Empty(t, a.organizationsWaiting(t, 1), "the second waits for the first")
	require.Equal(t, []tenancy.OrgID{a.Org}, a.organizationsWaiting(t, 2), "its queue has room and was not advanced")
	a.sweep(t, "start-waiting-uploads")
	a.sweep(t, "admit-waiting-uploads")
	require.Contains(t, a.Workflows.Started, first.Version)
	require.NotContains(t, a.Workflows.Started, second.Version)
	require.Equal(t, 1, a.Workflows.Advanced)
}

// organizationsWaiting returns the organizations whose queue has room and did not move.
func (a *activities) organizationsWaiting(t *testing.T, ceiling int) (found []tenancy.OrgID) {
	t.Helper()
	refs, err := a.OrganizationsWaiting(t.Context(), 0, ceiling, uuid.Nil, 10)
	require.NoError(t, err)
	for _, r := range refs {
		found = append(found, r.Org)
	}
	return found
}

// setScans has an operator change how many files of the organizations of the
// tier may be in the pipeline at once.
func setScans(t *testing.T, b *pipelinetest.Bench, n int) {
	t.Helper()
	ctx := context.Background()
	tier, err := tenancy.GetTier(ctx, b.Single(b.Org))
	require.NoError(t, err)
	tier.ConcurrentScans = n
	require.NoError(t, b.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error { return tenancy.PutTier(ctx, tx, tier) }))
}

// TestSweepSeesTheTiersBound lists who may have more in the pipeline by their
// tier as it is now, and no one else.
func TestSweepSeesTheTiersBound(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	setScans(t, &a.Bench, 1)
	for range 3 {
		a.Receive(t, "notes.txt", []byte("waits"))
	}
	moved := func() int {
		before := a.Workflows.Advanced
		a.sweep(t, "admit-waiting-uploads")
		return a.Workflows.Advanced - before
	}
	require.Equal(t, 1, moved())
	ctx := context.Background()
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
		_, err := files.Admit(ctx, tx, 3)
		return err
	}))
	require.Zero(t, moved(), "an organization that its own limit holds back is no work for the sweep")
	setScans(t, &a.Bench, 2)
	require.Equal(t, 1, moved(), "a raised bound is")
	setScans(t, &a.Bench, 1)
	require.Zero(t, moved(), "and a lowered one is no more")
}

// TestRaisedTierLetsWaitingFilesIn raises the bound while nothing ends, and
// lowers it below what runs.
func TestRaisedTierLetsWaitingFilesIn(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.MaxRunning = 3 })
	setScans(t, &b.Bench, 1)
	gate := make(chan struct{})
	b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate})
	for i := range 6 {
		b.Receive(t, "notes.txt", fmt.Appendf(nil, "file %d", i))
		require.NoError(t, b.Admission.StartAdmitted(context.Background(), b.Org))
	}
	const inside = "status = 'processing' and started_at is not null"
	require.Eventually(t, func() bool { return b.Clamd.Scans() > 0 }, patience, pause)
	require.Equal(t, 1, count(t, &b.Bench, inside))
	setScans(t, &b.Bench, 16)
	require.Eventually(t, func() bool { return count(t, &b.Bench, inside) > 1 }, 2*patience, pause, "the sweep admits the waiting file")
	require.NoError(t, b.Admission.StartAdmitted(context.Background(), b.Org))
	require.Equal(t, 3, count(t, &b.Bench, inside), "the platform's ceiling holds")
	setScans(t, &b.Bench, 1)
	close(gate)
	require.Eventually(t, func() bool { return count(t, &b.Bench, "status = 'published' and cleaned_at is not null") == 6 }, 2*patience, pause)
	b.RequireSettled(t)
}

// TestEveryEndMovesTheLine: whichever way a version ends, the next may go in.
func TestEveryEndMovesTheLine(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*activities, files.Created) error{
		"publish":    func(a *activities, f files.Created) error { _, err := a.Publish(f.Version); return err },
		"quarantine": func(a *activities, f files.Created) error { _, err := a.Quarantine(f.Version); return err },
		"withdraw": func(a *activities, f files.Created) error {
			_, err := a.Withdraw(f.Version, files.Rejected)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setupActivities(t)
			require.NoError(t, end(a, a.Scanned(t)))
			require.Equal(t, 1, a.Workflows.Advanced)
		})
	}
}

func TestLineNeedsRoom(t *testing.T) {
	t.Parallel()
	_, err := upload.NewAdmission(nil, nil, upload.AdmissionConfig{})
	require.ErrorContains(t, err, "SATCHEL_FILES_AT_ONCE")
}
