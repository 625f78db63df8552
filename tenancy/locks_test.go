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

// TestSharedLockSaysWhoLives: no one gets it alone while a process shares it, which may do so several
// times; and one who lost it with its connection is told before it goes on.
func TestSharedLockSaysWhoLives(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	alone := func() (ok bool) {
		require.NoError(t, db.Admin(t).QueryRow(t.Context(), "select pg_try_advisory_xact_lock(hashtextextended($1, 0))", "a turn").Scan(&ok))
		return ok
	}
	first, second := tenancy.NewLocks(db.DB), tenancy.NewLocks(db.DB)
	share := func(l *tenancy.Locks) *tenancy.Shared {
		s, err := l.Share(t.Context(), "a turn")
		require.NoError(t, err)
		require.NoError(t, s.Check(t.Context()))
		return s
	}
	require.True(t, alone())
	one, two, three := share(first), share(first), share(second)
	one.Release(t.Context())
	require.False(t, alone())
	two.Release(t.Context())
	require.False(t, alone())
	three.Release(t.Context())
	require.True(t, alone())

	lost := share(first)
	_, err := db.Admin(t).Exec(t.Context(), "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())")
	require.NoError(t, err)
	require.Error(t, lost.Check(t.Context()))
	again := share(first)
	require.Error(t, lost.Check(t.Context()), "what another shares is not its own")
	lost.Release(t.Context())
	require.False(t, alone(), "nor its own to give back")
	again.Release(t.Context())
	require.True(t, alone())

	done, end := context.WithCancel(t.Context())
	end()
	first.Keep(done)
	second.Keep(done)
}
