package files_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

const megabyte = 1 << 20

// TestQuotaIsNotRaced lets twenty uploads of 10 MB run for a room of 100 MB.
func TestQuotaIsNotRaced(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 100*megabyte)
	errs := make(chan error, 20)
	start := make(chan struct{})
	for range cap(errs) {
		go func() {
			<-start
			errs <- s.InTx(context.Background(), s.org, func(tx *tenancy.Tx) error {
				_, err := files.Create(context.Background(), tx, files.New{Name: "x", Size: 10 * megabyte, UploadedBy: s.user, TTL: time.Hour})
				return err
			})
		}()
	}
	close(start)
	var accepted, refused int
	for range cap(errs) {
		if err := <-errs; err == nil {
			accepted++
		} else {
			require.Equal(t, fault.OverQuota, fault.KindOf(err))
			refused++
		}
	}
	require.Equal(t, []int{10, 10}, []int{accepted, refused})
	quota, err := files.GetQuota(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.EqualValues(t, 100*megabyte, quota.ReservedBytes)
	files, err := files.List(t.Context(), s.Single(s.org), files.Filter{Limit: 100})
	require.NoError(t, err)
	require.Len(t, files, 10, "what was refused left no rows")
}

// TestTwoUploadsToOneFile ends two new versions of a published file in every
// way and in both orders: the newest published one is what a download gives.
func TestTwoUploadsToOneFile(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	for _, c := range []struct {
		secondGood, thirdGood, thirdFirst bool
		current                           int32
	}{
		{true, true, false, 3},
		{true, true, true, 3},
		{true, false, false, 2},
		{true, false, true, 2},
		{false, true, false, 3},
		{false, true, true, 3},
		{false, false, false, 1},
		{false, false, true, 1},
	} {
		first := s.published(t, files.New{Size: 1})
		second := s.announce(t, files.New{File: first.File, Size: 20})
		third := s.announce(t, files.New{File: first.File, Size: 300})
		s.receive(t, second.Version, 20)
		s.receive(t, third.Version, 300)
		ends := []func(){
			func() { s.end(t, second.Version, c.secondGood) },
			func() { s.end(t, third.Version, c.thirdGood) },
		}
		if c.thirdFirst {
			ends[0], ends[1] = ends[1], ends[0]
		}
		for _, end := range ends {
			end()
		}
		v, err := files.Get(t.Context(), s.Single(s.org), first.File)
		require.NoError(t, err)
		require.Equal(t, c.current, v.Number, "%+v", c)
		require.EqualValues(t, map[int32]int{1: 1, 2: 20, 3: 300}[c.current], v.Size)
		require.Equal(t, "etag-"+v.VersionID.String(), v.ObjectEtag)
		require.Equal(t, files.Published, v.Effective())
		history, err := files.History(t.Context(), s.Single(s.org), first.File)
		require.NoError(t, err)
		require.Len(t, history, 3)
		require.Equal(t, []int32{3, 2, 1}, []int32{history[0].Number, history[1].Number, history[2].Number})
	}
}

func (s *school) end(t *testing.T, version uuid.UUID, good bool) {
	if good {
		s.publish(t, version)
	} else {
		s.withdraw(t, version)
	}
}

// TestNoDeadlocks lets everything that can happen to one file happen at once.
// Postgres counts the deadlocks: there must be none, and no transaction may
// fail in a way that the rules do not name.
func TestNoDeadlocks(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<40)
	shared := s.published(t, files.New{Size: 1})
	var wg sync.WaitGroup
	bad := make(chan error, 10000)
	note := func(err error) {
		var known *fault.Fault
		if err != nil && (!errors.As(err, &known) || known.Kind == fault.Unavailable) {
			bad <- err
		}
	}
	for range 6 {
		wg.Go(func() {
			for range 15 {
				s.life(&wg, note, shared.File)
			}
		})
	}
	wg.Wait()
	close(bad)
	for err := range bad {
		require.NoError(t, err)
	}
	var deadlocks int
	require.NoError(t, s.Admin(t).QueryRow(t.Context(), "select deadlocks from pg_stat_database where datname = current_database()").Scan(&deadlocks))
	require.Zero(t, deadlocks)
	var running int
	require.NoError(t, s.Admin(t).QueryRow(t.Context(), `select count(*) from version_steps s join file_versions v on v.id = s.version_id
		where s.state = 'running' and v.status <> 'processing'`).Scan(&running))
	require.Zero(t, running, "a step runs on a version that has ended")
	used, reserved, err := files.ListSums(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	quota, err := files.GetQuota(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.Equal(t, []int64{used, reserved}, []int64{quota.UsedBytes, quota.ReservedBytes})
}

// life brings one more version of the file into the world and lets its bytes,
// its pipeline, its cancellation and its file's trash race.
func (s *school) life(wg *sync.WaitGroup, note func(error), file uuid.UUID) {
	ctx := context.Background()
	run := func(f func(*tenancy.Tx) error) { note(s.InTx(ctx, s.org, f)) }
	var v uuid.UUID
	run(func(tx *tenancy.Tx) error {
		ticket, err := files.Create(ctx, tx, files.New{File: file, Size: 1, UploadedBy: s.user, TTL: time.Hour})
		v = ticket.Version
		return err
	})
	if v == uuid.Nil { // the file was in the trash
		run(func(tx *tenancy.Tx) error { return files.Restore(ctx, tx, file, files.ConflictFails) })
		return
	}
	for _, one := range []func(){
		func() { run(func(tx *tenancy.Tx) error { return files.Reserve(ctx, tx, v, 100) }) },
		func() {
			run(func(tx *tenancy.Tx) error {
				return files.Receive(ctx, tx, files.Received{Upload: v, Size: 10, SHA256: oneSum, ETag: "e"})
			})
		},
		func() {
			note(files.Step(ctx, s.Single(s.org), v, files.StepScan, 1, func() error {
				return files.Scanned(ctx, s.Single(s.org), v, files.Verdict{Verdict: verdict.Clean, SHA256: oneSum})
			}))
		},
		func() { run(func(tx *tenancy.Tx) error { return files.Publish(ctx, tx, v, "e") }) },
		func() { run(func(tx *tenancy.Tx) error { return files.Withdraw(ctx, tx, v, files.Failed, "raced") }) },
		func() {
			run(func(tx *tenancy.Tx) error {
				_, err := files.Trash(ctx, tx, file)
				return err
			})
		},
		func() { run(func(tx *tenancy.Tx) error { return files.Restore(ctx, tx, file, files.ConflictFails) }) },
	} {
		wg.Go(one)
	}
}
