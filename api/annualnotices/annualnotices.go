// Package annualnotices answers for what a school owes each year.
package annualnotices

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/annualnotices"
)

// Notices answers for it.
type Notices struct {
	DB *tenancy.DB // as the caller
}

// NoticeView is one that was given.
type NoticeView struct {
	ID         uuid.UUID  `json:"id"`
	GivenOn    string     `json:"given_on"`
	How        string     `json:"how"`
	File       *uuid.UUID `json:"file_id"`
	RecordedBy uuid.UUID  `json:"recorded_by"`
	RecordedAt time.Time  `json:"recorded_at"`
}

// View is what is due each year.
type View struct {
	Kind    string      `json:"kind"`
	Rule    string      `json:"rule"`
	DueOn   string      `json:"due_on"`
	Overdue bool        `json:"overdue"`
	Last    *NoticeView `json:"last"`
}

// ListView is all that is due.
type ListView struct {
	Items []View `json:"items"`
}

func show(d annualnotices.Due) View {
	v := View{Kind: d.Kind, Rule: d.Rule, DueOn: d.DueOn.Format(time.DateOnly), Overdue: d.Overdue}
	if n := d.Last; n != nil {
		v.Last = &NoticeView{ID: n.ID, GivenOn: n.GivenOn.Format(time.DateOnly), How: n.How, File: n.File, RecordedBy: n.RecordedBy, RecordedAt: n.RecordedAt.UTC()}
	}
	return v
}

// List lists it, the next first.
func (r *Notices) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	due, err := annualnotices.List(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	v := ListView{Items: make([]View, len(due))}
	for i, d := range due {
		v.Items[i] = show(d)
	}
	c.JSON(http.StatusOK, v)
	return nil
}

type body struct {
	Kind    string     `json:"kind"`
	GivenOn string     `json:"given_on"`
	How     string     `json:"how"`
	File    *uuid.UUID `json:"file_id"`
}

// Record records one that was given.
func (r *Notices) Record(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[body](c)
	if err != nil {
		return err
	}
	day, _ := time.Parse(time.DateOnly, in.GivenOn) // zero is refused
	ctx, n := c.Request.Context(), annualnotices.New{ID: request.NewID(c), By: request.Caller(c).User, Kind: in.Kind, GivenOn: day, How: in.How, File: in.File}
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return annualnotices.Record(ctx, tx, n) }); err != nil {
		return err
	}
	return r.answer(c, org, n.ID)
}

// answer shows what is due of the kind of a record now.
func (r *Notices) answer(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	ctx, q := c.Request.Context(), r.DB.Single(org)
	kind, err := annualnotices.KindOf(ctx, q, id)
	if err != nil {
		return err
	}
	due, err := annualnotices.List(ctx, q)
	if err != nil {
		return err
	}
	for _, d := range due {
		if d.Kind == kind {
			c.JSON(http.StatusCreated, show(d))
		}
	}
	return nil
}

// ReplayRecord answers a request that was sent again.
func (r *Notices) ReplayRecord(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, request.Caller(c).Org, e.ID), annualnotices.ErrNotFound)
}
