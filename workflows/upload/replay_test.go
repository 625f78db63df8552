package upload_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"satchel/workflows/upload"
)

// TestReplay runs recorded histories through the code of today: a workflow that
// was started by an older build must find the same way. Record with
// go test ./cmd/worker -run TestRecordHistories -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	histories, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(histories), 5, "published, infected, rejected, retried, cancelled")
	for _, path := range histories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(upload.UploadFile)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(quiet{}, path))
		})
	}
}
