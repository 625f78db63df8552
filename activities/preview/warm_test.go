package preview_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/tenancy"
)

// ahead writes down what is started.
type ahead []string

func (a *ahead) StartPicture(_ context.Context, _ tenancy.OrgID, version uuid.UUID, key string) error {
	*a = append(*a, version.String()+" "+key)
	return nil
}

// TestPicturesAreWarmed: what pages asked for of three pictures is made of the next one,
// once. What was made ahead and never used counts as not asked for.
func TestPicturesAreWarmed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	started := &ahead{}
	sweep := func() []string {
		*started = nil
		_, err := activitytest.Sweep(t, preview.SweepsOfWarmer(preview.NewWarmer(b.DB, started)), "warm-pictures")
		require.NoError(t, err)
		return *started
	}
	next := func() uuid.UUID {
		b.in.Version = b.scanned(t, fmt.Sprintf("photo %s.png", tenancy.NewID()), "image/png", []byte("a picture"))
		b.publish(t)
		return b.in.Version
	}
	b.publish(t)
	for n := range 3 {
		require.Empty(t, sweep(), "%d pictures are no habit", n)
		_, err := b.draw(t, key)
		require.NoError(t, err)
		next()
	}
	want := b.in.Version.String() + " " + key
	require.Equal(t, []string{want}, sweep())
	_, err := activitytest.Run[preview.TransformPictureResult](t, b.Activities, b.TransformPicture, preview.TransformPictureInput{Org: b.Org, Version: b.in.Version, Key: key, Ahead: true})
	require.NoError(t, err)
	require.Empty(t, sweep(), "it is made")
	require.True(t, b.row(t, key).Stale, "its first use is noted")

	_, err = b.Admin(t).Exec(t.Context(), "update transformations set used_at = now() - interval '31 days' where version_id <> $1", b.in.Version)
	require.NoError(t, err)
	warmed := b.in.Version
	next()
	require.Empty(t, sweep(), "it is not asked for any more")
	_, err = b.Admin(t).Exec(t.Context(), "update transformations set used_at = now()")
	require.NoError(t, err)
	require.Len(t, sweep(), 1)
	require.NoError(t, files.UseTransformation(t.Context(), b.Single(b.Org), warmed, key))
	b.in.Version = warmed
	require.False(t, b.row(t, key).Stale)

	_, err = b.Admin(t).Exec(t.Context(), "update tiers set renditions = false")
	require.NoError(t, err)
	require.Empty(t, sweep(), "the tier has no pictures")
}
