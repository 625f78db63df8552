package pipeline_test

import (
	"bytes"
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"satchel/activities/pii"
	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/personal"
	"satchel/tenancy"
	inspecting "satchel/workflows/pii"
	"satchel/workflows/upload"
)

// planted are values that no history may hold, each of another kind.
const planted = "Ann Okonkwo-Vasquez, SSN 536-22-1876, ann.vasquez@familie-vasquez.de, 17 Willow Creek Lane, Springfield, IL 62704, born 03/14/2013"

func (b *worker) personalPolicy(t *testing.T, policy string) {
	t.Helper()
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		p := tenancy.DefaultPolicies()
		p.PersonalData = policy
		return tenancy.SetPolicies(t.Context(), tx, p)
	}))
}

// randomIDs hold any four digits now and then.
var randomIDs = regexp.MustCompile(`[0-9a-f-]{16,}`)

// requireNothingPlanted reads a whole history.
func (b *worker) requireNothingPlanted(t *testing.T, workflowID string) {
	t.Helper()
	events := b.Client.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	n := 0
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		raw, err := event.Marshal()
		require.NoError(t, err)
		raw = randomIDs.ReplaceAll(raw, nil)
		for _, value := range []string{"Okonkwo", "536-22", "1876", "vasquez", "Willow", "62704", "03/14"} {
			require.False(t, bytes.Contains(bytes.ToLower(raw), bytes.ToLower([]byte(value))), "%s in %s", value, event.GetEventType())
		}
		n++
	}
	require.NotZero(t, n)
}

// TestPersonalDataIsLabelled: the sweep finds a published file; the publication did not wait.
func TestPersonalDataIsLabelled(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) {
		o.Expect = func(context.Context, string) { t.Error("no file is waited for") }
	})
	ticket := b.published(t, planted)
	b.Sweep(t, "start-due-inspections")
	var result pii.InspectPersonalDataResult
	id := inspecting.WorkflowID(b.Org, ticket.Version)
	require.NoError(t, b.Client.GetWorkflow(t.Context(), id, "").Get(t.Context(), &result))
	require.Equal(t, personal.Found, result.State)
	require.GreaterOrEqual(t, result.Findings, 4)
	b.requireNothingPlanted(t, id)
	b.requireNothingPlanted(t, upload.WorkflowID(b.Org, ticket.Version))
	b.RequireSettled(t)
}

// TestPersonalDataIsHeld: nothing is published before an officer released it, and a released
// file is found by the sweep when the process that released it died. What reads a file is told
// of it when its scan begins.
func TestPersonalDataIsHeld(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	b := setup(t, func(o *pipelinetest.Options) {
		o.Expect = func(_ context.Context, mediaType string) { told <- mediaType }
	})
	b.personalPolicy(t, tenancy.PersonalDataHold)
	b.published(t, "The frogs of the pond")
	require.Equal(t, "text/plain", <-told)
	ticket := b.Receive(t, "essay.txt", []byte(planted))
	var held upload.UploadFileResult
	require.NoError(t, b.Process(t, ticket).Get(t.Context(), &held))
	require.Equal(t, upload.UploadFileResult{Status: files.Held, Reason: pii.ReasonFound}, held)
	b.requireNothingPlanted(t, upload.WorkflowID(b.Org, ticket.Version))
	v, err := files.GetVersion(t.Context(), b.Single(b.Org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Held, v.Status)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		waited, err := personal.Decide(t.Context(), tx, ticket.Version, personal.Released, nil)
		require.True(t, waited)
		require.NoError(t, err)
		return files.Release(t.Context(), tx, ticket.Version)
	}))
	b.Sweep(t, "start-released-files")
	var result upload.UploadFileResult
	require.NoError(t, b.Client.GetWorkflow(t.Context(), upload.ReleaseID(b.Org, ticket.Version), "").Get(t.Context(), &result))
	require.Equal(t, files.Published, result.Status)
	b.RequireSettled(t)
}

// TestRecordPersonalData writes what the real server kept of inspections and of a release.
func TestRecordPersonalData(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	ticket := b.published(t, planted)
	b.Sweep(t, "start-due-inspections")
	inspected := b.Client.GetWorkflow(t.Context(), inspecting.WorkflowID(b.Org, ticket.Version), "")
	require.NoError(t, inspected.Get(t.Context(), nil))
	b.keepOf(t, inspected, "pii", "inspected")
}
