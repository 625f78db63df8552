// Package replaytest runs recorded histories through the code of today: a
// workflow that an older build started must find the same way.
package replaytest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

// Histories replays every history of the package's testdata, of which there are
// at least so many; they says what they show.
func Histories(t *testing.T, least int, they string, workflows ...any) {
	t.Helper()
	histories, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(histories), least, they)
	for _, path := range histories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			for _, w := range workflows {
				replayer.RegisterWorkflow(w)
			}
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), path))
		})
	}
}
