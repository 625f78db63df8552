// Package evidence answers for what an organization records of its own duties: those of the
// security program and of notices, incidents with their clocks, and directives about data.
package evidence

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/evidence"
)

// Evidence answers for all of it.
type Evidence struct {
	DB  *tenancy.DB // as the caller
	Now func() time.Time
}

// DutyView is that a duty was done.
type DutyView struct {
	ID          uuid.UUID  `json:"id"`
	Kind        string     `json:"kind"`
	Responsible uuid.UUID  `json:"responsible_id"`
	Note        string     `json:"note"`
	File        *uuid.UUID `json:"evidence_file_id"`
	DoneAt      time.Time  `json:"done_at"`
	DueAt       time.Time  `json:"due_at"`
	RecordedBy  uuid.UUID  `json:"recorded_by"`
	CreatedAt   time.Time  `json:"created_at"`
}

func showDuty(d evidence.Duty) DutyView {
	return DutyView{d.ID, d.Kind, d.ResponsibleID, d.Note, d.EvidenceFileID, d.DoneAt.UTC(), d.DueAt.UTC(), d.RecordedBy, d.CreatedAt.UTC()}
}

type dutyBody struct {
	Kind        string     `json:"kind"`
	Responsible uuid.UUID  `json:"responsible_id"`
	Note        string     `json:"note"`
	File        *uuid.UUID `json:"evidence_file_id"`
	DoneAt      time.Time  `json:"done_at"`
	DueAt       *time.Time `json:"due_at"`
}

// ListDuties lists what was done, in the order in which it was recorded.
func (r *Evidence) ListDuties(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]evidence.Duty, error) {
		return evidence.Duties(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, showDuty, func(d evidence.Duty) []uuid.UUID { return []uuid.UUID{d.ID} })
}

// CreateDuty records one.
func (r *Evidence) CreateDuty(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[dutyBody](c)
	if err != nil {
		return err
	}
	n := evidence.NewDuty{ID: request.NewID(c), By: request.Caller(c).User, Kind: in.Kind, Responsible: in.Responsible, Note: in.Note, File: in.File, DoneAt: in.DoneAt, DueAt: in.DueAt}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return evidence.RecordDuty(ctx, tx, n, r.Now()) }); err != nil {
		return err
	}
	return r.answerDuty(c, org, n.ID)
}

// ReplayDuty answers a request that was sent again.
func (r *Evidence) ReplayDuty(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answerDuty(c, request.Caller(c).Org, e.ID), evidence.ErrNoDuty)
}

func (r *Evidence) answerDuty(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	d, err := evidence.GetDuty(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, showDuty(d))
	return nil
}

// DispositionView is a directive about what becomes of data.
type DispositionView struct {
	ID         uuid.UUID  `json:"id"`
	Kind       string     `json:"kind"`
	Scope      string     `json:"scope"`
	Person     *uuid.UUID `json:"person_id"`
	Reason     string     `json:"reason"`
	DueAt      time.Time  `json:"due_at"`
	State      string     `json:"state"`
	Outcome    string     `json:"outcome"`
	RecordedBy uuid.UUID  `json:"recorded_by"`
	CreatedAt  time.Time  `json:"created_at"`
	EndedBy    *uuid.UUID `json:"ended_by"`
	EndedAt    *time.Time `json:"ended_at"`
}

func showDisposition(d evidence.Disposition) DispositionView {
	return DispositionView{d.ID, d.Kind, d.Scope, d.PersonID, d.Reason, d.DueAt.UTC(), d.State, d.Outcome, d.RecordedBy, d.CreatedAt.UTC(), d.EndedBy, request.UTC(d.EndedAt)}
}

type dispositionBody struct {
	Kind   string     `json:"kind"`
	Scope  string     `json:"scope"`
	Person *uuid.UUID `json:"person_id"`
	Reason string     `json:"reason"`
	DueAt  *time.Time `json:"due_at"`
}

// ListDispositions lists directives.
func (r *Evidence) ListDispositions(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]evidence.Disposition, error) {
		return evidence.Dispositions(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, showDisposition, func(d evidence.Disposition) []uuid.UUID { return []uuid.UUID{d.ID} })
}

// CreateDisposition records one.
func (r *Evidence) CreateDisposition(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[dispositionBody](c)
	if err != nil {
		return err
	}
	n := evidence.NewDisposition{ID: request.NewID(c), By: request.Caller(c).User, Kind: in.Kind, Scope: in.Scope, Person: in.Person, Reason: in.Reason, DueAt: in.DueAt}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return evidence.RecordDisposition(ctx, tx, n, r.Now()) }); err != nil {
		return err
	}
	return r.answerDisposition(c, org, n.ID, http.StatusCreated)
}

// ReplayDisposition answers a request that was sent again.
func (r *Evidence) ReplayDisposition(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answerDisposition(c, request.Caller(c).Org, e.ID, http.StatusCreated), evidence.ErrNoDisposition)
}

func (r *Evidence) answerDisposition(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	d, err := evidence.GetDisposition(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, showDisposition(d))
	return nil
}

type endBody struct {
	State   string `json:"state"`
	Outcome string `json:"outcome"`
}

// EndDisposition records what became of one.
func (r *Evidence) EndDisposition(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "disposition", evidence.ErrNoDisposition)
	if err != nil {
		return err
	}
	in, err := request.Body[endBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		return evidence.EndDisposition(ctx, tx, id, by, in.State, in.Outcome)
	}); err != nil {
		return err
	}
	return r.answerDisposition(c, org, id, http.StatusOK)
}
