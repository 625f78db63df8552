// Package operations has the routes of long-running operations: they start a
// re-scan or a reconciliation, and show how far an operation is.
package operations

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	restored "satchel/activities/reconcile"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/reconcile"
)

// Workflows are the workflows that work long. Each starts the operation of the
// given id, once. The operation belongs to the organization that is scanned, or
// to the platform.
type Workflows interface {
	Rescan(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) error
	Reconcile(ctx context.Context, by tenancy.Actor, look reconcile.ReconcileStorageInput) error
}

// Operations answers for long work.
type Operations struct {
	DB        *tenancy.DB
	Workflows Workflows
}

// OperationView is a long-running operation.
type OperationView struct {
	ID        uuid.UUID        `json:"id"`
	Kind      string           `json:"kind"`
	State     operations.State `json:"state"`
	Steps     json.RawMessage  `json:"steps"`
	Result    json.RawMessage  `json:"result"`
	Error     json.RawMessage  `json:"error"`
	CreatedAt time.Time        `json:"created_at"`
	EndedAt   *time.Time       `json:"ended_at"`
}

// Get answers with one operation.
func (r *Operations) Get(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return operations.ErrNotFound.Because(err)
	}
	org := request.Caller(c).Org
	if named := c.Query("organization_id"); named != "" {
		if org, err = request.Subject(c, r.DB, named); err != nil {
			return err
		}
	}
	o, err := operations.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, OperationView{
		ID: o.ID, Kind: o.Kind, State: o.State.Simple(), Steps: o.Steps, Result: o.Result, Error: o.Error,
		CreatedAt: o.CreatedAt.UTC(), EndedAt: request.UTC(o.EndedAt),
	})
	return nil
}

type scanBody struct {
	Organization string `json:"organization_id"`
}

// Rescan starts to scan an organization's files again.
func (r *Operations) Rescan(c *gin.Context) error {
	in, err := request.OptionalBody[scanBody](c)
	if err != nil {
		return err
	}
	org, err := request.Subject(c, r.DB, in.Organization)
	if err != nil {
		return err
	}
	id := request.NewID(c)
	if err := r.Workflows.Rescan(c.Request.Context(), request.Caller(c), org, id); err != nil {
		return err
	}
	request.Accepted(c, org, id)
	return nil
}

type reconcileBody struct {
	Organization string `json:"organization_id"` // empty: every organization
	Repair       bool   `json:"repair"`
	Deep         bool   `json:"deep"`          // read every published byte again
	Grace        *int64 `json:"grace_seconds"` // what is younger may be work in progress

	RestoredTo *time.Time `json:"restored_to"` // of a database that was restored from a backup
	Fast       bool       `json:"fast"`
}

// Reconcile starts to check the invariants.
func (r *Operations) Reconcile(c *gin.Context) error {
	in, err := request.OptionalBody[reconcileBody](c)
	if err != nil {
		return err
	}
	look := reconcile.ReconcileStorageInput{Operation: request.NewID(c), Repair: in.Repair, Deep: in.Deep, Grace: reconcile.DefaultGrace}
	if in.Organization != "" {
		if look.Only, err = request.Subject(c, r.DB, in.Organization); err != nil {
			return err
		}
	}
	if in.Grace != nil {
		if *in.Grace < 0 {
			return request.Invalid("grace_seconds", "grace_seconds is a number of seconds and not negative.")
		}
		look.Grace = time.Duration(*in.Grace) * time.Second
	}
	if in.RestoredTo != nil {
		now := time.Now().UTC()
		if in.RestoredTo.After(now) || in.RestoredTo.IsZero() {
			return request.Invalid("restored_to", "restored_to is the moment to which the database was restored, and not in the future.")
		}
		look.Repair, look.Restore = true, restored.Restore{To: in.RestoredTo.UTC(), Found: now, Fast: in.Fast}
	}
	if err := look.Restore.Allowed(r.DB, look.Only); err != nil {
		return err
	}
	if err := r.Workflows.Reconcile(c.Request.Context(), request.Caller(c), look); err != nil {
		return err
	}
	request.Accepted(c, tenancy.Platform, look.Operation)
	return nil
}
