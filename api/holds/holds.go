// Package holds answers for holds: what must not be destroyed, and its release.
package holds

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/holds"
)

// Holds answers for holds.
type Holds struct {
	DB *tenancy.DB // as the caller
}

// QueryView is what a file meets that a hold of the scope query covers.
type QueryView struct {
	Category      *string    `json:"category"`
	CreatedFrom   *time.Time `json:"created_from"`
	CreatedBefore *time.Time `json:"created_before"`
	NameContains  *string    `json:"name_contains"`
}

// ReleaseView is how far a hold's release is.
type ReleaseView struct {
	Reason     string     `json:"reason"`
	AskedBy    *uuid.UUID `json:"asked_by"`
	AskedAt    *time.Time `json:"asked_at"`
	ApprovedBy *uuid.UUID `json:"approved_by"`
	ApprovedAt *time.Time `json:"approved_at"`
}

// View is a hold as owners, admins and auditors see it.
type View struct {
	ID       uuid.UUID    `json:"id"`
	Kind     holds.Kind   `json:"kind"`
	Scope    holds.Scope  `json:"scope"`
	Target   *uuid.UUID   `json:"target_id"`
	Query    *QueryView   `json:"query"`
	Reason   string       `json:"reason"`
	State    holds.State  `json:"state"`
	PlacedBy uuid.UUID    `json:"placed_by"`
	PlacedAt time.Time    `json:"placed_at"`
	Release  *ReleaseView `json:"release"`
}

func show(h holds.Hold) View {
	v := View{ID: h.ID, Kind: h.Kind, Scope: h.Scope, Target: h.Target, Reason: h.Reason, State: h.State(), PlacedBy: h.PlacedBy, PlacedAt: h.PlacedAt.UTC()}
	if h.Scope == holds.Query {
		v.Query = &QueryView{Category: h.Category, CreatedFrom: request.UTC(h.CreatedFrom), CreatedBefore: request.UTC(h.CreatedBefore), NameContains: h.NameContains}
	}
	if h.AskedAt != nil {
		v.Release = &ReleaseView{Reason: h.AskedBecause, AskedBy: h.AskedBy, AskedAt: request.UTC(h.AskedAt), ApprovedBy: h.ReleasedBy, ApprovedAt: request.UTC(h.ReleasedAt)}
	}
	return v
}

type placeBody struct {
	Kind   holds.Kind  `json:"kind"`
	Scope  holds.Scope `json:"scope"`
	Target *uuid.UUID  `json:"target_id"`
	Query  *QueryView  `json:"query"`
	Reason string      `json:"reason"`
}

// Place puts a hold in force.
func (r *Holds) Place(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[placeBody](c)
	if err != nil {
		return err
	}
	n := holds.New{ID: request.NewID(c), By: request.Caller(c).User, Kind: in.Kind, Scope: in.Scope, Reason: in.Reason}
	if in.Target != nil {
		n.Target = *in.Target
	}
	if in.Query != nil {
		n.Conditions = holds.Conditions{Category: in.Query.Category, CreatedFrom: in.Query.CreatedFrom, CreatedBefore: in.Query.CreatedBefore, NameContains: in.Query.NameContains}
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return holds.Place(ctx, tx, n) }); err != nil {
		return err
	}
	return r.answer(c, org, n.ID, http.StatusCreated)
}

// ReplayPlace answers a request that was sent again.
func (r *Holds) ReplayPlace(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answer(c, request.Caller(c).Org, e.ID, http.StatusCreated), holds.ErrNotFound)
}

func (r *Holds) answer(c *gin.Context, org tenancy.OrgID, id uuid.UUID, status int) error {
	h, err := holds.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.JSON(status, show(h))
	return nil
}

// List lists the holds in force, the newest first; with released=true those that were too.
func (r *Holds) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	released, err := request.Flag(c, "released")
	if err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]holds.Hold, error) {
		return holds.List(c.Request.Context(), r.DB.Single(org), released, before[0], limit)
	}, show, func(h holds.Hold) []uuid.UUID { return []uuid.UUID{h.ID} })
}

// Get shows one.
func (r *Holds) Get(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "hold", holds.ErrNotFound)
	if err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

type releaseBody struct {
	Reason string `json:"reason"`
}

// AskRelease asks for the release, which another person approves.
func (r *Holds) AskRelease(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "hold", holds.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.Body[releaseBody](c)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return holds.AskRelease(ctx, tx, id, by, in.Reason) }); err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}

// ApproveRelease ends a hold whose release another person asked for.
func (r *Holds) ApproveRelease(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "hold", holds.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, by := c.Request.Context(), request.Caller(c).User
	if err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return holds.ApproveRelease(ctx, tx, id, by) }); err != nil {
		return err
	}
	return r.answer(c, org, id, http.StatusOK)
}
