package tenancy_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// A broken connection is replaced, and the listener is told that it may have
// missed something.
func TestListenHearsAndConnectsAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	admin := db.Admin(t)
	ctx, stop := context.WithCancel(context.Background())
	heard, ended := make(chan string, 16), make(chan error, 1)
	go func() { ended <- db.Listen(ctx, tenancy.Channels{"file_events": func(p string) { heard <- p }}, nil) }()
	require.Empty(t, <-heard)
	_, err := admin.Exec(ctx, "select pg_notify('file_events', 'one'), pg_notify('another', 'x')")
	require.NoError(t, err)
	require.Equal(t, "one", <-heard)

	_, err = admin.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen%'")
	require.NoError(t, err)
	require.Empty(t, <-heard)
	_, err = admin.Exec(ctx, "select pg_notify('file_events', 'two')")
	require.NoError(t, err)
	require.Equal(t, "two", <-heard)
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)
}
