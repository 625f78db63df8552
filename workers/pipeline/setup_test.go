// Package pipeline_test has the tests of the worker's processes together: a
// request's rows to their end on a real database, a real store and a real
// Temporal, and the steps that end a version with a crash in each window. The
// processes come from cmd/worker/wiring, as the program's do. No single package
// of activities or workflows can have these tests: each needs several of them,
// and the adapters above them.
package pipeline_test

import (
	"os"
	"testing"

	"satchel/internal/pipelinetest"
)

const (
	room     = pipelinetest.Room
	patience = pipelinetest.Patience
	pause    = pipelinetest.Pause
)

var (
	errCrash = pipelinetest.ErrCrash
	virus    = pipelinetest.Virus()
	png      = pipelinetest.PNG()
	program  = []byte("\x7fELF\x02\x01\x01\x00\x00\x00") // begins like one for Linux
	keys     = pipelinetest.Keys
	read     = pipelinetest.Read
)

// The benches with the helpers of this package.
type (
	worker     struct{ *pipelinetest.Worker }
	activities struct{ *pipelinetest.Activities }
)

func setup(t *testing.T, change func(*pipelinetest.Options)) *worker {
	t.Helper()
	return &worker{pipelinetest.NewWorker(t, change)}
}

func setupActivities(t *testing.T) *activities {
	t.Helper()
	return &activities{pipelinetest.NewActivities(t)}
}

func TestMain(m *testing.M) {
	code := m.Run()
	pipelinetest.StopTemporal()
	os.Exit(code)
}
