package tenancy_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestChangesNotifyThoseWhoWatch and wake nothing else; who begins to watch while a change is
// being committed looks after the commit.
func TestChangesNotifyThoseWhoWatch(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	admin, writer := db.Admin(t), db.Admin(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	watched, heard := tenancy.NewWatched(), make(chan string, 16)
	require.Zero(t, watched.Patience(), "nothing holds locks yet")
	go func() {
		_ = db.Listen(ctx, tenancy.Channels{"file_events": func(p string) { heard <- p }}, watched)
	}()
	require.Empty(t, <-heard)
	require.NotZero(t, watched.Patience())
	org, thing := uuid.New(), uuid.UUID{15: 1}
	name := org.String() + "/" + thing.String()
	wake := func(thing uuid.UUID) {
		t.Helper()
		_, err := admin.Exec(ctx, "select app.wake($1, $2)", org, thing)
		require.NoError(t, err)
	}

	wake(thing)
	_, err := admin.Exec(ctx, "select pg_notify('file_events', 'the next')")
	require.NoError(t, err)
	require.Equal(t, "the next", <-heard, "a change that none waits for wakes none")

	held := make(chan struct{}, 4)
	already, done := watched.Watch(thing, func() { held <- struct{}{} })
	require.False(t, already)
	<-held
	wake(thing)
	require.Equal(t, name, <-heard)
	already, other := watched.Watch(thing, func() { held <- struct{}{} })
	require.True(t, already)
	other()

	tx, err := writer.Begin(ctx)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	changing := uuid.UUID{15: 2}
	_, err = tx.Exec(ctx, "select app.wake($1, $2)", org, changing)
	require.NoError(t, err)
	looks := make(chan struct{}, 1)
	already, over := watched.Watch(changing, func() { looks <- struct{}{} })
	require.False(t, already)
	defer over()
	wake(changing)
	require.Equal(t, org.String()+"/"+changing.String(), <-heard, "a change beside it notifies")
	require.Empty(t, looks)
	require.NoError(t, tx.Commit(ctx))
	<-looks

	_, err = admin.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and (query like 'listen%' or query like '%pg_try_advisory_lock_shared%')")
	require.NoError(t, err)
	<-held
	require.Empty(t, <-heard, "a new connection holds the locks before everything is looked at")
	wake(thing)
	require.Equal(t, name, <-heard)
	done()
}
