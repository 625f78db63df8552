package roblox

import (
	"context"
	"errors"
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

// PublishRobloxPlaceInput names the publication, whose operation has the same id.
type PublishRobloxPlaceInput struct {
	Org         tenancy.OrgID
	Publication uuid.UUID
}

// PublishRobloxPlaceResult says what became of it.
type PublishRobloxPlaceResult struct {
	State  string `json:"state"`
	Number int64  `json:"version_number"`
}

// PlaceID names the workflow of a publication.
func PlaceID(org tenancy.OrgID, publication uuid.UUID) string {
	return "roblox-place/" + org.String() + "/" + publication.String()
}

// BeginPlace makes the rows of a publication and starts its workflow.
func BeginPlace(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, p connections.Publication, priority operations.Priority) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: p.ID, Kind: PlaceKind, WorkflowID: PlaceID(org, p.ID), CreatedBy: &p.By, Priority: priority, Target: operations.Target{Type: "roblox_connection", ID: &p.Connection}},
		Org:       org, Action: "roblox.publish_place", Swept: true,
		Change: func(tx *tenancy.Tx) error { return connections.AskForPlace(ctx, tx, p) },
		Start:  func(ctx context.Context, id uuid.UUID) error { return WakePlace(ctx, c, org, id) },
	})
	return err
}

// WakePlace starts the workflow of a publication, or finds it.
func WakePlace(ctx context.Context, c client.Client, org tenancy.OrgID, publication uuid.UUID) error {
	o := queue.Start(PlaceID(org, publication), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "roblox")
	if err := queue.StartOrFind(ctx, c, o, PublishRobloxPlace, PublishRobloxPlaceInput{Org: org, Publication: publication}); err != nil {
		return fmt.Errorf("start PublishRobloxPlace: %w", err)
	}
	return nil
}

// PublishRobloxPlace makes a version of a place of a file.
func PublishRobloxPlace(ctx workflow.Context, in PublishRobloxPlaceInput) (PublishRobloxPlaceResult, error) {
	report := operation.Report{Org: in.Org, ID: in.Publication, Priority: queue.Default}
	steps := operation.OneStep("publish")
	if err := report.Progress(ctx, steps(operations.Running), nil); err != nil {
		return PublishRobloxPlaceResult{}, err
	}
	var made roblox.PublishPlaceResult
	patient := queue.Long.Within(10*time.Minute, 2*time.Hour).Pauses(2*time.Second, 5*time.Minute).Inherits(ctx, queue.Roblox)
	err := workflow.ExecuteActivity(patient, activities.PublishPlace, roblox.PublishPlaceInput{Org: in.Org, Publication: in.Publication}).Get(ctx, &made)
	if err != nil {
		code := operation.Code(err, "roblox_place_failed")
		own, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		end := roblox.EndPublicationInput{Org: in.Org, Publication: in.Publication, Code: code}
		endErr := workflow.ExecuteActivity(short(own, in.Org), records.EndPublication, end).Get(own, nil)
		return PublishRobloxPlaceResult{}, report.End(ctx, errors.Join(err, endErr), code, steps, nil)
	}
	result := PublishRobloxPlaceResult{State: made.State, Number: made.Number}
	if made.State != connections.PlaceDone {
		return result, report.Unsuccessful(ctx, made.Code, steps, result)
	}
	return result, report.End(ctx, nil, "", steps, result)
}

// EraseRobloxUserInput names the request.
type EraseRobloxUserInput struct {
	Org     tenancy.OrgID
	Erasure uuid.UUID
}

// EraseRobloxUserResult says nothing of the person.
type EraseRobloxUserResult struct{}

// WakeErasure starts the workflow of an erasure, or finds it.
func WakeErasure(ctx context.Context, c client.Client, org tenancy.OrgID, erasure uuid.UUID) error {
	o := queue.Start(ErasureID(org, erasure), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "roblox")
	if err := queue.StartOrFind(ctx, c, o, EraseRobloxUser, EraseRobloxUserInput{Org: org, Erasure: erasure}); err != nil {
		return fmt.Errorf("start EraseRobloxUser: %w", err)
	}
	return nil
}

// EraseRobloxUser deletes what an experience kept of a person. The sweep starts it again
// while the request is not done.
func EraseRobloxUser(ctx workflow.Context, in EraseRobloxUserInput) (EraseRobloxUserResult, error) {
	patient := queue.Mail.Within(2*time.Minute, 24*time.Hour).Heartbeat(0).Pauses(5*time.Second, 10*time.Minute).Inherits(ctx, queue.Roblox)
	err := workflow.ExecuteActivity(patient, activities.EraseRobloxPerson, roblox.EraseRobloxPersonInput{Org: in.Org, Erasure: in.Erasure}).Get(ctx, nil)
	return EraseRobloxUserResult{}, err
}

// ErasureID names the workflow of an erasure.
func ErasureID(org tenancy.OrgID, erasure uuid.UUID) string {
	return "roblox-erasure/" + org.String() + "/" + erasure.String()
}
