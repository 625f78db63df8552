package finalize

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/files"
)

// patience is how long people may wait for the outcome of an accepted file, in seconds: the
// objective of docs/operating.md. It has to be a bound of the histogram.
const patience = 300

// Measure makes the activities export how long files take from their acceptance to their
// outcome. It is no method: Temporal takes each of those for an activity.
func Measure(a *Activities, r prometheus.Registerer) *Activities {
	a.settled = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "satchel_file_settle_seconds", Help: "From the acceptance of a file to its outcome, with its time in the queue of its organization, by outcome.",
		Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, patience, 900, 3600},
	}, []string{"outcome"})
	for _, s := range []files.Status{files.Published, files.Quarantined, files.Rejected, files.Failed} { // there from the start, so that the first is seen as a growth
		a.settled.WithLabelValues(string(s))
	}
	r.MustRegister(a.settled)
	return a
}

// settle notes that a version has got its outcome. One whose worker died between the commit
// and this is not counted.
func (a *Activities) settle(v files.Version, outcome files.Status) {
	if a.settled != nil && v.ReceivedAt != nil {
		a.settled.WithLabelValues(string(outcome)).Observe(max(0, time.Since(*v.ReceivedAt).Seconds()))
	}
}
