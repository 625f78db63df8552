package pipeline_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
)

// setPreviews has an operator change whether the organization's tier makes previews.
func (b *worker) setPreviews(t *testing.T, on bool) {
	t.Helper()
	ctx := context.Background()
	tier, err := tenancy.GetTier(ctx, b.Single(b.Org))
	require.NoError(t, err)
	tier.Renditions = on
	require.NoError(t, b.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error { return tenancy.PutTier(ctx, tx, tier) }))
}

// TestPreviewsFollowTheTier at once: an image that is uploaded, and one that was
// inspected when its tier still had previews. With the tier they come back.
func TestPreviewsFollowTheTier(t *testing.T) {
	t.Parallel()
	rendered := 0
	b := setup(t, func(o *pipelinetest.Options) {
		o.Render = func(ctx context.Context, path, dir string) (preview.Pictures, error) {
			rendered++
			return pipelinetest.OnePreview(ctx, path, dir)
		}
	})
	b.setPreviews(t, false)
	ticket := b.Receive(t, "photo.png", png)
	v, err := b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	require.Equal(t, "none", v.Preview)
	require.Zero(t, rendered)

	b.setPreviews(t, true)
	gate := make(chan struct{})
	b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate})
	before := b.Clamd.Scans()
	ticket = b.Receive(t, "photo.png", png)
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool { return b.Clamd.Scans() > before }, patience, pause)
	b.setPreviews(t, false)
	close(gate)
	v, err = b.Ends(t, run, ticket)
	require.NoError(t, err)
	require.Equal(t, "none", v.Preview)
	require.Zero(t, rendered)
	b.setPreviews(t, true)
	ticket = b.Receive(t, "photo.png", png)
	v, err = b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	require.Equal(t, "ready", v.Preview)
	require.Equal(t, 1, rendered)
	b.RequireSettled(t)
}
