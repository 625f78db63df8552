package analytics_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/analytics"
)

// TestTimesOverDaylightSaving: half past two does not exist on the last Sunday of March in
// Berlin, and comes twice on that of October.
func TestTimesOverDaylightSaving(t *testing.T) {
	t.Parallel()
	berlin := analytics.Zone("Europe/Berlin")
	daily := analytics.Timing{Every: analytics.Day, Weekday: 1, Minute: 2*60 + 30}
	for _, c := range []struct{ now, want string }{
		{"2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"}, // 03:30, since 02:30 is not there
		{"2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"}, // one of the two
		{"2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}, // and not the other one
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		require.NoError(t, err)
		require.Equal(t, c.want, daily.Next(now, berlin).UTC().Format(time.RFC3339), c.now)
	}
	// The days that a report is about have 23 and 25 hours.
	for day, hours := range map[string]float64{"2026-03-29": 23, "2026-10-25": 25, "2026-06-01": 24} {
		d, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		since, until := analytics.Period{From: d, To: d}.Bounds(berlin)
		require.InDelta(t, hours, until.Sub(since).Hours(), 0, day)
	}
}

func TestLastPeriods(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 1, 3, 0, 0, 0, time.UTC) // still New Year's Eve in New York
	show := func(every analytics.Every, zone string) string {
		p := analytics.Timing{Every: every}.Last(now, analytics.Zone(zone))
		return p.From.Format(time.DateOnly) + " " + p.To.Format(time.DateOnly)
	}
	require.Equal(t, "2026-12-31 2026-12-31", show(analytics.Day, "UTC"))
	require.Equal(t, "2026-12-30 2026-12-30", show(analytics.Day, "America/New_York"))
	require.Equal(t, "2026-12-21 2026-12-27", show(analytics.Week, "UTC"))
	require.Equal(t, "2026-12-01 2026-12-31", show(analytics.Month, "UTC"))
	require.Equal(t, "2026-11-01 2026-11-30", show(analytics.Month, "America/New_York"))
}

// TestTimesGoOn: one follows the other by a day, a week or a month of the calendar, at the
// hour that was asked for, in any time zone.
func TestTimesGoOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		zone := analytics.Zone(rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "nowhere"}).Draw(r, "zone"))
		timing := analytics.Timing{Every: rapid.SampledFrom([]analytics.Every{analytics.Day, analytics.Week, analytics.Month}).Draw(r, "every"),
			Weekday: rapid.IntRange(1, 7).Draw(r, "weekday"), Minute: rapid.IntRange(0, 1439).Draw(r, "minute")}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(r, "now"), 0)
		first := timing.Next(now, zone)
		second := timing.Next(first, zone)
		require.True(r, first.After(now))
		apart := analytics.Period{From: analytics.Date(first, zone), To: analytics.Date(second, zone)}.Days() - 1
		switch timing.Every {
		case analytics.Day:
			require.Equal(r, 1, apart)
		case analytics.Week:
			require.Equal(r, 7, apart)
		default:
			require.Equal(r, 1, second.In(zone).Day())
		}
		local := first.In(zone)
		off := local.Hour()*60 + local.Minute() - timing.Minute
		require.Contains(r, []int{0, 60, 30}, off, "only an hour that does not exist is another one")
		last := timing.Last(first, zone)
		require.True(r, last.To.Before(analytics.Date(first, zone)), "what it is about is over")
	})
}
