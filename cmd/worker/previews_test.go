package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
	making "satchel/workflows/preview"
	"satchel/workflows/upload"
)

// gated makes a worker whose previews wait for the gate.
func gated(t *testing.T, silent time.Duration) (b *bundle, gate chan struct{}) {
	t.Helper()
	gate = make(chan struct{})
	b = setup(t, func(o *options) {
		o.silent = silent
		o.render = func(ctx context.Context, path, dir string) (preview.Pictures, error) {
			select {
			case <-gate:
				return onePicture(ctx, path, dir)
			case <-ctx.Done():
				return preview.Pictures{}, ctx.Err()
			}
		}
	})
	return b, gate
}

// publishedEarly waits until the version is published before its previews.
func (b *bundle) publishedEarly(t *testing.T) files.Created {
	t.Helper()
	ticket := b.receive(t, "essay.pdf", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"))
	b.start(t, ticket)
	require.Eventually(t, func() bool {
		v, err := files.GetVersion(t.Context(), b.Single(b.org), ticket.Version)
		return err == nil && v.Status == files.Published
	}, patience, pause)
	v, err := files.GetVersion(t.Context(), b.Single(b.org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, "pending", v.Preview)
	return ticket
}

// TestPreviewsComeLater: the file is published before them, and they are added.
func TestPreviewsComeLater(t *testing.T) {
	t.Parallel()
	b, gate := gated(t, time.Hour)
	ticket := b.publishedEarly(t)
	close(gate)
	v, err := b.ends(t, b.client.GetWorkflow(t.Context(), upload.WorkflowID(b.org, ticket.Version), ""), ticket)
	require.NoError(t, err)
	require.Equal(t, "ready", v.Preview)
	b.requireSettled(t)
}

// TestLostPreviewsAreMade: the workflow of the upload ends behind the publication, and the
// sweep starts another one.
func TestLostPreviewsAreMade(t *testing.T) {
	t.Parallel()
	b, gate := gated(t, 0)
	ticket := b.publishedEarly(t)
	require.NoError(t, upload.Cancel(t.Context(), b.client, b.org, ticket.Version))
	v, err := b.ends(t, b.client.GetWorkflow(t.Context(), upload.WorkflowID(b.org, ticket.Version), ""), ticket)
	require.NoError(t, err)
	require.Equal(t, "pending", v.Preview)
	close(gate)
	o := queue.Start("sweep-previews-now", queue.Batch, tenancy.Platform.String(), queue.For(tenancy.Platform.String(), queue.Default), "sweep")
	run, err := b.client.ExecuteWorkflow(t.Context(), o, making.SweepPreviews, making.SweepPreviewsInput{Org: tenancy.Platform})
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))
	v, err = b.ends(t, b.client.GetWorkflow(t.Context(), making.WorkflowID(b.org, ticket.Version), ""), ticket)
	require.NoError(t, err)
	require.Equal(t, "ready", v.Preview)
	b.requireSettled(t)
}

// TestRecordPreviews writes what the real server kept of a file that is published before
// its previews, of previews that are made afterwards, and of the sweep.
func TestRecordPreviews(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b, gate := gated(t, 0)
	lost, late := b.publishedEarly(t), b.publishedEarly(t)
	require.NoError(t, upload.Cancel(t.Context(), b.client, b.org, lost.Version))
	ended := b.client.GetWorkflow(t.Context(), upload.WorkflowID(b.org, lost.Version), "")
	_, err := b.ends(t, ended, lost)
	require.NoError(t, err)
	b.keep(t, ended, "cancelled_after_publication")
	close(gate)
	run := b.client.GetWorkflow(t.Context(), upload.WorkflowID(b.org, late.Version), "")
	_, err = b.ends(t, run, late)
	require.NoError(t, err)
	b.keep(t, run, "published_before_previews")
	require.NoError(t, b.runOf(t, "preview", "swept", making.SweepPreviews, making.SweepPreviewsInput{Org: tenancy.Platform}))
	made := b.client.GetWorkflow(t.Context(), making.WorkflowID(b.org, lost.Version), "")
	require.NoError(t, made.Get(t.Context(), nil))
	b.keepOf(t, made, "preview", "made")
}
