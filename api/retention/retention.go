// Package retention answers for policies of retention, which anybody may read, and for what an
// officer decides about before it is disposed of.
package retention

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/retention"
)

// Retention answers for all of it.
type Retention struct {
	DB  *tenancy.DB // as the caller
	All *tenancy.DB // of the organization: an officer decides about files of others; anybody reads the policies
}

// PublicView is what anybody reads of a policy.
type PublicView struct {
	Category     string `json:"category"`
	Children     bool   `json:"children"`
	Purpose      string `json:"purpose"`
	BusinessNeed string `json:"business_need"`
	Days         *int32 `json:"days"`
	Begins       string `json:"begins"`
	Disposal     string `json:"disposal"`
}

// View is a policy as those see it who keep it.
type View struct {
	ID uuid.UUID `json:"id"`
	PublicView
	CreatedBy uuid.UUID `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func publicly(p retention.Policy) PublicView {
	return PublicView{Category: p.Category, Children: p.Children, Purpose: p.Purpose, BusinessNeed: p.Need, Days: p.Days, Begins: p.Begins, Disposal: p.Disposal}
}

func show(p retention.Policy) View {
	return View{ID: p.ID, PublicView: publicly(p), CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC()}
}

func (in PublicView) policy(id, by uuid.UUID) retention.Policy {
	return retention.Policy{ID: id, Category: in.Category, Children: in.Children, Purpose: in.Purpose, Need: in.BusinessNeed, Days: in.Days, Begins: in.Begins, Disposal: in.Disposal, CreatedBy: by}
}

// Publish answers anybody with the policies of an organization that is open.
func (r *Retention) Publish(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	org := tenancy.OrgID(id)
	if err != nil || org.IsZero() || org == tenancy.Platform {
		return errNoOrganization
	}
	ctx, q := c.Request.Context(), r.All.Single(org)
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil || o.Status != tenancy.Active {
		return errNoOrganization
	}
	items, err := Policies(ctx, q)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"organization": o.Name, "items": items})
	return nil
}

// Policies gives what anybody may read of them, by category.
func Policies(ctx context.Context, q tenancy.Queries) ([]PublicView, error) {
	all, err := retention.List(ctx, q)
	if err != nil {
		return nil, err
	}
	items := make([]PublicView, len(all))
	for i, p := range all {
		items[i] = publicly(p)
	}
	return items, nil
}

var errNoOrganization = fault.New(fault.NotFound, "organization_not_found", "There is no such organization.")

// List lists the policies by category.
func (r *Retention) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	all, err := retention.List(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	items := make([]View, len(all))
	for i, p := range all {
		items[i] = show(p)
	}
	c.JSON(http.StatusOK, gin.H{"items": items})
	return nil
}

// Create makes a policy.
func (r *Retention) Create(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[PublicView](c)
	if err != nil {
		return err
	}
	ctx, p := c.Request.Context(), in.policy(request.NewID(c), request.Caller(c).User)
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return retention.Create(ctx, tx, p) }); err != nil {
		return err
	}
	return r.answer(c, org, p.ID, http.StatusCreated)
}

// ReplayCreate answers a request that was sent again.
func (r *Retention) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, request.Caller(c).Org, e.ID, http.StatusCreated), retention.ErrNotFound)
}

func (r *Retention) answer(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	p, err := retention.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, show(p))
	return nil
}

// Change replaces a policy.
func (r *Retention) Change(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "policy", retention.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.Body[PublicView](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return retention.Change(ctx, tx, in.policy(id, uuid.Nil)) }); err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

// Remove deletes one.
func (r *Retention) Remove(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "policy", retention.ErrNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return retention.Remove(ctx, tx, id) }); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// ReviewView is a file that is listed for a decision.
type ReviewView struct {
	FileID    uuid.UUID  `json:"file_id"`
	PolicyID  uuid.UUID  `json:"policy_id"`
	State     string     `json:"state"`
	DueAt     time.Time  `json:"due_at"`
	KeepUntil *time.Time `json:"keep_until"`
	Reason    string     `json:"reason"`
	DecidedBy *uuid.UUID `json:"decided_by"`
	DecidedAt *time.Time `json:"decided_at"`
}

func showReview(l retention.Listed) ReviewView {
	return ReviewView{FileID: l.FileID, PolicyID: l.PolicyID, State: l.State, DueAt: l.DueAt.UTC(), KeepUntil: request.UTC(l.KeepUntil), Reason: l.Reason, DecidedBy: l.DecidedBy, DecidedAt: request.UTC(l.DecidedAt)}
}

// ListReviews lists the files of a state; those that wait where none is named.
func (r *Retention) ListReviews(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	state := c.DefaultQuery("state", retention.Waiting)
	if !slices.Contains(retention.States, state) {
		return request.Invalid("state", "state is waiting, kept or disposed.")
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]retention.Listed, error) {
		return retention.Reviews(c.Request.Context(), r.DB.Single(org), state, after[0], limit)
	}, showReview, func(l retention.Listed) []uuid.UUID { return []uuid.UUID{l.FileID} })
}

type decisionBody struct {
	Decision  string     `json:"decision"`
	KeepUntil *time.Time `json:"keep_until"`
	Reason    string     `json:"reason"`
}

// The decisions about a listed file.
const (
	dispose = "dispose"
	keep    = "keep"
)

var errBusy = fault.New(fault.Conflict, "file_in_process", "A version of this file is being checked. Wait for its end, and decide again.")

// Decide puts a listed file into the trash, or keeps it until a day.
func (r *Retention) Decide(c *gin.Context) error {
	org, file, err := request.Below(c, r.DB, "file", retention.ErrNoReview)
	if err != nil {
		return err
	}
	in, err := request.Body[decisionBody](c)
	if err != nil {
		return err
	}
	if in.Decision != dispose && in.Decision != keep || (in.Decision == keep) != (in.KeepUntil != nil) {
		return request.Invalid("decision", "decision is dispose, or keep with keep_until.")
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	err = r.All.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if in.Decision == keep {
			return retention.Keep(ctx, tx, file, by, *in.KeepUntil, in.Reason)
		}
		if err := files.Lock(ctx, tx, file); err != nil {
			return err
		}
		policy, err := retention.Dispose(ctx, tx, file, by, in.Reason)
		if err != nil {
			return err
		}
		open, err := files.TrashFor(ctx, tx, file, "retention:"+policy.String())
		if err == nil && len(open) > 0 {
			return errBusy
		}
		return err
	})
	if err != nil {
		return err
	}
	l, err := retention.GetReview(ctx, r.DB.Single(org), file)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showReview(l))
	return nil
}
