package tiermetrics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/tiermetrics"
	"satchel/tenancy"
)

// source answers as the test says.
type source struct {
	levels []tenancy.TierLevel
	days   []tenancy.TierDay
	err    error
	asked  int
}

func (s *source) TierLevels(context.Context) ([]tenancy.TierLevel, error) {
	s.asked++
	return s.levels, s.err
}

func (s *source) TierDays(context.Context, time.Time) ([]tenancy.TierDay, error) {
	return s.days, s.err
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at() time.Time { return noon }

func value(t *testing.T, r *prometheus.Registry, name, tier string) float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "satchel_tier_"+name && m.GetLabel()[0].GetValue() == tier {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no %s of %s", name, tier)
	return 0
}

// TestCountersGrowByWhatCameSince: days before the start do not count. An
// organization that leaves the tier, and a day that leaves the window, change nothing.
func TestCountersGrowByWhatCameSince(t *testing.T) {
	t.Parallel()
	s, r := &source{levels: []tenancy.TierLevel{{Tier: "free"}}}, prometheus.NewRegistry()
	n := tiermetrics.New(s, r, at)
	today, yesterday := noon.Truncate(24*time.Hour), noon.Truncate(24*time.Hour).AddDate(0, 0, -1)
	for i, step := range []struct {
		days []tenancy.TierDay
		want float64
	}{
		{[]tenancy.TierDay{{Tier: "free", Day: yesterday, Uploads: 50}, {Tier: "free", Day: today, Uploads: 7}}, 0},
		{[]tenancy.TierDay{{Tier: "free", Day: yesterday, Uploads: 52}, {Tier: "free", Day: today, Uploads: 10}}, 5},
		{[]tenancy.TierDay{{Tier: "free", Day: yesterday, Uploads: 52}, {Tier: "free", Day: today, Uploads: 4}}, 5},
		{[]tenancy.TierDay{{Tier: "free", Day: today, Uploads: 6}}, 7},
		{[]tenancy.TierDay{{Tier: "free", Day: today, Uploads: 6}, {Tier: "free", Day: today.AddDate(0, 0, 1), Uploads: 1}}, 8},
	} {
		s.days = step.days
		require.NoError(t, n.Refresh(t.Context()))
		require.InDelta(t, step.want, value(t, r, "uploads_total", "free"), 0, "step %d", i)
	}
}

// TestScrapeAsksNothing: however often someone scrapes, the database is asked
// by the clock, and the last answer stays while it does not answer.
func TestScrapeAsksNothing(t *testing.T) {
	t.Parallel()
	s, r := &source{levels: []tenancy.TierLevel{{Tier: "free", Organizations: 3, Members: 40, Used: 5, Reserved: 2}}}, prometheus.NewRegistry()
	n := tiermetrics.New(s, r, at)
	require.NoError(t, n.Refresh(t.Context()))
	s.err = errors.New("away")
	require.ErrorIs(t, n.Refresh(t.Context()), s.err)
	for range 3 {
		require.InDelta(t, 40, value(t, r, "members", "free"), 0)
	}
	require.Equal(t, 2, s.asked)
	require.InDelta(t, 0, value(t, r, "scans_total", "free"), 0, "a counter is there before its first step")
}

// TestTiersAreAddedUp on the real functions: by tier and never by organization.
func TestTiersAreAddedUp(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	one, two, other := d.OrganizationOf(t, "free", 1<<20), d.OrganizationOf(t, "free", 1<<20), d.OrganizationOf(t, "basic", 1<<20)
	for _, org := range []tenancy.OrgID{one, one, two, other} {
		d.Member(t, org, tenancy.Teacher)
	}
	admin := d.Admin(t)
	for _, sql := range []string{
		"update storage_quotas set used_bytes = 10, reserved_bytes = 3",
		"insert into usage_days (organization_id, day, uploads, bytes_in, bytes_out, scans, renditions, rolled_at) select id, '2026-03-02', 1, 2, 3, 4, 5, now() from organizations",
		"insert into usage_days (organization_id, day, uploads, rolled_at) select id, '2026-01-01', 1000, now() from organizations",
	} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	r := prometheus.NewRegistry()
	n := tiermetrics.New(d, r, at)
	require.NoError(t, n.Refresh(t.Context()))
	_, err := admin.Exec(t.Context(), "update usage_days set uploads = 2 * uploads, bytes_in = 2 * bytes_in, bytes_out = 2 * bytes_out, scans = 2 * scans, renditions = 2 * renditions")
	require.NoError(t, err)
	require.NoError(t, n.Refresh(t.Context()))
	for name, want := range map[string][3]float64{
		"organizations": {2, 1, 0}, "members": {3, 1, 0}, "used_bytes": {20, 10, 0}, "reserved_bytes": {6, 3, 0},
		"uploads_total": {2, 1, 0}, "bytes_in_total": {4, 2, 0}, "bytes_out_total": {6, 3, 0}, "scans_total": {8, 4, 0}, "renditions_total": {10, 5, 0},
	} {
		for i, tier := range []string{"free", "basic", "enterprise"} {
			require.InDelta(t, want[i], value(t, r, name, tier), 0, "%s of %s", name, tier)
		}
	}
}
