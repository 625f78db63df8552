package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

func (b *bundle) count(t *testing.T, where string) (n int) {
	t.Helper()
	require.NoError(t, b.Once(b.org).QueryRow(context.Background(), "select count(*) from file_versions where "+where).Scan(&n))
	return n
}

// TestBacklogWaitsInLine lets an organization bring more than it may have in
// the pipeline. Nothing but what leaves lets the next one in.
func TestBacklogWaitsInLine(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.atOnce, o.unstarted = 2, time.Hour })
	gate := make(chan struct{})
	b.clamd.Behave(clamdtest.Behaviour{Honest: true, Gate: gate, Signatures: map[string][]byte{"Test.Virus": virus}})
	const backlog = 9
	for i := range backlog {
		content := fmt.Appendf(nil, "file %d", i)
		if i%3 == 0 {
			content = virus // leaves by another door
		}
		b.receive(t, "notes.txt", content)
		require.NoError(t, b.line.Advance(context.Background(), b.org))
	}
	require.Eventually(t, func() bool { return b.clamd.Scans() == 2 }, patience, pause)
	require.Equal(t, 2, b.count(t, "started_at is not null"))
	close(gate)
	require.Eventually(t, func() bool {
		require.LessOrEqual(t, b.count(t, "status = 'processing' and started_at is not null"), 2)
		return b.count(t, "status = 'processing'") == 0
	}, patience, pause)
	require.Equal(t, backlog/3, b.count(t, "status = 'quarantined'"))
	require.Equal(t, backlog-backlog/3, b.count(t, "status = 'published'"))
	b.requireSettled(t)
}

// TestLineThatStoodStillMoves: nobody told the line of these, and one was let in
// by a process that died before it started the workflow.
func TestLineThatStoodStillMoves(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.atOnce = 1 })
	b.receive(t, "notes.txt", []byte("let in and forgotten"))
	ctx := context.Background()
	require.NoError(t, b.InTx(ctx, b.org, func(tx *tenancy.Tx) error {
		_, err := files.Admit(ctx, tx, 1)
		return err
	}))
	b.receive(t, "notes.txt", []byte("behind it"))
	require.Eventually(t, func() bool { return b.count(t, "status = 'published'") == 2 }, 2*patience, pause)
	b.requireSettled(t)
}

// down is a Temporal that cannot be reached.
type down struct{ client.Client }

var errDown = errors.New("Temporal is away")

func (down) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, errDown
}

// TestWhatCannotStartStepsBack keeps no room for a version whose workflow could
// not be started, and the reconciler sees that its line stands still.
func TestWhatCannotStartStepsBack(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	first, second := a.receive(t, "notes.txt", []byte("one")), a.receive(t, "notes.txt", []byte("two"))
	line, err := upload.NewLine(a.DB, down{}, upload.LineConfig{AtOnce: 1})
	require.NoError(t, err)
	require.ErrorIs(t, line.Advance(ctx, a.org), errDown)
	require.Zero(t, a.count(t, "started_at is not null"))

	require.NoError(t, a.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		admitted, err := files.Admit(ctx, tx, 1)
		require.Equal(t, first.Version, admitted[0].ID)
		return err
	}))
	lines, err := a.OrganizationsWaiting(ctx, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []tenancy.Ref{{Org: a.org.UUID()}}, lines, "the second waits")
	_, err = a.env.ExecuteActivity(a.sweeper(t).StartWaitingUploads, sweep.StartWaitingUploadsInput{Org: tenancy.Platform})
	require.NoError(t, err)
	require.Contains(t, a.nowhere.started, first.Version)
	require.NotContains(t, a.nowhere.started, second.Version)
	require.Equal(t, 1, a.nowhere.advanced)
}

// TestEveryEndMovesTheLine: whichever way a version ends, the next may go in.
func TestEveryEndMovesTheLine(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*activities, files.Ticket) error{
		"publish":    func(a *activities, f files.Ticket) error { _, err := a.publish(f.Version); return err },
		"quarantine": func(a *activities, f files.Ticket) error { _, err := a.quarantine(f.Version); return err },
		"withdraw": func(a *activities, f files.Ticket) error {
			_, err := a.withdraw(f.Version, files.Rejected)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setupActivities(t)
			require.NoError(t, end(a, a.scanned(t)))
			require.Equal(t, 1, a.nowhere.advanced)
		})
	}
}

func TestLineNeedsRoom(t *testing.T) {
	t.Parallel()
	_, err := upload.NewLine(nil, nil, upload.LineConfig{})
	require.ErrorContains(t, err, "SATCHEL_FILES_AT_ONCE")
}
