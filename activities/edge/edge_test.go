package edge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// stage is an organization, a cache that can be down, and a clock.
type stage struct {
	*pgtest.Database
	t      *testing.T
	org    tenancy.OrgID
	acts   *Activities
	sweeps *Sweeps
	down   bool
	forgot []string
	woken  []tenancy.OrgID
	now    time.Time
}

func setup(t *testing.T) *stage {
	t.Helper()
	s := &stage{Database: pgtest.New(t), t: t, now: time.Now()}
	s.org = s.Organization(t, 1<<20)
	clock := func() time.Time { return s.now }
	s.acts = New(s.DB, s, clock, prometheus.NewRegistry())
	s.sweeps = NewSweeps(s.DB, true, s, clock, prometheus.NewRegistry())
	return s
}

// Purge is the cache's.
func (s *stage) Purge(_ context.Context, keys []string) error {
	if s.down {
		return errors.New("the cache is down")
	}
	s.forgot = append(s.forgot, keys...)
	return nil
}

// WakeEdge is Temporal's.
func (s *stage) WakeEdge(_ context.Context, org tenancy.OrgID) error {
	s.woken = append(s.woken, org)
	return nil
}

// ended writes an event of a file that was trashed so long ago, and gives its key.
func (s *stage) ended(ago time.Duration) string {
	s.t.Helper()
	id := tenancy.NewID()
	_, err := s.Single(s.org).Exec(s.t.Context(), `insert into organization_events (organization_id, id, type, data, at)
		values (app.org(), gen_random_uuid(), 'file.trashed', jsonb_build_object('file_id', $1::uuid), $2)`, id, time.Now().Add(-ago))
	require.NoError(s.t, err)
	return FileKey + id.String()
}

func (s *stage) tell(org tenancy.OrgID) {
	s.t.Helper()
	_, err := s.acts.PurgeEdge(s.t.Context(), PurgeEdgeInput{Org: org})
	require.Equal(s.t, s.down, err != nil, "%v", err)
}

// listed is how many keys are in a state, of an organization.
func (s *stage) listed(state State, org tenancy.OrgID) (keys int64) {
	s.t.Helper()
	found, err := Backlogs(s.t.Context(), s.DB, state, uuid.Nil, 100)
	require.NoError(s.t, err)
	for _, b := range found {
		if b.Org == org {
			keys = b.Keys
		}
	}
	return keys
}

func gauge(t *testing.T, g prometheus.Gauge) float64 {
	t.Helper()
	var read dto.Metric
	require.NoError(t, g.Write(&read))
	return read.GetGauge().GetValue()
}

func (s *stage) sweep() {
	s.t.Helper()
	s.woken = nil
	_, err := s.sweeps.startWaitingPurges(s.t.Context(), uuid.Nil)
	require.NoError(s.t, err)
}

// TestGivenUp: what the cache was not told for a day is listed, told again when an operator
// asks, and forgotten when none did.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.ended(60 * time.Hour) // before the cache was told of anything
	s.tell(s.org)
	require.Empty(t, s.forgot)
	require.Zero(t, s.listed(GivenUp, s.org), "the cache may be newer than that")

	s.down = true
	first, second := s.ended(30*time.Hour), s.ended(25*time.Hour)
	fresh := s.ended(0)
	s.tell(s.org)
	require.EqualValues(t, 3, s.listed(Waiting, s.org))
	s.sweep()
	require.Equal(t, []tenancy.OrgID{s.org}, s.woken)
	require.InDelta(t, 3, gauge(t, s.sweeps.keys.WithLabelValues(string(Waiting))), 0)
	require.Greater(t, gauge(t, s.sweeps.oldest), (29 * time.Hour).Seconds())

	s.down = false
	s.tell(s.org)
	require.Equal(t, []string{fresh}, s.forgot)
	require.EqualValues(t, 2, s.listed(GivenUp, s.org))
	require.Zero(t, s.listed(Waiting, s.org))
	s.sweep()
	require.Empty(t, s.woken, "nothing is left to tell")
	require.InDelta(t, 2, gauge(t, s.sweeps.keys.WithLabelValues(string(GivenUp))), 0)

	var n int64
	require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) (err error) {
		n, err = Replay(t.Context(), tx)
		return err
	}))
	require.EqualValues(t, 2, n)
	require.EqualValues(t, 2, s.listed(Waiting, s.org))
	waits, err := Waits(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.True(t, waits)
	s.tell(s.org)
	require.ElementsMatch(t, []string{fresh, first, second}, s.forgot)
	require.Zero(t, s.listed(Waiting, s.org)+s.listed(GivenUp, s.org))

	s.ended(26 * time.Hour)
	s.tell(s.org)
	require.EqualValues(t, 1, s.listed(GivenUp, s.org))
	s.now = s.now.Add(Listed)
	s.sweep()
	require.Zero(t, s.listed(GivenUp, s.org))
}

// TestPurgeOfWhatIsAskedForMeanwhile: a key that is asked for while the cache is told of it
// is told once more.
func TestPurgeOfWhatIsAskedForMeanwhile(t *testing.T) {
	t.Parallel()
	s := setup(t)
	key := s.ended(0)
	asked := false
	s.acts.Purger = purgerOf(func(keys []string) error {
		s.forgot = append(s.forgot, keys...)
		if !asked {
			asked = true
			_, err := s.Single(s.org).Exec(t.Context(), "insert into edge_purges (organization_id, key, since) values (app.org(), $1, clock_timestamp())", key)
			return err
		}
		return nil
	})
	s.tell(s.org)
	s.tell(s.org)
	require.Equal(t, []string{key, key}, s.forgot)
	s.tell(s.org)
	require.Len(t, s.forgot, 2)
}

// TestPurgesAreInTheStatistics: how many, and how late the cache was told.
func TestPurgesAreInTheStatistics(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.ended(0)
	s.ended(10 * time.Second)
	s.tell(s.org)
	s.tell(s.org)
	e, err := usage.GetEdge(t.Context(), s.Single(s.org), s.now)
	require.NoError(t, err)
	require.EqualValues(t, 2, e.Purges)
	require.EqualValues(t, 1, e.PurgesSlow)
	require.Greater(t, *e.PurgeMean, 4.0)
}

type purgerOf func(keys []string) error

func (p purgerOf) Purge(_ context.Context, keys []string) error { return p(keys) }

// TestDeletedOrganization: its bytes leave the cache by a key of all that it had, where
// there is a cache.
func TestDeletedOrganization(t *testing.T) {
	t.Parallel()
	for _, cached := range []bool{false, true} {
		s := setup(t)
		gone := s.Organization(t, 1<<20)
		if cached {
			s.tell(s.org)
		}
		_, err := s.Admin(t).Exec(t.Context(), "update organizations set status = 'deleting', deletion_id = gen_random_uuid(), deletes_at = now(), deletion_begun_at = now() where id = $1", gone)
		require.NoError(t, err)
		require.NoError(t, s.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) error {
			_, err := tenancy.DeleteOrganizationRows(t.Context(), tx, gone)
			return err
		}))
		s.tell(tenancy.Platform)
		if !cached {
			require.Empty(t, s.forgot)
			continue
		}
		require.Equal(t, []string{OrganizationKey + gone.String()}, s.forgot)
		require.Zero(t, s.listed(Waiting, tenancy.Platform))
	}
}
