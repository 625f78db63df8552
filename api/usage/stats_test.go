package usage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// TestStatsOfAllCostTheSameForAnyNumber: the operators' sums are right, and take as many
// statements for six organizations as for two.
func TestStatsOfAllCostTheSameForAnyNumber(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	r := &Usage{DB: d.DB}
	read := func() (StatsView, int64) {
		before := d.Stat().AcquireCount
		all, err := r.platformStats(t.Context())
		require.NoError(t, err)
		return all, d.Stat().AcquireCount - before
	}
	var orgs []tenancy.OrgID
	add := func(n int, bytes int64) {
		for range n {
			org := d.Organization(t, bytes)
			orgs = append(orgs, org)
			user := d.Member(t, org, tenancy.Student)
			require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := files.Create(t.Context(), tx, files.New{Name: "notes.txt", Size: 10, UploadedBy: user, TTL: 1})
				return err
			}))
		}
	}
	none, _ := read()
	require.Equal(t, StatsView{Edge: usage.Edge{Days: 30}, QuotaView: QuotaView{Counts: map[files.Status]int64{}}}, none, "the platform is none of them")
	add(2, 1000)
	two, few := read()
	require.Equal(t, StatsView{Organizations: 2, Edge: usage.Edge{Days: 30}, QuotaView: QuotaView{Max: 2000, Reserved: 20, MaxFileSize: 1000, Counts: map[files.Status]int64{files.Uploading: 2}}}, two)
	add(4, 2000)
	edge := map[usage.Metric]int64{usage.EdgeAnswers: 8, usage.EdgeFetches: 2, usage.EdgeBytes: 8000, usage.EdgeFetchedBytes: 2000, usage.EdgePurges: 4, usage.EdgePurgeMillis: 600, usage.EdgePurgesSlow: 1}
	now := time.Now()
	for _, org := range orgs[:2] {
		require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
			half := map[usage.Metric]int64{}
			for m, n := range edge {
				half[m] = n / 2
			}
			half[usage.EdgePurgesSlow] = 0
			if org == orgs[0] {
				half[usage.EdgePurgesSlow] = 1
			}
			return usage.CountEdge(t.Context(), tx, now, half)
		}))
	}
	six, many := read()
	require.Equal(t, StatsView{Organizations: 6, Edge: usage.EdgeOf(edge), QuotaView: QuotaView{Max: 10_000, Reserved: 60, MaxFileSize: 2000, Counts: map[files.Status]int64{files.Uploading: 6}}}, six)
	require.InDelta(t, .75, *six.Edge.HitRatio, 1e-9)
	require.InDelta(t, .15, *six.Edge.PurgeMean, 1e-9)
	require.EqualValues(t, 6000, six.Edge.BytesSaved)
	one, err := usage.GetEdge(t.Context(), d.Single(orgs[0]), now)
	require.NoError(t, err)
	require.EqualValues(t, 3000, one.BytesSaved)
	require.Equal(t, few, many)
	require.EqualValues(t, 3, many)
}
