package files_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/tenancy"
)

func (s *school) admit(t testing.TB, most int) (in []uuid.UUID) {
	t.Helper()
	s.in(t, func(tx *tenancy.Tx) error {
		admitted, err := files.Admit(t.Context(), tx, most)
		for _, a := range admitted {
			in = append(in, a.ID)
		}
		return err
	})
	return in
}

func (s *school) receiveFiles(t testing.TB, n int) (waiting []uuid.UUID) {
	t.Helper()
	for range n {
		ticket := s.announce(t, files.New{Size: 10})
		s.receive(t, ticket.Version, 10)
		waiting = append(waiting, ticket.Version)
	}
	return waiting
}

// TestAdmissionIsFirstInFirstOut: who came first goes first, one goes in for one that comes
// out, whichever way it does, and what could not be started is first again.
func TestAdmissionIsFirstInFirstOut(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	other := &school{s.Database, s.Organization(t, 1<<30), s.user}
	stranger := other.receiveFiles(t, 1)
	s.announce(t, files.New{Size: 10}) // still uploading: in no queue
	waiting := s.receiveFiles(t, 5)
	moving := func() bool {
		is, err := files.ListInPipeline(t.Context(), s.Single(s.org))
		require.NoError(t, err)
		return is
	}
	require.False(t, moving())
	require.ElementsMatch(t, waiting[:2], s.admit(t, 2))
	require.True(t, moving())
	require.Empty(t, s.admit(t, 2), "there is no room")
	require.Empty(t, s.admit(t, 1), "a lowered limit removes none")

	s.publish(t, waiting[0])
	require.Equal(t, waiting[2:3], s.admit(t, 2))
	s.withdraw(t, waiting[1])
	require.NoError(t, files.ReturnToQueue(t.Context(), s.Single(s.org), waiting[2]))
	require.ElementsMatch(t, waiting[2:4], s.admit(t, 2))
	require.NoError(t, files.ReturnToQueue(t.Context(), s.Single(s.org), waiting[0]))
	v, err := files.GetVersion(t.Context(), s.Single(s.org), waiting[0])
	require.NoError(t, err)
	require.NotNil(t, v.StartedAt, "what has ended stays as it was")

	require.Equal(t, stranger, other.admit(t, 2), "another organization's queue is separate")
}

// TestAdmissionWithTheReceipt: a version that is received with its rows is admitted with them while there is room and none
// waits before it. Who leaves a full pipeline admits it, and beside another admission nothing is decided.
func TestAdmissionWithTheReceipt(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	receive := func(most int) files.Created {
		made, err := s.create(files.New{Size: 10, Received: &files.Received{Size: 10, SHA256: oneSum, ETag: "staged"}, Ceiling: most})
		require.NoError(t, err)
		v, err := files.GetVersion(t.Context(), s.Single(s.org), made.Version)
		require.NoError(t, err)
		require.Equal(t, files.Processing, v.Status)
		require.Equal(t, made.Admission == files.AdmittedNow, v.StartedAt != nil)
		return made
	}
	first := receive(2)
	require.Equal(t, files.AdmittedNow, first.Admission)
	require.Equal(t, files.AdmittedNow, receive(2).Admission)
	third := receive(2)
	require.Equal(t, files.AdmittedBehind, third.Admission)
	require.Equal(t, "ask", receive(3).Admission, "one waits before it")
	require.Equal(t, "ask", receive(0).Admission)

	s.withdraw(t, first.Version)
	require.Equal(t, []uuid.UUID{third.Version}, s.admit(t, 2))
	s.in(t, func(tx *tenancy.Tx) error {
		_, err := files.Admit(t.Context(), tx, 9)
		require.NoError(t, err)
		require.Equal(t, "ask", receive(20).Admission, "an admission goes on")
		return err
	})
}

// TestReceiptsAtOnce: any number comes behind a full pipeline at the same moment, and one takes its last place.
func TestReceiptsAtOnce(t *testing.T) {
	t.Parallel()
	for most, wanted := range map[int][2]string{1: {files.AdmittedBehind, files.AdmittedBehind}, 2: {files.AdmittedNow, "ask"}} {
		s := newSchool(t, 1<<30)
		received := files.New{Size: 10, Received: &files.Received{Size: 10, SHA256: oneSum, ETag: "staged"}, Ceiling: most}
		full, err := s.create(received)
		require.NoError(t, err)
		require.Equal(t, files.AdmittedNow, full.Admission)
		s.in(t, func(tx *tenancy.Tx) error {
			first := received
			first.Name, first.UploadedBy, first.TTL = "essay.txt", s.user, time.Hour
			one, err := files.Create(t.Context(), tx, first)
			require.NoError(t, err)
			beside, err := s.create(received)
			require.NoError(t, err)
			require.Equal(t, wanted, [2]string{one.Admission, beside.Admission})
			return nil
		})
	}
}

// TestLineIsNotRaced lets everyone move the admission queue at once.
func TestLineIsNotRaced(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	waiting := s.receiveFiles(t, 12)
	var (
		mu   sync.Mutex
		in   []uuid.UUID
		errs []error
		wg   sync.WaitGroup
	)
	for range 12 {
		wg.Go(func() {
			var got []files.AdmittedVersion
			err := s.InTx(context.Background(), s.org, func(tx *tenancy.Tx) (err error) {
				got, err = files.Admit(context.Background(), tx, 3)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
			}
			for _, a := range got {
				in = append(in, a.ID)
			}
		})
	}
	wg.Wait()
	require.Empty(t, errs)
	require.ElementsMatch(t, waiting[:3], in)
}

func (s *school) setScans(t testing.TB, tier string, n int) {
	t.Helper()
	_, err := s.Admin(t).Exec(t.Context(), "update tiers set concurrent_scans = $2 where name = $1", tier, n)
	require.NoError(t, err)
}

// TestTierBoundsTheLine: the number of the tier is in force with the next
// admission, whichever way it changes; what is inside stays inside.
func TestTierBoundsTheLine(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	s.setScans(t, "enterprise", 2)
	s.setScans(t, "basic", 4)
	const ceiling = 5
	waiting := s.receiveFiles(t, 12)
	require.ElementsMatch(t, waiting[:2], s.admit(t, ceiling), "the tier's bound")
	require.Empty(t, s.admit(t, ceiling))

	s.setScans(t, "enterprise", 3)
	require.Equal(t, waiting[2:3], s.admit(t, ceiling), "a raised bound lets one more in, though none has ended")
	s.in(t, func(tx *tenancy.Tx) error { return tenancy.SetTier(t.Context(), tx, "basic") })
	require.Equal(t, waiting[3:4], s.admit(t, ceiling), "and so does another tier")
	s.setScans(t, "basic", 100)
	require.Equal(t, waiting[4:5], s.admit(t, ceiling), "the platform's ceiling goes before the tier")

	s.setScans(t, "basic", 2)
	for n, v := range waiting[:3] {
		require.Empty(t, s.admit(t, ceiling), "%d have ended, more are inside than the lowered bound", n)
		s.publish(t, v)
	}
	require.Empty(t, s.admit(t, ceiling), "as many are inside")
	s.publish(t, waiting[3])
	require.Equal(t, waiting[5:6], s.admit(t, ceiling))
}

// TestPlaceInThePipelineRunsOut: a version whose workflow cannot go on, because
// a build panics on it, keeps its place for an hour, and does not keep the whole queue from
// moving for ever.
func TestPlaceInThePipelineRunsOut(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	waiting := s.receiveFiles(t, 2)
	require.Equal(t, waiting[:1], s.admit(t, 1))
	since := func(ago string) {
		_, err := s.Single(s.org).Exec(t.Context(), "update file_versions set started_at = now() - $2::interval, updated_at = now() where id = $1", waiting[0], ago)
		require.NoError(t, err)
	}
	waits := func() int {
		organizations, err := s.OrganizationsWaiting(t.Context(), 0, 1, uuid.Nil, 10)
		require.NoError(t, err)
		return len(organizations)
	}
	since("59 minutes")
	require.Zero(t, waits())
	require.Empty(t, s.admit(t, 1))
	since("61 minutes")
	require.Equal(t, 1, waits(), "the sweep moves it")
	require.Equal(t, waiting[1:], s.admit(t, 1))
}
