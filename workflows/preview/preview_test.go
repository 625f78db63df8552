package preview_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	activities "satchel/activities/preview"
	"satchel/internal/queue"
	"satchel/internal/replaytest"
	"satchel/tenancy"
	"satchel/workflows/preview"
)

func TestEnds(t *testing.T) {
	t.Parallel()
	in := preview.MakePreviewsInput{Org: tenancy.OrgID(tenancy.NewID()), Version: tenancy.NewID()}
	require.Equal(t, "preview/"+in.Org.String()+"/"+in.Version.String(), preview.WorkflowID(in.Org, in.Version))
	for name, c := range map[string]struct {
		err   error
		steps []string
	}{
		"made":      {nil, []string{"RenderPreviews on previews"}},
		"refused":   {temporal.NewNonRetryableApplicationError("gone", "file_not_found", nil), []string{"RenderPreviews on previews", "GiveUpPreviews on batch"}},
		"patience":  {temporal.NewApplicationError("down", "store_unavailable"), []string{"RenderPreviews on previews", "RenderPreviews on previews", "RenderPreviews on previews", "GiveUpPreviews on batch"}},
		"cancelled": {temporal.NewCanceledError(), []string{"RenderPreviews on previews"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, started := replaytest.Steps(&activities.Activities{}, &activities.Missing{})
			env.OnActivity("RenderPreviews", mock.Anything, activities.RenderPreviewsInput(in)).Return(activities.RenderPreviewsResult{Preview: "ready"}, c.err)
			env.OnActivity("GiveUpPreviews", mock.Anything, activities.GiveUpPreviewsInput(in)).Return(activities.GiveUpPreviewsResult{}, nil)
			env.ExecuteWorkflow(preview.MakePreviews, in)
			require.Equal(t, c.steps, *started)
			require.Equal(t, name == "cancelled", env.GetWorkflowError() != nil, env.GetWorkflowError())
		})
	}
}

// TestPages: somebody waits, so two attempts are enough, and a reason is a result.
func TestPages(t *testing.T) {
	t.Parallel()
	in := preview.MakePagesInput{Org: tenancy.OrgID(tenancy.NewID()), Version: tenancy.NewID(), First: 11}
	for name, c := range map[string]struct {
		err   error
		steps int
	}{"made": {nil, 1}, "patience": {temporal.NewApplicationError("down", "store_unavailable"), 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, started := replaytest.Steps(&activities.Activities{}, &activities.Missing{})
			env.OnActivity("RenderPages", mock.Anything, in).Return(activities.RenderPagesResult{Reason: "crashed"}, c.err)
			env.ExecuteWorkflow(preview.MakePages, in)
			require.Len(t, *started, c.steps)
			require.Equal(t, c.err != nil, env.GetWorkflowError() != nil)
		})
	}
}

// TestPicture: somebody waits, so two attempts are enough, and a reason is a result.
func TestPicture(t *testing.T) {
	t.Parallel()
	in := preview.TransformInput{Org: tenancy.OrgID(tenancy.NewID()), Version: tenancy.NewID(), Key: "320x0-inside-none-q75-p0.webp"}
	for name, c := range map[string]struct {
		err   error
		steps int
	}{"made": {nil, 1}, "patience": {temporal.NewApplicationError("down", "store_unavailable"), 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, started := replaytest.Steps(&activities.Activities{}, &activities.Missing{})
			env.OnActivity("TransformPicture", mock.Anything, in).Return(activities.TransformPictureResult{Reason: "corrupt"}, c.err)
			env.ExecuteWorkflow(preview.MakePicture, in)
			require.Len(t, *started, c.steps)
			require.Equal(t, "TransformPicture on files", (*started)[0])
			require.Equal(t, c.err != nil, env.GetWorkflowError() != nil)
		})
	}
}

func TestUnusedPictures(t *testing.T) {
	t.Parallel()
	env, started := replaytest.Steps(&activities.Activities{}, &activities.Missing{})
	env.OnActivity("DropUnusedPictures", mock.Anything, activities.DropUnusedPicturesInput{Org: tenancy.Platform}).Return(queue.Swept{Found: 2, Done: 2}, nil)
	env.ExecuteWorkflow(preview.SweepPictures, preview.SweepPicturesInput{Org: tenancy.Platform})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"DropUnusedPictures on batch"}, *started)
}

func TestRetry(t *testing.T) {
	t.Parallel()
	env, started := replaytest.Steps(&activities.Activities{}, &activities.Missing{})
	env.OnActivity("RetryUnavailable", mock.Anything, activities.RetryUnavailableInput{Org: tenancy.Platform}).Return(queue.Swept{Found: 2, Done: 2}, nil)
	env.ExecuteWorkflow(preview.RetryPreviews, preview.RetryPreviewsInput{Org: tenancy.Platform})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"RetryUnavailable on batch"}, *started)
}

// TestReplay runs recorded histories through the code of today. Record with
// go test ./cmd/worker -run TestRecordPreviews -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 5, "made, pages, retried, picture, unused", preview.MakePreviews, preview.MakePages, preview.RetryPreviews,
		preview.MakePicture, preview.SweepPictures)
}
