package suspension_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"satchel/workflows/suspension"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./cmd/worker -run TestRecordOrganizations -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	histories, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(histories), 2, "suspended, resumed")
	for _, path := range histories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(suspension.SuspendOrganization)
			replayer.RegisterWorkflow(suspension.ResumeOrganization)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(quiet{}, path))
		})
	}
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
