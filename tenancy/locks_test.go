package tenancy_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestLockIsOnesAtATime: the second process has to wait until the first one has ended.
func TestLockIsOnesAtATime(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	first, second := tenancy.NewLocks(db.DB), tenancy.NewLocks(db.DB)
	ctx, stop := context.WithCancel(t.Context())
	var kept sync.WaitGroup
	kept.Go(func() { first.Keep(ctx) })
	holds := func(l *tenancy.Locks, name string) bool {
		_, mine, err := l.Hold(t.Context(), name)
		require.NoError(t, err)
		return mine
	}
	lost, mine, err := first.Hold(t.Context(), "sweep/one")
	require.NoError(t, err)
	require.True(t, mine)
	require.True(t, holds(first, "sweep/one"), "it is kept")
	require.False(t, holds(second, "sweep/one"))
	require.True(t, holds(second, "sweep/two"), "another lock is free")
	require.False(t, holds(first, "sweep/two"))
	stop()
	kept.Wait()
	<-lost
	require.True(t, holds(second, "sweep/one"))

	done, end := context.WithCancel(t.Context())
	end()
	second.Keep(done) // gives all back
}

// TestLockIsLostWithItsConnection: who held it is told, and the next call connects again.
func TestLockIsLostWithItsConnection(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	locks := tenancy.NewLocks(db.DB)
	lost, mine, err := locks.Hold(t.Context(), "sweep/one")
	require.NoError(t, err)
	require.True(t, mine)
	_, err = db.Admin(t).Exec(t.Context(), "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())")
	require.NoError(t, err)
	_, mine, err = locks.Hold(t.Context(), "sweep/one")
	require.Error(t, err)
	require.False(t, mine)
	<-lost
	_, mine, err = locks.Hold(t.Context(), "sweep/one")
	require.NoError(t, err)
	require.True(t, mine)
	done, end := context.WithCancel(t.Context())
	end()
	locks.Keep(done)
}
