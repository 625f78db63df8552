package preview_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/queue"
	"satchel/tenancy"
)

const key = "320x0-inside-none-q75-p0.webp"

func (b *bundle) draw(t *testing.T, key string) (preview.TransformPictureResult, error) {
	t.Helper()
	b.renderer.transformed = nil
	return activitytest.Run[preview.TransformPictureResult](t, b.Activities, b.TransformPicture, preview.TransformPictureInput{Org: b.Org, Version: b.in.Version, Key: key})
}

func (b *bundle) row(t *testing.T, key string) files.Transformation {
	t.Helper()
	row, err := files.GetTransformation(t.Context(), b.Single(b.Org), b.in.Version, key)
	require.NoError(t, err)
	return row
}

// TestPictureIsMadeOnce: of the original where that is a picture; a second call finds it.
func TestPictureIsMadeOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.draw(t, key)
	activitytest.RequireRefused(t, err, "version_settled", false)
	b.publish(t)
	for i := range 2 {
		result, err := b.draw(t, key)
		require.NoError(t, err)
		require.Empty(t, result.Reason)
		require.Len(t, b.renderer.transformed, 1-i)
	}
	require.Equal(t, "a picture", string(b.renderer.contents))
	row := b.row(t, key)
	require.Equal(t, []any{"ready", "image/webp", int64(5), int32(64)}, []any{row.State, row.MimeType, row.Size, row.Width})
	require.Contains(t, b.Clean.Keys(t), files.TransformationKey(b.Org, b.in.Version, key))
	result, err := b.draw(t, "nonsense")
	require.NoError(t, err)
	require.Equal(t, "unknown_picture", result.Reason)
}

// TestAnotherProcessMakesIt: while the lease of another lasts, nothing is made; an attempt
// that failed gives the lease back.
func TestAnotherProcessMakesIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	mine, err := files.BeginTransformation(t.Context(), b.Single(b.Org), b.in.Version, key, time.Hour, false)
	require.NoError(t, err)
	require.True(t, mine)
	_, err = b.draw(t, key)
	require.NoError(t, err)
	require.Empty(t, b.renderer.transformed)
	require.NoError(t, files.EndTransformation(t.Context(), b.Single(b.Org), b.in.Version, key))
	for _, failure := range []func(){func() { b.Clean.Fail("open") }, func() { b.Clean.Fail("put") }, func() { b.renderer.transformErr = errors.New("killed") }} {
		failure()
		_, err = b.draw(t, key)
		activitytest.RequireRefused(t, err, "internal", true)
		require.Equal(t, "making", b.row(t, key).State)
	}
	b.renderer.transformErr = nil
	_, err = b.draw(t, key)
	require.NoError(t, err)
	require.Equal(t, "ready", b.row(t, key).State)
}

// TestFailureIsRemembered: what cannot be made is not tried again for a while, and nothing
// is stored of it.
func TestFailureIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	b.renderer.transformErr = &preview.Finding{State: files.PreviewUnavailable, Reason: "corrupt"}
	result, err := b.draw(t, key)
	require.NoError(t, err)
	require.Equal(t, "corrupt", result.Reason)
	require.True(t, b.row(t, key).Resting)
	require.NotContains(t, b.Clean.Keys(t), files.TransformationKey(b.Org, b.in.Version, key))
	_, err = b.draw(t, key)
	require.NoError(t, err)
	require.Empty(t, b.renderer.transformed, "it rests")
	_, err = b.Admin(t).Exec(t.Context(), "update transformations set failed_until = now() - interval '1 second'")
	require.NoError(t, err)
	b.renderer.transformErr = nil
	_, err = b.draw(t, key)
	require.NoError(t, err)
	require.Equal(t, "ready", b.row(t, key).State)
}

// TestPictureOfADocument is made of its page, or of its largest rendition.
func TestPictureOfADocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.pages = 34
	b.make(t, "essay.docx", docx, []byte("a document"))
	b.publish(t)
	for of, want := range map[string]string{key: "small", "320x0-inside-none-q75-p1.webp": "page", "320x0-inside-none-q75-p30.webp": ""} {
		result, err := b.draw(t, of)
		require.NoError(t, err)
		if want == "" {
			require.Equal(t, "no_picture", result.Reason)
			continue
		}
		require.Equal(t, want, string(b.renderer.contents), of)
	}
}

// TestPictureOfAText is made of its first lines, drawn.
func TestPictureOfAText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.make(t, "notes.md", "text/markdown", []byte("# Rain & snow\n"))
	b.publish(t)
	b.double.asked = nil
	result, err := b.draw(t, key)
	require.NoError(t, err)
	require.Empty(t, result.Reason)
	require.Equal(t, []string{"draw"}, b.double.asked)
	require.Contains(t, string(b.renderer.contents), "Rain\u00a0&amp;\u00a0snow")
}

// TestPictureOfAnEndedVersion: a version that is taken back while its picture is made
// leaves neither object nor row.
func TestPictureOfAnEndedVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	b.renderer.meanwhile = func() {
		require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
			_, err := files.Revoke(t.Context(), tx, b.in.Version, "infected:late", files.Verdict{Verdict: "infected", Signature: "late"})
			return err
		}))
	}
	_, err := b.draw(t, key)
	activitytest.RequireRefused(t, err, "version_settled", false)
	require.NotContains(t, b.Clean.Keys(t), files.TransformationKey(b.Org, b.in.Version, key))
	require.Empty(t, b.row(t, key).State)
}

// TestPicturesHaveBounds: of one version, and by the tier.
func TestPicturesHaveBounds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	_, err := b.Single(b.Org).Exec(t.Context(), `insert into transformations (organization_id, version_id, key, state, mime_type, width, height, size, etag)
		select app.org(), $1, 'k' || n, 'ready', 'image/webp', 1, 1, 1, 'e' from generate_series(1, 201) n`, b.in.Version)
	require.NoError(t, err)
	result, err := b.draw(t, key)
	require.NoError(t, err)
	require.Equal(t, "transformations_full", result.Reason)
	_, err = b.Admin(t).Exec(t.Context(), "delete from transformations where key > 'k2'")
	require.NoError(t, err)
	result, err = b.draw(t, key)
	require.NoError(t, err)
	require.Empty(t, result.Reason)
	_, err = b.Admin(t).Exec(t.Context(), "update transformations set size = 64 * 1024 * 1024 where key = $1; ", key)
	require.NoError(t, err)
	_, err = b.Admin(t).Exec(t.Context(), "update storage_quotas set max_bytes = 1000 where organization_id = $1", b.Org)
	require.NoError(t, err)
	result, err = b.draw(t, "480x0-inside-none-q75-p0.webp")
	require.NoError(t, err)
	require.Equal(t, "transformations_full", result.Reason)
	_, err = b.Admin(t).Exec(t.Context(), "update tiers set renditions = false")
	require.NoError(t, err)
	result, err = b.draw(t, "640x0-inside-none-q75-p0.webp")
	require.NoError(t, err)
	require.Equal(t, "tier_without_previews", result.Reason)
}

// TestUnusedPicturesGo, with their objects, and the others stay.
func TestUnusedPicturesGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(t)
	const used = "480x0-inside-none-q75-p0.webp"
	for _, k := range []string{key, used} {
		_, err := b.draw(t, k)
		require.NoError(t, err)
	}
	_, err := b.Admin(t).Exec(t.Context(), "update transformations set used_at = now() - interval '31 days' where key = $1", key)
	require.NoError(t, err)
	m := preview.NewMissing(b.DB, nil, b.Clean, nil, preview.Tools{}, preview.Config{Unused: 30 * 24 * time.Hour})
	b.Clean.Fail("remove")
	sweep := func() (queue.Swept, error) {
		return activitytest.Run[queue.Swept](t, m, m.DropUnusedPictures, preview.DropUnusedPicturesInput{Org: tenancy.Platform})
	}
	_, _ = sweep()
	require.NotEqual(t, "ready", b.row(t, key).State, "a picture whose object may be gone is not given")
	_, err = b.Admin(t).Exec(t.Context(), "update transformations set lease_until = '-infinity'")
	require.NoError(t, err)
	swept, err := sweep()
	require.NoError(t, err)
	require.Equal(t, 1, swept.Done)
	require.Empty(t, b.row(t, key).State)
	require.Equal(t, "ready", b.row(t, used).State)
	require.NotContains(t, b.Clean.Keys(t), files.TransformationKey(b.Org, b.in.Version, key))
	require.Contains(t, b.Clean.Keys(t), files.TransformationKey(b.Org, b.in.Version, used))
}
