// Package erasures answers for erasures: what is to be erased, how far it is, and the
// certificate at the end.
package erasures

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// Workflows starts erasures.
type Workflows interface {
	// StartErasure starts the workflow of an erasure, or finds it started.
	StartErasure(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
}

// Erasures answers for erasures.
type Erasures struct {
	DB        *tenancy.DB // as the caller
	All       *tenancy.DB // who may have a file erased need not see it
	Workflows Workflows
}

// View is an erasure as who oversees sees it.
type View struct {
	ID          uuid.UUID      `json:"id"`
	Scope       erasures.Scope `json:"scope"`
	Target      uuid.UUID      `json:"target_id"`
	Basis       erasures.Basis `json:"basis"`
	Rule        string         `json:"rule"`
	Reference   string         `json:"reference"`
	State       erasures.State `json:"state"`
	Hold        *uuid.UUID     `json:"hold_id"`
	Files       int64          `json:"files"`
	Versions    int64          `json:"versions"`
	Erased      int64          `json:"versions_erased"`
	Waits       int64          `json:"files_on_hold"`
	Kept        int64          `json:"files_kept"`
	RequestedBy *uuid.UUID     `json:"requested_by"`
	RequestedAt time.Time      `json:"requested_at"`
	CertifiedAt *time.Time     `json:"certified_at"`
}

func show(e erasures.Erasure) View {
	return View{
		ID: e.ID, Scope: e.Scope, Target: e.Target, Basis: e.Basis, Rule: e.Basis.Rule(), Reference: e.Reference, State: e.State, Hold: e.Hold,
		Files: e.Files, Versions: e.Versions, Erased: e.Erased, Waits: e.Waits, Kept: e.Kept,
		RequestedBy: e.RequestedBy, RequestedAt: e.RequestedAt.UTC(), CertifiedAt: request.UTC(e.CertifiedAt),
	}
}

func (r *Erasures) answer(c *gin.Context, id uuid.UUID, status int) error {
	e, err := erasures.Get(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id)
	if err != nil {
		return err
	}
	c.JSON(status, show(e))
	return nil
}

type askBody struct {
	Scope     erasures.Scope `json:"scope"`
	Target    uuid.UUID      `json:"target_id"`
	Basis     erasures.Basis `json:"basis"`
	Reference string         `json:"reference"`
}

// Ask takes a request. What cannot be started now is started by the sweep.
func (r *Erasures) Ask(c *gin.Context) error {
	in, err := request.Body[askBody](c)
	if err != nil {
		return err
	}
	ctx, caller := c.Request.Context(), request.Caller(c)
	n := erasures.New{ID: request.NewID(c), By: caller.User, Target: in.Target, Scope: in.Scope, Basis: in.Basis, Reference: in.Reference}
	if err := r.DB.InTx(ctx, caller.Org, func(tx *tenancy.Tx) error { return erasures.Ask(ctx, tx, n) }); err != nil {
		return err
	}
	r.start(ctx, caller.Org, n.ID)
	return r.answer(c, n.ID, http.StatusCreated)
}

// start starts the workflow of an erasure, without which the sweep does.
func (r *Erasures) start(ctx context.Context, org tenancy.OrgID, id uuid.UUID) {
	attempt, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	_ = r.Workflows.StartErasure(attempt, org, id)
}

// startTimeout is how long a request waits for Temporal.
const startTimeout = 5 * time.Second

// ReplayAsk answers a request that was sent again.
func (r *Erasures) ReplayAsk(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, e.ID, http.StatusCreated), erasures.ErrNotFound)
}

// List lists erasures, the newest first.
func (r *Erasures) List(c *gin.Context) error {
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]erasures.Erasure, error) {
		return erasures.List(c.Request.Context(), r.DB.Single(request.Caller(c).Org), before[0], limit)
	}, show, func(e erasures.Erasure) []uuid.UUID { return []uuid.UUID{e.ID} })
}

func named(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, erasures.ErrNotFound
	}
	return id, nil
}

// Get shows one.
func (r *Erasures) Get(c *gin.Context) error {
	id, err := named(c)
	if err != nil {
		return err
	}
	return r.answer(c, id, http.StatusOK)
}

// DerivedView is a document that was made from what an erasure erased.
type DerivedView struct {
	File   uuid.UUID `json:"file_id"`
	Source uuid.UUID `json:"source_id"`
}

// ListDerived lists the documents that were made from what an erasure erased and are here still.
func (r *Erasures) ListDerived(c *gin.Context) error {
	id, err := named(c)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	if _, err := erasures.Get(ctx, r.DB.Single(org), id); err != nil {
		return err
	}
	return request.List(c, 2, func(after []uuid.UUID, limit int) ([]erasures.Derived, error) {
		return erasures.ListDerived(ctx, r.All.Single(org), id, erasures.Derived{File: after[0], Source: after[1]}, limit)
	}, func(d erasures.Derived) DerivedView { return DerivedView(d) }, func(d erasures.Derived) []uuid.UUID { return []uuid.UUID{d.File, d.Source} })
}

// pdfType is the media type of the form for people.
const pdfType = "application/pdf"

// GetCertificate gives the certificate: as signed JSON, or as PDF for people.
func (r *Erasures) GetCertificate(c *gin.Context) error {
	id, err := named(c)
	if err != nil {
		return err
	}
	return sendCertificate(c, id, func() (erasures.Certificate, error) {
		return erasures.GetCertificate(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id)
	})
}

// sendCertificate answers with a certificate in the form that is asked for.
func sendCertificate(c *gin.Context, id uuid.UUID, read func() (erasures.Certificate, error)) error {
	format := c.Query("format")
	if format == "" && c.NegotiateFormat(gin.MIMEJSON, pdfType) == pdfType {
		format = "pdf"
	}
	if format != "" && format != "json" && format != "pdf" {
		return request.Invalid("format", "format is json or pdf.")
	}
	signed, err := read()
	if err != nil {
		return err
	}
	if format != "pdf" {
		c.JSON(http.StatusOK, signed)
		return nil
	}
	page, err := render(signed)
	if err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="certificate-`+id.String()+`.pdf"`)
	c.Data(http.StatusOK, pdfType, page)
	return nil
}
