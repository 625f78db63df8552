// Package accessrequests answers for requests to see education records (34 CFR 99.10).
package accessrequests

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/delivery"
	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/accessrequests"
	"satchel/tenancy/exports"
)

// Workflows make the packages of requests.
type Workflows interface {
	// ReleaseRecords releases the records of a request and begins their package, as the
	// operation.
	ReleaseRecords(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, id, op uuid.UUID) error
}

// Requests answers for requests.
type Requests struct {
	DB        *tenancy.DB // as the caller
	Workflows Workflows
	Exports   delivery.Source
}

// View is a request as who asked and who oversees see it.
type View struct {
	ID          uuid.UUID            `json:"id"`
	Student     uuid.UUID            `json:"student_id"`
	Requester   uuid.UUID            `json:"requester_id"`
	Note        string               `json:"note"`
	State       accessrequests.State `json:"state"`
	ReceivedAt  time.Time            `json:"received_at"`
	DueAt       time.Time            `json:"due_at"`
	Overdue     bool                 `json:"overdue"`
	VerifiedBy  *uuid.UUID           `json:"verified_by"`
	VerifiedAt  *time.Time           `json:"verified_at"`
	VerifiedHow string               `json:"verified_how"`
	ReleasedAt  *time.Time           `json:"released_at"`
	DeliveredAt *time.Time           `json:"delivered_at"`
	EndedBy     *uuid.UUID           `json:"ended_by"`
	EndedAt     *time.Time           `json:"ended_at"`
	EndedReason string               `json:"ended_reason"`
	Operation   *uuid.UUID           `json:"operation_id"`
}

func show(r accessrequests.Request) View {
	return View{
		ID: r.ID, Student: r.Student, Requester: r.Requester, Note: r.Note, State: r.State, ReceivedAt: r.ReceivedAt.UTC(), DueAt: r.DueAt.UTC(), Overdue: r.Overdue,
		VerifiedBy: r.VerifiedBy, VerifiedAt: request.UTC(r.VerifiedAt), VerifiedHow: r.VerifiedHow, ReleasedAt: request.UTC(r.ReleasedAt), DeliveredAt: request.UTC(r.DeliveredAt),
		EndedBy: r.EndedBy, EndedAt: request.UTC(r.EndedAt), EndedReason: r.EndedReason, Operation: r.Export,
	}
}

func (r *Requests) answer(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	q, err := accessrequests.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, show(q))
	return nil
}

// change runs do about the request of the path, and answers with the request.
func (r *Requests) change(c *gin.Context, do func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error) error {
	org, id, err := request.Below(c, r.DB, "request", accessrequests.ErrNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return do(ctx, tx, id) }); err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

type askBody struct {
	Student *uuid.UUID `json:"student_id"`
	Note    string     `json:"note"`
}

// Ask takes a request.
func (r *Requests) Ask(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[askBody](c)
	if err != nil {
		return err
	}
	n := accessrequests.New{ID: request.NewID(c), By: request.Caller(c).User, Note: in.Note}
	if in.Student != nil {
		n.Student = *in.Student
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return accessrequests.Ask(ctx, tx, n) }); err != nil {
		return err
	}
	return r.answer(c, org, n.ID, http.StatusCreated)
}

// ReplayAsk answers a request that was sent again.
func (r *Requests) ReplayAsk(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, request.Caller(c).Org, e.ID, http.StatusCreated), accessrequests.ErrNotFound)
}

// List lists open requests, the newest first; with ended=true all.
func (r *Requests) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	ended, err := request.Flag(c, "ended")
	if err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]accessrequests.Request, error) {
		return accessrequests.List(c.Request.Context(), r.DB.Single(org), ended, before[0], limit)
	}, show, func(q accessrequests.Request) []uuid.UUID { return []uuid.UUID{q.ID} })
}

// Get shows one.
func (r *Requests) Get(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", accessrequests.ErrNotFound)
	if err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

type verifyBody struct {
	How string `json:"how"`
}

// Verify says how it is known who asks, and collects the records.
func (r *Requests) Verify(c *gin.Context) error {
	in, err := request.Body[verifyBody](c)
	if err != nil {
		return err
	}
	by := request.Caller(c).User
	return r.change(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return accessrequests.Verify(ctx, tx, id, by, in.How)
	})
}

// FileView is a record that a request is about.
type FileView struct {
	File      uuid.UUID  `json:"file_id"`
	Name      string     `json:"name"`
	Students  int32      `json:"students"`
	Decision  string     `json:"decision"`
	Reason    string     `json:"reason"`
	DecidedBy *uuid.UUID `json:"decided_by"`
	DecidedAt *time.Time `json:"decided_at"`
}

// ListFiles lists the records of a request.
func (r *Requests) ListFiles(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", accessrequests.ErrNotFound)
	if err != nil {
		return err
	}
	q := r.DB.Single(org)
	if _, err := accessrequests.Get(c.Request.Context(), q, id); err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]accessrequests.File, error) {
		return accessrequests.Files(c.Request.Context(), q, id, after[0], limit)
	}, func(f accessrequests.File) FileView {
		return FileView{File: f.ID, Name: f.Name, Students: f.Students, Decision: f.Decision, Reason: f.Reason, DecidedBy: f.DecidedBy, DecidedAt: request.UTC(f.DecidedAt)}
	}, func(f accessrequests.File) []uuid.UUID { return []uuid.UUID{f.ID} })
}

type decideBody struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
}

// Decide includes a record in the package or withholds it.
func (r *Requests) Decide(c *gin.Context) error {
	in, err := request.Body[decideBody](c)
	if err != nil {
		return err
	}
	by := request.Caller(c).User
	return r.change(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		file, err := uuid.Parse(c.Param("file"))
		if err != nil {
			return accessrequests.ErrNoFile.Because(err)
		}
		return accessrequests.Decide(ctx, tx, id, file, by, in.Decision, in.Reason)
	})
}

// Release begins the package.
func (r *Requests) Release(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", accessrequests.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, op := c.Request.Context(), request.NewID(c)
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return accessrequests.Collect(ctx, tx, id) }); err != nil {
		return err
	}
	if err := r.Workflows.ReleaseRecords(ctx, request.Caller(c), org, id, op); err != nil {
		return err
	}
	request.Accepted(c, org, op)
	return nil
}

// ReplayRelease answers a request that was sent again.
func (r *Requests) ReplayRelease(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.Operation(c, r.DB, org, e)
}

// GetPackage sends a part of the package, to who asked and to owners and admins. The first byte of it
// to who asked answers the request.
func (r *Requests) GetPackage(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "request", accessrequests.ErrNotFound)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.Param("part"))
	if err != nil || number < 1 || number > 1<<30 {
		return exports.ErrNotFound
	}
	ctx := c.Request.Context()
	part, export, err := accessrequests.Package(ctx, r.DB.Single(org), id, request.Caller(c), number)
	if err != nil {
		return err
	}
	return delivery.Serve(c.Writer, c.Request, r.Exports, delivery.Content{
		Key: part.Key, ObjectETag: part.ETag, Tag: part.SHA256, Name: fmt.Sprintf("records-%s-%d.zip", id, number),
		Type: "application/zip", Size: part.Size, Modified: export.CreatedAt,
		OnStart: func() error {
			return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return accessrequests.Deliver(ctx, tx, id, number) })
		},
	})
}

type endBody struct {
	Outcome accessrequests.State `json:"outcome"`
	Reason  string               `json:"reason"`
}

// End closes, rejects or withdraws a request.
func (r *Requests) End(c *gin.Context) error {
	in, err := request.Body[endBody](c)
	if err != nil {
		return err
	}
	by := request.Caller(c)
	return r.change(c, func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
		return accessrequests.End(ctx, tx, id, by, in.Outcome, in.Reason)
	})
}
