package usage

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
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
	add := func(n int, bytes int64) {
		for range n {
			org := d.Organization(t, bytes)
			user := d.Member(t, org, tenancy.Student)
			require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := files.Create(t.Context(), tx, files.New{Name: "notes.txt", Size: 10, UploadedBy: user, TTL: 1})
				return err
			}))
		}
	}
	none, _ := read()
	require.Equal(t, StatsView{QuotaView: QuotaView{Counts: map[files.Status]int64{}}}, none, "the platform is none of them")
	add(2, 1000)
	two, few := read()
	require.Equal(t, StatsView{Organizations: 2, QuotaView: QuotaView{Max: 2000, Reserved: 20, MaxFileSize: 1000, Counts: map[files.Status]int64{files.Uploading: 2}}}, two)
	add(4, 2000)
	six, many := read()
	require.Equal(t, StatsView{Organizations: 6, QuotaView: QuotaView{Max: 10_000, Reserved: 60, MaxFileSize: 2000, Counts: map[files.Status]int64{files.Uploading: 6}}}, six)
	require.Equal(t, few, many)
	require.EqualValues(t, 2, many)
}
