package notifications

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDecisions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 21, 30, 0, 0, time.UTC) // a Wednesday
	from, until := 20*60, 7*60
	wants := Wishes{Member: true, Reachable: true, DigestHour: 7}
	with := func(change func(*Wishes)) Wishes {
		w := wants
		change(&w)
		return w
	}
	quiet := with(func(w *Wishes) { w.QuietFrom, w.QuietUntil, w.Zone = &from, &until, "Europe/Berlin" })
	for name, c := range map[string]struct {
		kind string
		w    Wishes
		want Decision
	}{
		"at once":                 {"share.received", wants, Decision{Mail: "share.received", At: now}},
		"of an unknown kind":      {"some.thing", wants, Decision{Mail: "some.thing", At: now}},
		"no address":              {"share.received", with(func(w *Wishes) { w.Reachable = false }), Decision{Code: CodeNoAddress}},
		"who left":                {"share.received", with(func(w *Wishes) { w.Member = false }), Decision{Code: CodeNotMember}},
		"unwanted":                {"share.received", with(func(w *Wishes) { w.Mail, w.Inbox = Never, Never }), Decision{Hidden: true, Code: CodeUnwanted}},
		"required":                {"space.breakglass", with(func(w *Wishes) { w.Mail, w.Inbox = Never, Never }), Decision{Mail: "space.breakglass", At: now}},
		"required in quiet hours": {"key.all_spaces", quiet, Decision{Mail: "key.all_spaces", At: now}},
		"daily":                   {"share.received", with(func(w *Wishes) { w.Mail = EachDay }), Decision{Mail: Daily, At: time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC)}},
		"weekly":                  {"share.received", with(func(w *Wishes) { w.Mail = EachWeek }), Decision{Mail: Weekly, At: time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC)}},
		"quiet hours":             {"share.received", quiet, Decision{Mail: "share.received", At: time.Date(2026, 11, 26, 6, 0, 0, 0, time.UTC)}},
	} {
		got := Decide(c.kind, c.w, now)
		require.True(t, c.want.At.Equal(got.At), "%s: %s", name, got.At)
		got.At, c.want.At = time.Time{}, time.Time{}
		require.Equal(t, c.want, got, name)
	}
}

// TestDigestsOverDaylightSaving: an hour that does not exist is the one after it, and
// one that comes twice is used once.
func TestDigestsOverDaylightSaving(t *testing.T) {
	t.Parallel()
	w := Wishes{Member: true, Reachable: true, Mail: EachDay, Zone: "Europe/Berlin", DigestHour: 2}
	spring := Decide("share.received", w, time.Date(2027, 3, 27, 12, 0, 0, 0, time.UTC)).At
	require.Equal(t, "2027-03-28T01:00:00Z", spring.UTC().Format(time.RFC3339))
	autumn := Decide("share.received", w, time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)).At
	after := Decide("share.received", w, autumn).At
	require.Greater(t, after.Sub(autumn), 23*time.Hour)
}

// TestMailsAreNeverInQuietHours of any zone, nor before the moment, nor late.
func TestMailsAreNeverInQuietHours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		from, until := rapid.IntRange(0, 1439).Draw(r, "from"), rapid.IntRange(0, 1439).Draw(r, "until")
		w := Wishes{Member: true, Reachable: true, QuietFrom: &from, QuietUntil: &until, DigestHour: rapid.IntRange(0, 23).Draw(r, "hour"),
			Zone: rapid.SampledFrom([]string{"", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "nowhere"}).Draw(r, "zone"),
			Mail: rapid.SampledFrom([]Cadence{"", Now, EachDay, EachWeek}).Draw(r, "cadence")}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(r, "now"), 0)
		d := Decide("share.received", w, now)
		require.False(r, d.At.Before(now))
		require.LessOrEqual(r, d.At.Sub(now), 8*24*time.Hour)
		if d.Mail == "share.received" && !d.At.Equal(now) {
			local := d.At.In(zone(w.Zone))
			require.LessOrEqual(r, d.At.Sub(now), 26*time.Hour)
			minute := local.Hour()*60 + local.Minute()
			require.True(r, minute == until || minute == until+60, "%s is the end of the quiet hours, or the hour after one that does not exist", local)
		}
	})
}
