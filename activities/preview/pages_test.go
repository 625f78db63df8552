package preview_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// pagesOf asks for the pages that are made with page n.
func (b *bundle) pagesOf(t *testing.T, n int) (preview.RenderPagesResult, error) {
	t.Helper()
	b.double.asked = nil
	return activitytest.Run[preview.RenderPagesResult](t, b.Activities, b.RenderPages,
		preview.RenderPagesInput{Org: b.Org, Version: b.in.Version, First: previews.FirstOf(n)})
}

// listed are the renditions that the file tells of.
func (b *bundle) listed(t *testing.T) string {
	t.Helper()
	var names string
	err := b.Single(b.Org).QueryRow(t.Context(), "select jsonb_path_query_array(renditions, '$[*].name')::text from version_view where version_id = $1", b.in.Version).Scan(&names)
	require.NoError(t, err)
	return names
}

// TestPagesOnDemand are had by their name, are not listed, and come twice where they are
// asked for twice.
func TestPagesOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.pages = 34
	b.make(t, "essay.docx", docx, []byte("a document"))
	b.publish(t)
	before := b.listed(t)
	for range 2 {
		result, err := b.pagesOf(t, 17)
		require.NoError(t, err)
		require.Empty(t, result.Reason)
		require.Equal(t, []string{"office source.docx", "pages 11 to 20"}, b.double.asked)
	}
	page, err := files.GetRendition(t.Context(), b.Single(b.Org), b.in.Version, "page-17.jpg")
	require.NoError(t, err)
	require.EqualValues(t, 4, page.Size)
	require.Contains(t, b.Clean.Keys(t), files.RenditionKey(b.Org, b.in.Version, "page-17.jpg"))
	require.Equal(t, before, b.listed(t))
	_, err = b.pagesOf(t, 3)
	require.NoError(t, err)
	require.Equal(t, "pages 6 to 10", b.double.asked[1], "the first five are its previews")
}

// TestPagesOfOthers: a kind without pages, a document that cannot be shown, one that is
// not published, and one that is taken back meanwhile.
func TestPagesOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.pages = 34
	b.make(t, "song.mp3", "audio/mpeg", []byte("a song"))
	b.publish(t)
	result, err := b.pagesOf(t, 17)
	require.NoError(t, err)
	require.Equal(t, "no_preview_of_kind", result.Reason)

	b.make(t, "book.pdf", "application/pdf", []byte("a book"))
	_, err = b.pagesOf(t, 17)
	activitytest.RequireRefused(t, err, "version_settled", false)
	b.publish(t)
	b.double.restErr = &preview.Finding{State: "unavailable", Reason: "crashed"}
	result, err = b.pagesOf(t, 17)
	require.NoError(t, err)
	require.Equal(t, "crashed", result.Reason)

	b.double.restErr = nil
	b.double.meanwhile = func() {
		require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
			_, err := files.Revoke(t.Context(), tx, b.in.Version, "infected:late", files.Verdict{Verdict: "infected", Signature: "late"})
			return err
		}))
	}
	_, err = b.pagesOf(t, 17)
	activitytest.RequireRefused(t, err, "version_settled", false)
	require.NotContains(t, b.Clean.Keys(t), files.RenditionKey(b.Org, b.in.Version, "page-17.jpg"))
}

// TestProgramIsInstalledLater: what had no previews for want of a program gets them, once
// the program is there, and what has none for another reason does not.
func TestProgramIsInstalledLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.double.officeErr = &preview.Finding{State: files.PreviewNotAvailable, Reason: "program_not_installed"}
	b.make(t, "essay.docx", docx, []byte("a document"))
	b.publish(t)
	installed, starts := false, &starter{}
	m := preview.NewMissing(b.DB, starts, b.Clean, nil, preview.Tools{Available: func(previews.Method) bool { return installed }}, preview.Config{})
	sweep := func() {
		_, err := activitytest.Run[queue.Swept](t, m, m.RetryUnavailable, preview.RetryUnavailableInput{Org: tenancy.Platform})
		require.NoError(t, err)
	}
	sweep()
	require.Empty(t, starts.versions)
	installed, b.double.officeErr = true, nil
	sweep()
	require.Equal(t, []uuid.UUID{b.in.Version}, starts.versions)
	_, err := b.run(t)
	require.NoError(t, err)
	require.Equal(t, "ready", b.Version(t, b.in.Version).Preview)
	sweep()
	require.Len(t, starts.versions, 1)
}

// textsAgain notes which texts it is asked for.
type textsAgain struct{ asked []string }

func (a *textsAgain) Again(_ context.Context, _ tenancy.OrgID, _ uuid.UUID, mediaType, reason string) error {
	a.asked = append(a.asked, mediaType+" "+reason)
	return nil
}

// TestTextsAreRetriedWithPreviews: the same sweep asks for both.
func TestTextsAreRetriedWithPreviews(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.make(t, "essay.docx", docx, []byte("a document"))
	b.publish(t)
	_, err := b.Single(b.Org).Exec(t.Context(), "update file_texts set state = 'not_available_here', reason = 'recognizer_not_installed'")
	require.NoError(t, err)
	texts := &textsAgain{}
	m := preview.NewMissing(b.DB, nil, b.Clean, texts, preview.Tools{}, preview.Config{})
	swept, err := activitytest.Run[queue.Swept](t, m, m.RetryUnavailable, preview.RetryUnavailableInput{Org: tenancy.Platform})
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 1, Done: 1}, swept)
	require.Equal(t, []string{docx + " recognizer_not_installed"}, texts.asked)
}
