package pii_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	activities "satchel/activities/pii"
	"satchel/internal/replaytest"
	"satchel/tenancy"
	"satchel/workflows/pii"
)

func TestEnds(t *testing.T) {
	t.Parallel()
	in := pii.InspectFileInput{Org: tenancy.OrgID(tenancy.NewID()), Version: tenancy.NewID()}
	require.Equal(t, "pii/"+in.Org.String()+"/"+in.Version.String(), pii.WorkflowID(in.Org, in.Version))
	for name, c := range map[string]struct {
		err   error
		steps []string
	}{
		"made":      {nil, []string{"InspectPersonalData on files"}},
		"refused":   {temporal.NewNonRetryableApplicationError("gone", "file_not_found", nil), []string{"InspectPersonalData on files", "GiveUpPersonalData on batch"}},
		"patience":  {temporal.NewApplicationError("down", "store_unavailable"), []string{"InspectPersonalData on files", "InspectPersonalData on files", "InspectPersonalData on files", "GiveUpPersonalData on batch"}},
		"cancelled": {temporal.NewCanceledError(), []string{"InspectPersonalData on files"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, started := replaytest.Steps(&activities.Activities{}, &activities.Pending{})
			env.OnActivity("InspectPersonalData", mock.Anything, activities.InspectPersonalDataInput(in)).Return(activities.InspectPersonalDataResult{State: "none"}, c.err)
			env.OnActivity("GiveUpPersonalData", mock.Anything, activities.GiveUpPersonalDataInput(in)).Return(activities.GiveUpPersonalDataResult{}, nil)
			env.ExecuteWorkflow(pii.InspectFile, in)
			require.Equal(t, c.steps, *started)
			require.Equal(t, name == "cancelled", env.GetWorkflowError() != nil, env.GetWorkflowError())
		})
	}
}

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordPersonalData -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 1, "inspected", pii.InspectFile)
}
