package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	enumspb "go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/proto"

	"satchel/files"
	"satchel/internal/payloads"
	"satchel/internal/pipelinetest"
	"satchel/internal/tracing"
	"satchel/workflows/upload"
)

// TestTraceOfAFile: the request that brings a file, its workflow, the activities and the
// statements beneath them are one trace of ids. Temporal's history has the id of the trace in
// its headers and nothing else that is readable, and what is traced ends as it does otherwise.
func TestTraceOfAFile(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	traces, err := tracing.To(t.Context(), kept, "test", func(e trace.SpanExporter) trace.TracerProviderOption { return trace.WithSyncer(e) })
	require.NoError(t, err)
	b := setup(t, func(o *pipelinetest.Options) { o.Traces = traces })
	const name = "Ada Lovelace.txt"
	ticket := b.Receive(t, name, pipelinetest.Virus()) // with activities of its own
	ctx, request := traces.Tracer("test").Start(t.Context(), "request")
	require.NoError(t, upload.Start(ctx, b.Client, upload.UploadFileInput{Org: b.Org, File: ticket.File, Version: ticket.Version}))
	request.End()
	run := b.Client.GetWorkflow(t.Context(), upload.WorkflowID(b.Org, ticket.Version), "")
	v, err := b.Ends(t, run, ticket)
	require.NoError(t, err)
	require.Equal(t, files.Quarantined, v.Status, v.StatusReason)

	id, names := request.SpanContext().TraceID(), map[string]int{}
	for _, s := range kept.GetSpans() {
		if s.SpanContext.TraceID() == id {
			names[s.Name]++
		}
	}
	for _, want := range []string{"StartWorkflow:UploadFile", "RunActivity:InspectObject", "RunActivity:ScanObject", "RunActivity:QuarantineVersion", "VersionWithdraw"} {
		require.Positive(t, names[want], "%s is not among %v", want, names)
	}
	require.NotContains(t, fmt.Sprintf("%+v", kept.GetSpans()), name)

	headers := 0
	events := b.Client.GetWorkflowHistory(t.Context(), run.GetID(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		text, err := proto.Marshal(e)
		require.NoError(t, err)
		require.NotContains(t, string(text), name)
		fields := e.GetWorkflowExecutionStartedEventAttributes().GetHeader().GetFields()
		for _, i := range e.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads() {
			_, encrypted := payloads.OrganizationOf(i)
			require.True(t, encrypted, "the input stays encrypted beside the header")
		}
		if scheduled := e.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			fields = scheduled.GetHeader().GetFields()
		}
		for field, value := range fields {
			var said map[string]string
			require.NoError(t, json.Unmarshal(value.GetData(), &said), field)
			require.Len(t, said, 1, field)
			require.True(t, strings.HasPrefix(said["traceparent"], "00-"+id.String()), "%s: %v", field, said)
			headers++
		}
	}
	require.Greater(t, headers, 2)
	b.RequireSettled(t)
}
