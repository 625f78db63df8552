package spaces

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/spaces"
	"satchel/tenancy"
)

// ReviewView is a use of break-glass, and what an owner said of it.
type ReviewView struct {
	Grant      uuid.UUID  `json:"grant_id"`
	Space      uuid.UUID  `json:"space_id"`
	User       uuid.UUID  `json:"user_id"`
	Reason     string     `json:"reason"`
	ApprovedBy *uuid.UUID `json:"approved_by"`
	BeginsAt   time.Time  `json:"begins_at"`
	EndsAt     time.Time  `json:"ends_at"`
	DueAt      time.Time  `json:"due_at"`
	Overdue    bool       `json:"overdue"`
	Decision   string     `json:"decision"`
	Note       string     `json:"note"`
	ReviewedBy *uuid.UUID `json:"reviewed_by"`
	ReviewedAt *time.Time `json:"reviewed_at"`
}

func showReview(r spaces.Review) ReviewView {
	return ReviewView{
		Grant: r.ID, Space: r.SpaceID, User: r.UserID, Reason: r.Reason, ApprovedBy: r.ApprovedBy, BeginsAt: r.BeginsAt.UTC(), EndsAt: r.EndsAt.UTC(), DueAt: r.DueAt.UTC(), Overdue: r.Overdue,
		Decision: r.Decision, Note: r.Note, ReviewedBy: r.ReviewedBy, ReviewedAt: request.UTC(r.ReviewedAt),
	}
}

// ListReviews lists uses of break-glass that wait for a review, the newest first; with reviewed=true all.
func (r *Spaces) ListReviews(c *gin.Context) error {
	reviewed, err := request.Flag(c, "reviewed")
	if err != nil {
		return err
	}
	return request.List(c, 1, func(before []uuid.UUID, limit int) ([]spaces.Review, error) {
		return spaces.Reviews(c.Request.Context(), r.query(c), reviewed, before[0], limit)
	}, showReview, func(v spaces.Review) []uuid.UUID { return []uuid.UUID{v.ID} })
}

type reviewBody struct {
	Decision string `json:"decision"`
	Note     string `json:"note"`
}

// Review says whether the reason of a use of break-glass was one.
func (r *Spaces) Review(c *gin.Context) error {
	grant, err := pathID(c, "grant", spaces.ErrNoReview)
	if err != nil {
		return err
	}
	in, err := request.Body[reviewBody](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := r.DB.InTx(ctx, request.Caller(c).Org, func(tx *tenancy.Tx) error { return spaces.Decide(ctx, tx, grant, in.Decision, in.Note) }); err != nil {
		return err
	}
	found, err := spaces.GetReview(ctx, r.query(c), grant)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, showReview(found))
	return nil
}
