package extract_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	activities "satchel/activities/extract"
	"satchel/internal/replaytest"
	"satchel/tenancy"
	"satchel/workflows/extract"
)

func TestEnds(t *testing.T) {
	t.Parallel()
	in := extract.ExtractTextInput{Org: tenancy.OrgID(tenancy.NewID()), Version: tenancy.NewID()}
	require.Equal(t, "extract/"+in.Org.String()+"/"+in.Version.String(), extract.WorkflowID(in.Org, in.Version))
	for name, c := range map[string]struct {
		err   error
		steps []string
	}{
		"made":      {nil, []string{"ReadText on previews"}},
		"refused":   {temporal.NewNonRetryableApplicationError("gone", "file_not_found", nil), []string{"ReadText on previews", "GiveUpText on batch"}},
		"patience":  {temporal.NewApplicationError("down", "store_unavailable"), []string{"ReadText on previews", "ReadText on previews", "ReadText on previews", "GiveUpText on batch"}},
		"cancelled": {temporal.NewCanceledError(), []string{"ReadText on previews"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, started := replaytest.Steps(&activities.Activities{}, &activities.Pending{})
			env.OnActivity("ReadText", mock.Anything, activities.ReadTextInput(in)).Return(activities.ReadTextResult{State: "ready"}, c.err)
			env.OnActivity("GiveUpText", mock.Anything, activities.GiveUpTextInput(in)).Return(activities.GiveUpTextResult{}, nil)
			env.ExecuteWorkflow(extract.ExtractText, in)
			require.Equal(t, c.steps, *started)
			require.Equal(t, name == "cancelled", env.GetWorkflowError() != nil, env.GetWorkflowError())
		})
	}
}

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordTexts -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 1, "read", extract.ExtractText)
}
