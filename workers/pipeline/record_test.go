package pipeline_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"satchel/internal/clamd/clamdtest"
	"satchel/workflows/upload"
)

var record = flag.Bool("record", false, "record the histories that workflows/upload replays")

// TestRecordHistories writes what the real server kept of each way through
// UploadFile. Old recordings stay for as long as such runs may be alive: record
// beside them, under a new folder, when the workflow changes.
func TestRecordHistories(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	for name, c := range map[string]struct {
		file    string
		content []byte
	}{"published": {"photo.png", png}, "infected": {"notes.txt", virus}, "rejected": {"run.exe", []byte("MZ\x90\x00")}} {
		ticket := b.Receive(t, c.file, c.content)
		run := b.Process(t, ticket)
		_, err := b.Ends(t, run, ticket)
		require.NoError(t, err)
		b.keep(t, run, name)
	}
	b.recordRetried(t)
	b.recordCancelled(t)
}

// TestRecordSmallHistories writes what is kept of small files, which one step takes to their
// end. Those of TestRecordHistories are of builds in which every file had steps of its own.
func TestRecordSmallHistories(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	for name, c := range map[string]struct {
		file    string
		content []byte
	}{"small": {"empty.txt", nil}, "small-previews": {"notes.txt", []byte("all is well")}, "small-infected": {"notes.txt", virus}} {
		ticket := b.Receive(t, c.file, c.content)
		run := b.Process(t, ticket)
		_, err := b.Ends(t, run, ticket)
		require.NoError(t, err)
		b.keep(t, run, name)
	}
}

func (b *worker) recordRetried(t *testing.T) {
	b.Clamd.Behave(clamdtest.BadReplies()[0])
	before := b.Clamd.Scans()
	ticket := b.Receive(t, "notes.txt", []byte("once more"))
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool { return b.Clamd.Scans() > before+1 }, patience, pause)
	b.Clamd.Behave(clamdtest.Scanning(nil))
	_, err := b.Ends(t, run, ticket)
	require.NoError(t, err)
	b.keep(t, run, "retried")
}

func (b *worker) recordCancelled(t *testing.T) {
	gate := make(chan struct{})
	defer close(gate)
	b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate})
	before := b.Clamd.Scans()
	ticket := b.Receive(t, "notes.txt", []byte("not any more"))
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool { return b.Clamd.Scans() > before }, patience, pause)
	ctx := context.Background()
	b.Trash(t, ticket.File)
	require.NoError(t, upload.Cancel(ctx, b.Client, b.Org, ticket.Version))
	_, err := b.Ends(t, run, ticket)
	require.Error(t, err)
	b.keep(t, run, "cancelled")
}

func (b *worker) keep(t *testing.T, run client.WorkflowRun, name string) {
	t.Helper()
	b.keepOf(t, run, "upload", name)
}

// keepOf writes a run's history where the process replays it.
func (b *worker) keepOf(t *testing.T, run client.WorkflowRun, process, name string) {
	t.Helper()
	var history historypb.History
	events := b.Client.GetWorkflowHistory(context.Background(), run.GetID(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, event)
	}
	encoded, err := protojson.MarshalOptions{Multiline: true, Indent: " "}.Marshal(&history)
	require.NoError(t, err)
	path := filepath.Join("..", "..", "workflows", process, "testdata", name+".json")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, append(encoded, '\n'), 0o644))
}
