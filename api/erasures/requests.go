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

// RequestView is a request of a guardian as who asked and who oversees see it.
type RequestView struct {
	ID         uuid.UUID             `json:"id"`
	Student    uuid.UUID             `json:"student_id"`
	Requester  uuid.UUID             `json:"requester_id"`
	Note       string                `json:"note"`
	State      erasures.RequestState `json:"state"`
	ReceivedAt time.Time             `json:"received_at"`
	DueAt      time.Time             `json:"due_at"`
	Overdue    bool                  `json:"overdue"`
	Reason     string                `json:"reason"`
	EndedBy    *uuid.UUID            `json:"ended_by"`
	EndedAt    *time.Time            `json:"ended_at"`
	Erasures   []BegunView           `json:"erasures"`
}

// BegunView is an erasure that a request began.
type BegunView struct {
	ID          uuid.UUID      `json:"id"`
	Scope       erasures.Scope `json:"scope"`
	State       erasures.State `json:"state"`
	CertifiedAt *time.Time     `json:"certified_at"`
}

func showRequest(r erasures.Request) RequestView {
	v := RequestView{
		ID: r.ID, Student: r.Student, Requester: r.Requester, Note: r.Note, State: r.State, ReceivedAt: r.ReceivedAt.UTC(), DueAt: r.DueAt.UTC(), Overdue: r.Overdue,
		Reason: r.Reason, EndedBy: r.EndedBy, EndedAt: request.UTC(r.EndedAt), Erasures: make([]BegunView, len(r.Begun)),
	}
	for i, b := range r.Begun {
		v.Erasures[i] = BegunView{ID: b.ID, Scope: b.Scope, State: b.State, CertifiedAt: request.UTC(b.CertifiedAt)}
	}
	return v
}

// answerRequest answers with a request, and starts what it began.
func (r *Erasures) answerRequest(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	ctx := c.Request.Context()
	q, err := erasures.GetRequest(ctx, r.DB.Single(org), id)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodPost {
		for _, b := range q.Begun {
			if b.State == erasures.Planned {
				r.start(ctx, org, b.ID)
			}
		}
	}
	c.JSON(status, showRequest(q))
	return nil
}

type requestBody struct {
	Student *uuid.UUID `json:"student_id"`
	Note    string     `json:"note"`
}

// TakeRequest takes a request of a guardian.
func (r *Erasures) TakeRequest(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[requestBody](c)
	if err != nil {
		return err
	}
	n := erasures.NewRequest{ID: request.NewID(c), By: request.Caller(c).User, Note: in.Note}
	if in.Student != nil {
		n.Student = *in.Student
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return erasures.TakeRequest(ctx, tx, n) }); err != nil {
		return err
	}
	return r.answerRequest(c, org, n.ID, http.StatusCreated)
}

// ReplayRequest answers a request that was sent again.
func (r *Erasures) ReplayRequest(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.OutcomeOf(r.answerRequest(c, org, e.ID, http.StatusCreated), erasures.ErrRequestNotFound)
}

// ListRequests lists open requests, the newest first; with ended=true all.
func (r *Erasures) ListRequests(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	ended, err := request.Flag(c, "ended")
	if err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]erasures.Request, error) {
		return erasures.Requests(c.Request.Context(), r.DB.Single(org), ended, before[0], limit)
	}, showRequest, func(q erasures.Request) []uuid.UUID { return []uuid.UUID{q.ID} })
}

// GetRequest shows one.
func (r *Erasures) GetRequest(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", erasures.ErrRequestNotFound)
	if err != nil {
		return err
	}
	return r.answerRequest(c, org, id, http.StatusOK)
}

// end runs do about the request of the path, and answers with the request.
func (r *Erasures) end(c *gin.Context, do func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error) error {
	org, id, err := request.Below(c, r.DB, "request", erasures.ErrRequestNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return do(ctx, tx, id) }); err != nil {
		return err
	}
	return r.answerRequest(c, org, id, http.StatusOK)
}

type decideBody struct {
	Outcome erasures.RequestState `json:"outcome"`
	Reason  string                `json:"reason"`
}

// Decide accepts or refuses a request.
func (r *Erasures) Decide(c *gin.Context) error {
	in, err := request.Body[decideBody](c)
	if err != nil {
		return err
	}
	d := erasures.Decision{By: request.Caller(c).User, Erasure: tenancy.NewID(), Outcome: in.Outcome, Reason: in.Reason}
	return r.end(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		d.ID = id
		return erasures.Decide(ctx, tx, d)
	})
}

// Withdraw takes a request back.
func (r *Erasures) Withdraw(c *gin.Context) error {
	by := request.Caller(c).User
	return r.end(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return erasures.Withdraw(ctx, tx, id, by)
	})
}

// GetRequestCertificate gives the certificate of an erasure that a request began, to who asked too.
func (r *Erasures) GetRequestCertificate(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", erasures.ErrRequestNotFound)
	if err != nil {
		return err
	}
	erasure, err := uuid.Parse(c.Param("erasure"))
	if err != nil {
		return erasures.ErrNotFound
	}
	return sendCertificate(c, erasure, func() (erasures.Certificate, error) {
		return erasures.GetRequestCertificate(c.Request.Context(), r.DB.Single(org), id, erasure)
	})
}
