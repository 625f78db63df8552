// Package amendments answers for requests to amend an education record (34 CFR 99.20 to 99.22).
package amendments

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/amendments"
)

// Amendments answers for requests.
type Amendments struct {
	DB *tenancy.DB // as the caller
}

// View is a request as who asked and who oversees see it.
type View struct {
	ID             uuid.UUID  `json:"id"`
	File           uuid.UUID  `json:"file_id"`
	Student        uuid.UUID  `json:"student_id"`
	Requester      uuid.UUID  `json:"requester_id"`
	What           string     `json:"what"`
	State          string     `json:"state"`
	Since          time.Time  `json:"since"`
	DueAt          *time.Time `json:"due_at"`
	Overdue        bool       `json:"overdue"`
	RequestedAt    time.Time  `json:"requested_at"`
	Reason         string     `json:"reason"`
	HearingAt      *time.Time `json:"hearing_at"`
	HearingPlace   string     `json:"hearing_place"`
	HearingOfficer string     `json:"hearing_officer"`
	Decision       string     `json:"decision"`
	Statement      string     `json:"statement"`
	EndedBy        *uuid.UUID `json:"ended_by"`
	EndedAt        *time.Time `json:"ended_at"`
}

func show(r amendments.Request) View {
	return View{
		ID: r.ID, File: r.File, Student: r.Student, Requester: r.Requester, What: r.What, State: r.State, Since: r.Since.UTC(), DueAt: request.UTC(r.DueAt), Overdue: r.Overdue,
		RequestedAt: r.RequestedAt.UTC(), Reason: r.Reason, HearingAt: request.UTC(r.HearingAt), HearingPlace: r.HearingPlace, HearingOfficer: r.HearingOfficer, Decision: r.Decision,
		Statement: r.Statement, EndedBy: r.EndedBy, EndedAt: request.UTC(r.EndedAt),
	}
}

func (r *Amendments) answer(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	a, err := amendments.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, show(a))
	return nil
}

type askBody struct {
	File    uuid.UUID `json:"file_id"`
	Student uuid.UUID `json:"student_id"`
	What    string    `json:"what"`
}

// Ask takes a request.
func (r *Amendments) Ask(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[askBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	n := amendments.New{ID: request.NewID(c), By: request.Caller(c).User, File: in.File, Student: in.Student, What: in.What}
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return amendments.Ask(ctx, tx, n) }); err != nil {
		return err
	}
	return r.answer(c, org, n.ID, http.StatusCreated)
}

// ReplayAsk answers a request that was sent again.
func (r *Amendments) ReplayAsk(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, request.Caller(c).Org, e.ID, http.StatusCreated), amendments.ErrNotFound)
}

// List lists open requests, the newest first; with ended=true all.
func (r *Amendments) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	var f amendments.Filter
	if f.Ended, err = request.Flag(c, "ended"); err != nil {
		return err
	}
	if text := c.Query("file"); text != "" {
		if f.File, err = uuid.Parse(text); err != nil {
			return request.Invalid("file", "file is an id.")
		}
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]amendments.Request, error) {
		return amendments.List(c.Request.Context(), r.DB.Single(org), f, before[0], limit)
	}, show, func(a amendments.Request) []uuid.UUID { return []uuid.UUID{a.ID} })
}

// Get shows one.
func (r *Amendments) Get(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "amendment", amendments.ErrNotFound)
	if err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

type stepBody struct {
	Step           string     `json:"step"`
	Reason         string     `json:"reason"`
	Decision       string     `json:"decision"`
	Statement      string     `json:"statement"`
	HearingAt      *time.Time `json:"hearing_at"`
	HearingPlace   string     `json:"hearing_place"`
	HearingOfficer string     `json:"hearing_officer"`
}

// Take takes a step of a request.
func (r *Amendments) Take(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "amendment", amendments.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.Body[stepBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c)
	step := amendments.Step{
		Name: in.Step, Reason: in.Reason, Decision: in.Decision, Statement: in.Statement, HearingAt: in.HearingAt, HearingPlace: in.HearingPlace, HearingOfficer: in.HearingOfficer,
	}
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return amendments.Take(ctx, tx, id, by, step) }); err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}
