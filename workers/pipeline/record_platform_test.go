package pipeline_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/workflows/checkpoint"
	"satchel/workflows/reconcile"
	"satchel/workflows/rescan"
	"satchel/workflows/sweep"
)

// TestRecordPlatform writes what the real server kept of the processes that belong to
// the platform, and of the re-scan.
func TestRecordPlatform(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, nil)
	b.recordRescans(t)
	b.recordSweeps(t)
	b.recordReconciles(t)
	b.recordCheckpoints(t)
}

func (b *worker) published(t *testing.T, content string) files.Created {
	t.Helper()
	ticket := b.Receive(t, "notes.txt", []byte(content))
	_, err := b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	return ticket
}

func (b *worker) recordRescans(t *testing.T) {
	b.published(t, "nothing in it")
	bad := []byte("found a week later")
	b.published(t, string(bad))
	for _, name := range []string{"clean", "infected"} {
		if name == "infected" {
			b.Clamd.Behave(clamdtest.Scanning(map[string][]byte{"Test.Virus": bad}))
		}
		id := tenancy.NewID()
		require.NoError(t, rescan.Begin(context.Background(), b.DB, b.Client, b.User, b.Org, id))
		run := b.Client.GetWorkflow(context.Background(), rescan.WorkflowID(b.Org, id), "")
		require.NoError(t, run.Get(context.Background(), nil))
		b.keepOf(t, run, "rescan", name)
	}
	b.Clamd.Behave(clamdtest.Scanning(nil))
}

// runOf runs a workflow of the platform under an id of its own and keeps its history.
func (b *worker) runOf(t *testing.T, process, name string, workflow, in any) error {
	t.Helper()
	o := queue.Start("record/"+process+"/"+name, queue.Batch, tenancy.Platform.String(), queue.For(tenancy.Platform.String(), queue.Default), process)
	run, err := b.Client.ExecuteWorkflow(context.Background(), o, workflow, in)
	require.NoError(t, err)
	err = run.Get(context.Background(), nil)
	b.keepOf(t, run, process, name)
	return err
}

func (b *worker) recordSweeps(t *testing.T) {
	ticket := b.published(t, "not needed any more")
	b.Trash(t, ticket.File)
	require.NoError(t, b.runOf(t, "sweep", "trash", sweep.PurgeTrashedFiles, sweep.PurgeTrashedFilesInput{Org: tenancy.Platform}))
	require.NoError(t, b.runOf(t, "sweep", "idempotency-keys", sweep.CleanIdempotencyKeys, sweep.CleanIdempotencyKeysInput{Org: tenancy.Platform}))
	require.NoError(t, b.runOf(t, "sweep", "people", sweep.SweepPeople, sweep.SweepPeopleInput{Org: tenancy.Platform}))
}

func (b *worker) recordReconciles(t *testing.T) {
	id := tenancy.NewID()
	require.NoError(t, reconcile.Begin(context.Background(), b.DB, b.Client, b.User, reconcile.ReconcileStorageInput{Operation: id, Deep: true}))
	run := b.Client.GetWorkflow(context.Background(), reconcile.WorkflowID(id), "")
	require.NoError(t, run.Get(context.Background(), nil))
	b.keepOf(t, run, "reconcile", "asked-for")
	require.NoError(t, b.runOf(t, "reconcile", "due", reconcile.ReconcileStorage, reconcile.Schedules()[0].Input))
}

func (b *worker) recordCheckpoints(t *testing.T) {
	require.NoError(t, b.runOf(t, "checkpoint", "signed", checkpoint.CheckpointAuditLogs, checkpoint.CheckpointAuditLogsInput{Org: tenancy.Platform}))
	// A log that cannot be read fails its organization, and the run at its end.
	_, err := b.Admin(t).Exec(context.Background(), "revoke select on audit_heads from satchel_app")
	require.NoError(t, err)
	require.Error(t, b.runOf(t, "checkpoint", "failed", checkpoint.CheckpointAuditLogs, checkpoint.CheckpointAuditLogsInput{Org: tenancy.Platform}))
}
