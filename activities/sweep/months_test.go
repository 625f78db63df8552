package sweep_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
)

// TestMonthsAreMade ahead of time, and what is in no month is said at each run.
func TestMonthsAreMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sweep(t, b.sweeper, "make-months") // the database may be of a month before
	require.Zero(t, b.sweep(t, b.sweeper, "make-months"))
	y, m, _ := time.Now().UTC().Date()
	last := time.Date(y, m+3, 1, 0, 0, 0, 0, time.UTC)
	_, err := b.Admin(t).Exec(t.Context(), fmt.Sprintf("drop table months.activity_events_%s", last.Format("2006_01")))
	require.NoError(t, err)
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.sweep(t, b.sweeper, "make-months"))

	b.exec(t, b.good, "insert into activity_events (organization_id, source, seq, at, verb) values (app.org(), 'event', 1, $1, 'upload')", last.AddDate(0, 1, 0))
	for range 2 {
		require.Equal(t, sweep.SweepResult{Found: 1, Failed: 1}, b.sweep(t, b.sweeper, "make-months"))
	}
}
