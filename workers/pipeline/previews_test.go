package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	making "satchel/workflows/preview"
	"satchel/workflows/upload"
)

// gated makes a worker whose previews wait for the gate.
func gated(t *testing.T, silent time.Duration) (b *worker, gate chan struct{}) {
	t.Helper()
	gate = make(chan struct{})
	b = setup(t, func(o *pipelinetest.Options) {
		o.Silent = silent
		o.Render = func(ctx context.Context, path, dir string) (preview.Pictures, error) {
			select {
			case <-gate:
				return pipelinetest.OnePreview(ctx, path, dir)
			case <-ctx.Done():
				return preview.Pictures{}, ctx.Err()
			}
		}
	})
	return b, gate
}

// publishedEarly waits until the version is published before its previews.
func (b *worker) publishedEarly(t *testing.T) files.Created {
	t.Helper()
	ticket := b.Receive(t, "essay.pdf", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"))
	b.Process(t, ticket)
	require.Eventually(t, func() bool {
		v, err := files.GetVersion(t.Context(), b.Single(b.Org), ticket.Version)
		return err == nil && v.Status == files.Published
	}, patience, pause)
	v, err := files.GetVersion(t.Context(), b.Single(b.Org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, "pending", v.Preview)
	return ticket
}

// TestPreviewsComeLater: the file is published before them, and they are added.
func TestPreviewsComeLater(t *testing.T) {
	t.Parallel()
	b, gate := gated(t, time.Hour)
	ticket := b.publishedEarly(t)
	close(gate)
	v, err := b.Ends(t, b.Client.GetWorkflow(t.Context(), upload.WorkflowID(b.Org, ticket.Version), ""), ticket)
	require.NoError(t, err)
	require.Equal(t, "ready", v.Preview)
	b.RequireSettled(t)
}

// TestLostPreviewsAreMade: the workflow of the upload ends behind the publication, and the
// sweep starts another one.
func TestLostPreviewsAreMade(t *testing.T) {
	t.Parallel()
	b, gate := gated(t, 0)
	ticket := b.publishedEarly(t)
	require.NoError(t, upload.Cancel(t.Context(), b.Client, b.Org, ticket.Version))
	v, err := b.Ends(t, b.Client.GetWorkflow(t.Context(), upload.WorkflowID(b.Org, ticket.Version), ""), ticket)
	require.NoError(t, err)
	require.Equal(t, "pending", v.Preview)
	close(gate)
	b.Sweep(t, "start-missing-previews")
	v, err = b.Ends(t, b.Client.GetWorkflow(t.Context(), making.WorkflowID(b.Org, ticket.Version), ""), ticket)
	require.NoError(t, err)
	require.Equal(t, "ready", v.Preview)
	b.RequireSettled(t)
}

// TestRecordPreviews writes what the real server kept of a file that is published before
// its previews, of previews that are made afterwards, of the sweeps, and of pages on demand.
func TestRecordPreviews(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b, gate := gated(t, 0)
	lost, late := b.publishedEarly(t), b.publishedEarly(t)
	require.NoError(t, upload.Cancel(t.Context(), b.Client, b.Org, lost.Version))
	ended := b.Client.GetWorkflow(t.Context(), upload.WorkflowID(b.Org, lost.Version), "")
	_, err := b.Ends(t, ended, lost)
	require.NoError(t, err)
	b.keep(t, ended, "cancelled_after_publication")
	close(gate)
	run := b.Client.GetWorkflow(t.Context(), upload.WorkflowID(b.Org, late.Version), "")
	_, err = b.Ends(t, run, late)
	require.NoError(t, err)
	b.keep(t, run, "published_before_previews")
	b.Sweep(t, "start-missing-previews")
	made := b.Client.GetWorkflow(t.Context(), making.WorkflowID(b.Org, lost.Version), "")
	require.NoError(t, made.Get(t.Context(), nil))
	b.keepOf(t, made, "preview", "made")
	pages := making.MakePagesInput{Org: b.Org, Version: late.Version, First: 11}
	_, err = making.ShowPages(t.Context(), b.Client, pages)
	require.NoError(t, err)
	b.keepOf(t, b.Client.GetWorkflow(t.Context(), making.PagesWorkflowID(pages), ""), "preview", "pages")
	picture := making.TransformInput{Org: b.Org, Version: late.Version, Key: "320x0-inside-none-q75-p0.webp"}
	reason, err := making.Transform(t.Context(), b.Client, picture)
	require.NoError(t, err)
	require.Empty(t, reason)
	b.keepOf(t, b.Client.GetWorkflow(t.Context(), making.TransformWorkflowID(picture), ""), "preview", "picture")
	require.NoError(t, b.runOf(t, "preview", "unused", making.SweepPictures, making.SweepPicturesInput{Org: tenancy.Platform}))
	require.NoError(t, b.runOf(t, "preview", "retried", making.RetryPreviews, making.RetryPreviewsInput{Org: tenancy.Platform}))
}
