package files_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// tierAllows sets how many uploads every organization of the test may have open.
func (s *school) tierAllows(t testing.TB, uploads int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.AdminURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), "update tiers set concurrent_uploads = $1", uploads)
	require.NoError(t, err)
}

func (s *school) create(n files.New) (ticket files.Created, err error) {
	n.Name, n.UploadedBy, n.TTL = "essay.txt", s.user, time.Hour
	err = s.InTx(context.Background(), s.org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(context.Background(), tx, n)
		return err
	})
	return ticket, err
}

// TestOpenUploadsAreNotRaced lets twenty creates run for ten places.
func TestOpenUploadsAreNotRaced(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	s.tierAllows(t, 10)
	errs, start := make(chan error, 20), make(chan struct{})
	for range cap(errs) {
		go func() {
			<-start
			_, err := s.create(files.New{Size: 10})
			errs <- err
		}()
	}
	close(start)
	accepted := 0
	for range cap(errs) {
		err := <-errs
		if err == nil {
			accepted++
			continue
		}
		require.ErrorIs(t, err, tenancy.TooManyUploads)
		require.Equal(t, fault.Limited, fault.KindOf(err))
		require.Positive(t, fault.Of(err).RetryAfter)
	}
	require.Equal(t, 10, accepted)
	quota, err := files.GetQuota(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.EqualValues(t, 100, quota.ReservedBytes, "what was refused reserves nothing")
}

// TestAnEndedUploadMakesRoom ends one in each way; a larger tier counts at once.
func TestAnEndedUploadMakesRoom(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	s.tierAllows(t, 1)
	first := s.announce(t, files.New{Size: 10})
	_, err := s.create(files.New{Size: 10})
	require.ErrorIs(t, err, tenancy.TooManyUploads)
	s.receive(t, first.Version, 10)
	second, err := s.create(files.New{Size: 10})
	require.NoError(t, err, "a received one is no longer open")
	_, err = s.create(files.New{File: first.File, Size: 10})
	require.ErrorIs(t, err, tenancy.TooManyUploads, "a new version counts alike")
	s.withdraw(t, second.Version)
	_, err = s.create(files.New{Size: 10})
	require.NoError(t, err, "nor is a withdrawn one")
	s.tierAllows(t, 2)
	_, err = s.create(files.New{Size: 10})
	require.NoError(t, err)
}
