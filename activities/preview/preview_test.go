package preview_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/activities/finalize"
	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/policies/transforms"
	"satchel/tenancy"
)

// renderer makes one small rendition, or fails as it is told.
type renderer struct {
	t        *testing.T
	err      error
	calls    int
	contents []byte // of the picture that it was given

	meanwhile func() // happens while it works

	transformErr error
	transformed  []string // keys
}

func (r *renderer) Transform(_ context.Context, path, dir string, spec transforms.Spec) (preview.Picture, error) {
	r.transformed = append(r.transformed, spec.Key())
	var err error
	r.contents, err = os.ReadFile(path)
	require.NoError(r.t, err)
	if r.meanwhile != nil {
		r.meanwhile()
	}
	if r.transformErr != nil {
		return preview.Picture{}, r.transformErr
	}
	out := filepath.Join(dir, "picture")
	require.NoError(r.t, os.WriteFile(out, []byte("drawn"), 0o600))
	return preview.Picture{Name: "picture", Path: out, MimeType: spec.Format.MediaType(), Width: 64, Height: 48, Size: 5}, nil
}

func (r *renderer) Render(_ context.Context, path, dir string) (preview.Pictures, error) {
	r.calls++
	var err error
	r.contents, err = os.ReadFile(path)
	require.NoError(r.t, err)
	if r.meanwhile != nil {
		r.meanwhile()
	}
	if r.err != nil {
		return preview.Pictures{}, r.err
	}
	out := filepath.Join(dir, "fit320.webp")
	require.NoError(r.t, os.WriteFile(out, []byte("small"), 0o600))
	return preview.Pictures{Width: 640, Height: 480, Renditions: []preview.Picture{
		{Name: "fit320.webp", Path: out, MimeType: "image/webp", Width: 320, Height: 240, Size: 5}}}, nil
}

type bundle struct {
	*activitytest.Fixture
	*preview.Activities
	renderer *renderer
	double   *double
	dir      string // of the spool
	in       preview.RenderPreviewsInput
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Fixture: activitytest.New(t), renderer: &renderer{t: t}, dir: t.TempDir()}
	owner, err := spool.Open(spool.Config{Dir: b.dir}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	b.Activities = preview.New(b.DB, b.Staging, b.Clean, b.tools(), owner)
	b.in = preview.RenderPreviewsInput{Org: b.Org, Version: b.scanned(t, "photo.png", "image/png", []byte("a picture"))}
	return b
}

// scanned makes a clean version of a kind.
func (b *bundle) scanned(t *testing.T, name, mediaType string, content []byte) uuid.UUID {
	t.Helper()
	version := b.Scanned(t, name, content).Version
	require.NoError(t, files.Inspected(t.Context(), b.Single(b.Org), version, files.Inspection{MimeType: mediaType}))
	return version
}

func (b *bundle) run(t *testing.T) (preview.RenderPreviewsResult, error) {
	t.Helper()
	result, err := activitytest.Run[preview.RenderPreviewsResult](t, b.Activities, b.RenderPreviews, b.in)
	spooled, globErr := filepath.Glob(filepath.Join(b.dir, "*", "*"))
	require.NoError(t, globErr)
	require.Empty(t, spooled, "the picture stays in the spool")
	return result, err
}

func (b *bundle) step(t *testing.T) (state string) {
	t.Helper()
	const query = "select state from version_steps where version_id = $1 and name = 'preview'"
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), query, b.in.Version).Scan(&state))
	return state
}

// TestKilledRenderIsRetried: a sound picture whose render program is killed, or
// whose bytes or renditions the store does not give or take, gets its previews by
// another attempt.
func TestKilledRenderIsRetried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, failure := range []func(){
		func() { b.renderer.err = errors.New("render program was killed from outside") },
		func() { b.Staging.Fail("open") },
		func() { b.Clean.Fail("put") },
	} {
		failure()
		_, err := b.run(t)
		activitytest.RequireRefused(t, err, "internal", true)
		require.Empty(t, b.Version(t, b.in.Version).Preview, "no attempt that failed decides")
		require.Equal(t, "failed", b.step(t))
		b.renderer.err = nil
	}
	for range 2 {
		result, err := b.run(t)
		require.NoError(t, err)
		require.Equal(t, preview.RenderPreviewsResult{Preview: "ready"}, result)
	}
	require.Equal(t, "a picture", string(b.renderer.contents))
	require.Equal(t, "ready", b.Version(t, b.in.Version).Preview)
	require.Equal(t, "done", b.step(t))
	renditions, err := files.Renditions(t.Context(), b.Single(b.Org), b.in.Version)
	require.NoError(t, err)
	require.Len(t, renditions, 1)
	require.Equal(t, []string{files.RenditionKey(b.Org, b.in.Version, "fit320.webp")}, b.Clean.Keys(t))
}

// TestKilledWorkerLeavesNoRunningStep: the worker dies in the render, the retries
// are used up, and the version is published without previews.
func TestKilledWorkerLeavesNoRunningStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Panics(t, func() {
		_ = files.Step(t.Context(), b.Single(b.Org), b.in.Version, files.StepPreview, 1, func() error { panic("the worker is killed") })
	})
	require.Equal(t, "running", b.step(t))
	cleaner := finalize.NewCleaner(b.DB, finalize.Objects{Staging: b.Staging, Clean: b.Clean, Quarantine: b.Quarantine})
	a := finalize.New(cleaner, admission{})
	in := finalize.PublishVersionInput{Org: b.Org, Version: b.in.Version, Image: true}
	done, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, in)
	require.NoError(t, err)
	require.Equal(t, files.Published, done.Status)
	require.Equal(t, "unavailable", b.Version(t, b.in.Version).Preview)
	require.Equal(t, "failed", b.step(t))
	_, err = b.run(t)
	activitytest.RequireRefused(t, err, "version_settled", false)
	require.Zero(t, b.renderer.calls)
	require.Equal(t, "failed", b.step(t))
}

type admission struct{}

func (admission) StartAdmitted(context.Context, tenancy.OrgID) error { return nil }

func (admission) StartAdmittedBehind(context.Context, tenancy.OrgID, uuid.UUID) error { return nil }

// TestFindingIsRecorded: a picture that has no renditions is not tried again.
func TestFindingIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.renderer.err = &preview.Finding{State: "unavailable", Reason: "too_expensive"}
	result, err := b.run(t)
	require.NoError(t, err)
	require.Equal(t, preview.RenderPreviewsResult{Preview: "unavailable", Reason: "too_expensive"}, result)
	require.Equal(t, "unavailable", b.Version(t, b.in.Version).Preview)
	require.Empty(t, b.Clean.Keys(t))
}

func TestPreviewsNeedAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.in.Org = tenancy.OrgID{}
	_, err := b.run(t)
	activitytest.RequireRefused(t, err, "no_organization", false)
	require.Zero(t, b.renderer.calls)
}

// publish publishes the version while its previews are being made.
func (b *bundle) publish(t *testing.T) {
	t.Helper()
	cleaner := finalize.NewCleaner(b.DB, finalize.Objects{Staging: b.Staging, Clean: b.Clean, Quarantine: b.Quarantine})
	a := finalize.New(cleaner, admission{})
	in := finalize.PublishVersionInput{Org: b.Org, Version: b.in.Version, Image: true, Pending: true}
	done, err := activitytest.Run[finalize.PublishVersionResult](t, a, a.PublishVersion, in)
	require.NoError(t, err)
	require.Equal(t, files.Published, done.Status)
}

// events lists what the file's events say of previews.
func (b *bundle) events(t *testing.T) (said []string) {
	t.Helper()
	rows, err := b.Admin(t).Query(t.Context(), "select e.data->>'preview' from file_events e join file_versions v on v.file_id = e.file_id where v.id = $1 and e.type = 'preview' order by e.seq", b.in.Version)
	require.NoError(t, err)
	said, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return said
}

// TestPreviewsOfAPublishedVersion come from where it is published, and are an event.
func TestPreviewsOfAPublishedVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	require.Equal(t, "pending", b.Version(t, b.in.Version).Preview)
	result, err := b.run(t)
	require.NoError(t, err)
	require.Equal(t, preview.RenderPreviewsResult{Preview: "ready"}, result)
	require.Equal(t, "a picture", string(b.renderer.contents))
	require.Equal(t, "ready", b.Version(t, b.in.Version).Preview)
	require.Equal(t, []string{"ready"}, b.events(t))
	_, err = b.run(t)
	activitytest.RequireRefused(t, err, "version_settled", false)
	require.Contains(t, b.Clean.Keys(t), files.RenditionKey(b.Org, b.in.Version, "fit320.webp"))
}

// TestPublishedInMidRender: the version is published while its previews are made, and the
// step that had begun ends with them.
func TestPublishedInMidRender(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.renderer.meanwhile = func() { b.publish(t) }
	result, err := b.run(t)
	require.NoError(t, err)
	require.Equal(t, "ready", result.Preview)
	require.Equal(t, "done", b.step(t))
	require.Equal(t, []string{"ready"}, b.events(t))
}

// TestRevokedInMidRender: a version that is taken back while its previews are made leaves
// none.
func TestRevokedInMidRender(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	b.renderer.meanwhile = func() {
		require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
			_, err := files.Revoke(t.Context(), tx, b.in.Version, "infected:late", files.Verdict{Verdict: "infected", Signature: "late"})
			return err
		}))
	}
	_, err := b.run(t)
	activitytest.RequireRefused(t, err, "version_settled", false)
	require.NotContains(t, b.Clean.Keys(t), files.RenditionKey(b.Org, b.in.Version, "fit320.webp"))
}

// TestGivenUp: a version does not wait for ever, and what is decided stays.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	m := preview.NewMissing(b.DB, nil, b.Clean, nil, preview.Tools{}, preview.Config{})
	for range 2 {
		_, err := activitytest.Run[preview.GiveUpPreviewsResult](t, m, m.GiveUpPreviews, preview.GiveUpPreviewsInput(b.in))
		require.NoError(t, err)
		require.Equal(t, "unavailable", b.Version(t, b.in.Version).Preview)
	}
	require.Equal(t, []string{"unavailable"}, b.events(t))
	_, err := activitytest.Run[preview.GiveUpPreviewsResult](t, m, m.GiveUpPreviews, preview.GiveUpPreviewsInput{Version: b.in.Version})
	activitytest.RequireRefused(t, err, "no_organization", false)
}

// TestSweepFindsWhatIsMissing and nothing else: neither a file in the trash nor previews
// that are decided.
func TestSweepFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	starts := &starter{}
	m := preview.NewMissing(b.DB, starts, b.Clean, nil, preview.Tools{}, preview.Config{})
	sweep := func() queue.Swept {
		found, err := activitytest.Sweep(t, preview.SweepsOf(m), "start-missing-previews")
		require.NoError(t, err)
		return found
	}
	require.Equal(t, 1, sweep().Done)
	require.Equal(t, []uuid.UUID{b.in.Version}, starts.versions)
	_, err := b.run(t)
	require.NoError(t, err)
	require.Zero(t, sweep().Found)
}

type starter struct{ versions []uuid.UUID }

func (s *starter) StartPreviews(_ context.Context, _ tenancy.OrgID, version uuid.UUID) error {
	s.versions = append(s.versions, version)
	return nil
}
