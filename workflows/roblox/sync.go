// Package roblox is the processes that bring an organization's files to Roblox: the sync of
// a connection, the publication of a place, and the erasure of a person.
package roblox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/roblox"
	"satchel/internal/queue"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// By name; their receivers are never called here.
var (
	activities *roblox.Activities
	records    *roblox.Records
)

// What operations of these processes are called.
const (
	SyncKind  = "sync_roblox"
	PlaceKind = "publish_roblox_place"
)

// SyncRobloxInput names the connection and the operation. The rest is what a run hands to
// the next one.
type SyncRobloxInput struct {
	Org        tenancy.OrgID
	Connection uuid.UUID
	Operation  uuid.UUID
	Begun      time.Time `json:",omitzero"`
	Done       int64     `json:",omitempty"`
}

// SyncRobloxResult counts the assets by state.
type SyncRobloxResult struct {
	Assets map[connections.State]int64 `json:"assets"`
}

// SyncID names the workflow of a connection: it syncs once at a time.
func SyncID(org tenancy.OrgID, connection uuid.UUID) string {
	return "roblox/" + org.String() + "/" + connection.String()
}

// BeginSync makes the operation of a sync and starts its workflow. While another one runs,
// that is the answer. by is nil for one that is due by itself.
func BeginSync(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, connection, id uuid.UUID, by *uuid.UUID, priority operations.Priority) (uuid.UUID, error) {
	return operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: id, Kind: SyncKind, WorkflowID: SyncID(org, connection), CreatedBy: by, Priority: priority, Target: operations.Target{Type: "roblox_connection", ID: &connection}},
		Org:       org, Action: "roblox.sync", Swept: true,
		Change: func(tx *tenancy.Tx) error { return connections.BeginSync(ctx, tx, connection, id) },
		Start:  func(ctx context.Context, id uuid.UUID) error { return WakeSync(ctx, c, org, connection, id) },
	})
}

// WakeSync starts the workflow of a sync, or finds it.
func WakeSync(ctx context.Context, c client.Client, org tenancy.OrgID, connection, operation uuid.UUID) error {
	o := queue.Start(SyncID(org, connection), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "roblox")
	if err := queue.StartOrFind(ctx, c, o, SyncRoblox, SyncRobloxInput{Org: org, Connection: connection, Operation: operation}); err != nil {
		return fmt.Errorf("start SyncRoblox: %w", err)
	}
	return nil
}

const (
	// rounds bounds the history of one run.
	rounds = 200
	// longest bounds a sync: what is left then waits for the next one.
	longest = 24 * time.Hour
	// shortWait is a pause behind which more is to be seen; the map is written before longer ones.
	shortWait = 5 * time.Second
)

// SyncRoblox carries the files of a connection to Roblox: it plans, does steps until nothing
// is left within a day, and writes the map of what may be used.
func SyncRoblox(ctx workflow.Context, in SyncRobloxInput) (SyncRobloxResult, error) {
	s := &syncing{in: in, report: operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Default}}
	if s.in.Begun.IsZero() {
		s.in.Begun = workflow.Now(ctx)
	}
	stop, err := s.run(ctx, in.Begun.IsZero())
	if workflow.IsContinueAsNewError(err) {
		return SyncRobloxResult{}, err
	}
	if err == nil && stop == "" {
		stop, err = s.figures(ctx)
	}
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	var counted roblox.FinishSyncResult
	if endErr := workflow.ExecuteActivity(short(own, in.Org), records.FinishSync, roblox.FinishSyncInput{Org: in.Org, Connection: in.Connection}).Get(own, &counted); endErr != nil && err == nil {
		err = endErr
	}
	result := SyncRobloxResult{Assets: counted.Assets}
	if err == nil && stop != "" {
		return result, s.report.Unsuccessful(ctx, stop, s.steps, result)
	}
	return result, s.report.End(ctx, err, operation.Code(err, "roblox_sync_failed"), s.steps, result)
}

type syncing struct {
	in     SyncRobloxInput
	report operation.Report
	left   int64
	dirty  bool // something may be live since the map was written
}

// run gives the code for which the sync stopped.
func (s *syncing) run(ctx workflow.Context, first bool) (string, error) {
	if first {
		if stop, err := s.plan(ctx); err != nil || stop != "" {
			return stop, err
		}
	}
	s.dirty = true // files may be gone
	for range rounds {
		ended, stop, err := s.round(ctx)
		if err != nil || ended || stop != "" {
			return stop, err
		}
	}
	return "", workflow.NewContinueAsNewError(ctx, SyncRoblox, s.in)
}

func (s *syncing) plan(ctx workflow.Context) (string, error) {
	if err := s.report.Progress(ctx, s.steps(operations.Running), nil); err != nil {
		return "", err
	}
	var planned roblox.PlanSyncResult
	err := workflow.ExecuteActivity(asking(ctx), activities.PlanSync, roblox.PlanSyncInput{Org: s.in.Org, Connection: s.in.Connection}).Get(ctx, &planned)
	return planned.Stop, err
}

// round does what is due, and waits for what is due next.
func (s *syncing) round(ctx workflow.Context) (ended bool, stop string, err error) {
	var r roblox.AdvanceAssetsResult
	err = workflow.ExecuteActivity(asking(ctx), activities.AdvanceAssets, roblox.AdvanceAssetsInput{Org: s.in.Org, Connection: s.in.Connection}).Get(ctx, &r)
	if err != nil || r.Stop != "" {
		return false, r.Stop, err
	}
	s.in.Done, s.left, s.dirty = s.in.Done+int64(r.Done), r.Left, s.dirty || r.Done > 0
	late := workflow.Now(ctx).Sub(s.in.Begun) > longest
	if r.Left == 0 || late || r.Wait > shortWait {
		if stop, err := s.publish(ctx); err != nil || stop != "" {
			return false, stop, err
		}
	}
	switch {
	case r.Left == 0:
		return true, "", nil
	case late:
		return false, "roblox_sync_late", nil
	case r.Wait > 0:
		if err := s.report.Progress(ctx, s.steps(operations.Running), nil); err != nil {
			return false, "", err
		}
		return false, "", workflow.Sleep(ctx, max(r.Wait, time.Second))
	}
	return false, "", nil
}

// publish writes the map where something may have changed.
func (s *syncing) publish(ctx workflow.Context) (string, error) {
	if !s.dirty {
		return "", nil
	}
	var r roblox.PublishAssetMapResult
	err := workflow.ExecuteActivity(asking(ctx), activities.PublishAssetMap, roblox.PublishAssetMapInput{Org: s.in.Org, Connection: s.in.Connection}).Get(ctx, &r)
	s.dirty = err != nil
	return r.Stop, err
}

// figures reads what the experience says. Runs that began before this step was there have
// none.
func (s *syncing) figures(ctx workflow.Context) (string, error) {
	if workflow.GetVersion(ctx, "figures", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return "", nil
	}
	var r roblox.ReadFiguresResult
	err := workflow.ExecuteActivity(asking(ctx), activities.ReadFigures, roblox.ReadFiguresInput{Org: s.in.Org, Connection: s.in.Connection}).Get(ctx, &r)
	return r.Stop, err
}

// steps shows what was done and what is left.
func (s *syncing) steps(state operations.State) []operations.Step {
	return []operations.Step{{Name: "assets", State: state, Done: s.in.Done, Total: s.in.Done + s.left}}
}

func short(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return queue.Short.On(ctx, queue.Interactive, org.String(), queue.Default)
}

// asking gives Roblox a day of being away. What it says about the next try comes first.
func asking(ctx workflow.Context) workflow.Context {
	return queue.Long.Within(30*time.Minute, 24*time.Hour).Pauses(2*time.Second, 5*time.Minute).Inherits(ctx, queue.Roblox)
}
