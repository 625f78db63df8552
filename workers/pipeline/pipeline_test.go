package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pipelinetest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/jobs"
	"satchel/workflows/reconcile"
	"satchel/workflows/rescan"
	"satchel/workflows/upload"
)

// TestPipeline takes files through the whole worker and demands one end, with
// everything in agreement after it.
func TestPipeline(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	cases := map[string]struct {
		name    string
		content []byte
		status  files.Status
		reason  string
		preview string
	}{
		"a text":                      {"notes.txt", []byte("all is well"), files.Published, "", "ready"},
		"an image":                    {"photo.png", png, files.Published, "", "ready"},
		"a virus":                     {"notes.txt", virus, files.Quarantined, "infected:Test.Virus", ""},
		"an image without its pixels": {"photo.png", bytes.Replace(png, []byte("\x00\x00\x00\x01\x00\x00\x00\x01"), []byte("\x00\x00\x75\x30\x00\x00\x75\x30"), 1), files.Rejected, "too_many_pixels", ""},
		"a program":                   {"run.exe", []byte("MZ\x90\x00"), files.Rejected, "executable", ""},
		"a program by another name":   {"notes.txt", []byte("\x7fELF\x02\x01\x01\x00"), files.Rejected, "executable", ""},
		"an archive":                  {"a.zip", pipelinetest.Zip(t, map[string][]byte{"a.txt": []byte("fine"), "b.txt": []byte("too")}), files.Published, "", "none"},
		"an archive holding a virus":  {"a.zip", pipelinetest.Zip(t, map[string][]byte{"a.txt": []byte("fine"), "b.txt": virus}), files.Quarantined, "infected:Test.Virus", ""},
		"an archive with a program":   {"a.zip", pipelinetest.Zip(t, map[string][]byte{"a.txt": []byte("fine"), "notes.txt": program}), files.Rejected, "executable", ""},
		"a program and a virus":       {"a.zip", pipelinetest.Zip(t, map[string][]byte{"a.txt": program, "b.txt": virus}), files.Quarantined, "infected:Test.Virus", ""},
		"an archive with a script":    {"a.zip", pipelinetest.Zip(t, map[string][]byte{"homework.py": []byte("#!/usr/bin/env python3\nprint(1)\n")}), files.Published, "", "none"},
		"no archive at all":           {"a.zip", []byte("PK\x03\x04 and then nothing"), files.Rejected, "", ""},
		"more than the scanner takes": {"big.txt", make([]byte, 8<<20+1), files.Rejected, "", ""},
	}
	// The group ends when all of them have: one that is on its way agrees with nothing.
	t.Run("each", func(t *testing.T) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ticket := b.Receive(t, c.name, c.content)
				v, err := b.Ends(t, b.Process(t, ticket), ticket)
				require.NoError(t, err)
				require.Equal(t, c.status, v.Status, v.StatusReason)
				if c.reason != "" {
					require.Equal(t, c.reason, v.StatusReason)
				}
				require.Equal(t, c.preview, v.Preview)
				if v.Status == files.Published {
					require.Equal(t, c.content, read(t, b.Store.Clean, files.ContentKey(b.Org, ticket.Version)))
				}
			})
		}
	})
	b.RequireSettled(t)
}

func TestTooLargeForTheScannerIsNeverPublished(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	b := setup(t, func(o *pipelinetest.Options) { o.MaxBytes = limit })
	t.Run("sizes", func(t *testing.T) {
		for name, c := range map[string]struct {
			size   int
			status files.Status
		}{"below": {limit - 1, files.Published}, "at": {limit, files.Published}, "above": {limit + 1, files.Quarantined}, "far above": {limit * 20, files.Quarantined}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				text := make([]byte, c.size)
				for i := range text {
					text[i] = 'a'
				}
				ticket := b.Receive(t, "long.txt", text)
				v, err := b.Ends(t, b.Process(t, ticket), ticket)
				require.NoError(t, err)
				require.Equal(t, c.status, v.Status)
				if c.status == files.Quarantined {
					require.Equal(t, "unscannable:too_large", v.StatusReason)
				}
				require.Zero(t, v.ReservedBytes)
			})
		}
	})
	b.RequireSettled(t) // of all: one may still be on its way when another has ended
}

// TestBadScannerNeverPublishes runs through every reply that is no verdict.
func TestBadScannerNeverPublishes(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.Budget = 0 })
	for _, bad := range clamdtest.BadReplies() {
		t.Run(bad.Name, func(t *testing.T) {
			b.Clamd.Behave(bad)
			ticket := b.Receive(t, "notes.txt", []byte("cannot be scanned"))
			v, err := b.Ends(t, b.Process(t, ticket), ticket)
			require.NoError(t, err)
			require.Equal(t, files.Quarantined, v.Status)
			require.Regexp(t, "^unscannable:(scanner_unavailable|too_large)$", v.StatusReason)
			require.Empty(t, keys(t, b.Store.Clean), "nothing can be downloaded")
			b.RequireSettled(t)
		})
	}
}

func TestScannerThatComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Clamd.Behave(clamdtest.BadReplies()[0])
	ticket := b.Receive(t, "notes.txt", []byte("patience"))
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool { return b.Clamd.Scans() >= 2 }, patience, pause)
	b.Clamd.Behave(clamdtest.Scanning(nil))
	v, err := b.Ends(t, run, ticket)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	b.RequireSettled(t)
}

// TestCancellationInMidScan: the scan of a small file inside the workflow task, which is the first
// that the scanner sees, and the one of its own step behind it.
func TestCancellationInMidScan(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int64{"in the workflow task": 0, "in its own step": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			gate := make(chan struct{})
			t.Cleanup(func() { close(gate) })
			b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate})
			ticket := b.Receive(t, "notes.txt", []byte("not wanted any more"))
			run := b.Process(t, ticket)
			require.Eventually(t, func() bool { return b.Clamd.Scans() > before }, patience, pause)
			ctx := context.Background()
			b.Trash(t, ticket.File)
			require.NoError(t, upload.Cancel(ctx, b.Client, b.Org, ticket.Version))
			v, err := b.Ends(t, run, ticket)
			var cancelled *temporal.CanceledError
			if before > 0 {
				require.ErrorAs(t, err, &cancelled)
			}
			require.Equal(t, files.Deleted, v.Status)
			require.Zero(t, v.ReservedBytes)
			require.Empty(t, keys(t, b.Store.Staging))
			b.RequireSettled(t)
		})
	}
}

func TestPreviewsThatFailDoNotFailTheFile(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) {
		o.Render = func(context.Context, string, string) (preview.Pictures, error) {
			return preview.Pictures{}, errors.New("no renderer")
		}
	})
	b.Clamd.Behave(clamdtest.Scanning(nil))
	ticket := b.Receive(t, "photo.png", png)
	v, err := b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	require.Equal(t, "unavailable", v.Preview)
	b.RequireSettled(t)
}

func TestStoredBytesThatDifferAreNeverPublished(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ctx := context.Background()
	ticket := b.Receive(t, "notes.txt", []byte("one thing"))
	_, err := b.Single(b.Org).Exec(ctx, "update file_versions set sha256 = $2, claimed_sha256 = '' where id = $1", ticket.Version,
		"0000000000000000000000000000000000000000000000000000000000000000")
	require.NoError(t, err)
	v, err := b.Ends(t, b.Process(t, ticket), ticket)
	require.Error(t, err)
	require.Equal(t, files.Failed, v.Status)
	require.Equal(t, "stored_bytes_differ", v.StatusReason)
	b.RequireSettled(t)
}

func TestForeignVersionIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ticket := b.Receive(t, "notes.txt", []byte("of the first organization"))
	other := *b.Worker
	other.Org = b.Organization(t, room)
	run := other.Process(t, ticket)
	err := run.Get(context.Background(), nil)
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "file_not_found", failed.Type())
	require.True(t, failed.NonRetryable())
	v, err := files.GetVersion(context.Background(), b.Single(b.Org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Processing, v.Status, "the stranger touched nothing")
}

// TestSweepStartsWhatWasLost lets the start of a workflow get lost.
func TestSweepStartsWhatWasLost(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ticket := b.Receive(t, "notes.txt", []byte("not started"))
	require.Eventually(t, func() bool {
		v, err := files.GetVersion(context.Background(), b.Single(b.Org), ticket.Version)
		return err == nil && v.Status == files.Published
	}, patience, pause)
}

func TestRescanQuarantinesWhatIsKnownSince(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Clamd.Behave(clamdtest.Scanning(nil))
	bad := b.Receive(t, "old.txt", virus)
	good := b.Receive(t, "fine.txt", []byte("still fine"))
	for _, ticket := range []files.Created{bad, good} {
		v, err := b.Ends(t, b.Process(t, ticket), ticket)
		require.NoError(t, err)
		require.Equal(t, files.Published, v.Status)
	}
	b.Clamd.Behave(clamdtest.Scanning(map[string][]byte{"Test.Virus": virus}))
	ctx := context.Background()
	id := tenancy.NewID()
	require.NoError(t, rescan.Begin(ctx, b.DB, b.Client, b.User, b.Org, id))
	var result rescan.RescanStorageResult
	require.NoError(t, b.Client.GetWorkflow(ctx, rescan.WorkflowID(b.Org, id), "").Get(ctx, &result))
	require.EqualValues(t, 2, result.Scanned)
	require.EqualValues(t, 1, result.InfectedCount)
	v, err := files.GetVersion(ctx, b.Single(b.Org), bad.Version)
	require.NoError(t, err)
	require.Equal(t, files.Quarantined, v.Status)
	require.Equal(t, "infected:Test.Virus", v.StatusReason)
	op, err := operations.Get(ctx, b.Single(b.Org), id)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, op.State)
	require.Contains(t, string(op.Result), bad.Version.String())
	b.RequireSettled(t)
}

func TestReconcileFindsAndRepairs(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Receive(t, "lost.txt", []byte("its workflow is nowhere"))
	ctx := context.Background()
	stray := files.ContentKey(b.Org, tenancy.NewID())
	_, err := b.Store.Clean.Put(ctx, stray, nil, 0, "")
	require.NoError(t, err)
	id := tenancy.NewID()
	require.NoError(t, reconcile.Begin(ctx, b.DB, b.Client, b.User, reconcile.ReconcileStorageInput{Operation: id, Repair: true, Grace: 1}))
	var result reconcile.ReconcileStorageResult
	require.NoError(t, b.Client.GetWorkflow(ctx, reconcile.WorkflowID(id), "").Get(ctx, &result))
	require.EqualValues(t, 1, result.Counts["orphan_clean"])
	require.NotContains(t, keys(t, b.Store.Clean), stray)
	repairs, err := audit.List(ctx, b.Single(b.Org), audit.Filter{Action: "storage.repair", Limit: 10})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(repairs, func(l audit.Line) bool { return strings.Contains(string(l.Event), `"code":"orphan_clean"`) }), "%s", repairs)
	op, err := operations.Get(ctx, b.Single(tenancy.Platform), id)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, op.State)
}

// TestSecondWorkerFindsTheSchedules starts one more worker on the same
// namespace, as every deployment does.
func TestSecondWorkerFindsTheSchedules(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Start(t)
	wanted := []string{"apply-retention", "checkpoint-audit-logs", "clean-events", "clean-idempotency-keys", "clean-notifications", "pick-up-rosters", "prune-old-versions", "purge-trashed-files", "reconcile-storage", "retry-previews",
		"roll-up-usage", "sweep-people", "sweep-pictures"}
	var ids []string
	require.Eventually(t, func() bool {
		ids = nil
		list, err := b.Client.ScheduleClient().List(context.Background(), client.ScheduleListOptions{})
		for err == nil && list.HasNext() {
			var s *client.ScheduleListEntry
			if s, err = list.Next(); err == nil {
				ids = append(ids, s.ID)
			}
		}
		return err == nil && len(ids) >= len(wanted)
	}, patience, pause)
	require.ElementsMatch(t, wanted, ids)
	s, err := b.Client.ScheduleClient().GetHandle(context.Background(), "sweep-people").Describe(context.Background())
	require.NoError(t, err)
	require.Equal(t, time.Minute, s.Schedule.Policy.CatchupWindow, "Temporal's default is a year of sweeps")
	require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, s.Schedule.Policy.Overlap)

	control := jobs.Control{Client: b.Client, Namespace: b.Namespace()} // what the metrics of recurring jobs ask
	require.NoError(t, control.RunSchedule(t.Context(), "clean-idempotency-keys"))
	require.Eventually(t, func() bool {
		at, known, err := control.LastDone(t.Context(), "clean-idempotency-keys")
		return err == nil && known && time.Since(at) < patience
	}, patience, pause)
}
