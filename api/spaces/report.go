package spaces

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/spaces"
	"satchel/tenancy"
)

// AccessView is how many of the organization's published files a teacher reads, and how
// many not, by the kind of space.
type AccessView struct {
	User     uuid.UUID             `json:"user_id"`
	Name     string                `json:"display_name"`
	Readable int64                 `json:"readable"`
	Hidden   map[spaces.Kind]int64 `json:"hidden"`
}

// ReportAccess says of each teacher how many files are hidden from them that every
// teacher read before there were spaces. Each teacher takes a pass over the files, so
// people who ask for a report ask for small pages.
func (r *Spaces) ReportAccess(c *gin.Context) error {
	before := time.Now()
	if text := c.Query("before"); text != "" {
		var err error
		if before, err = request.Moment(text); err != nil {
			return request.Invalid("before", "before is a time such as 2026-12-01T08:00:00Z: only files that were begun before it are counted.")
		}
	}
	ctx, caller := c.Request.Context(), request.Caller(c)
	published, err := spaces.CountPublished(ctx, r.All.Single(caller.Org), before)
	if err != nil {
		return err
	}
	q := r.query(c)
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]AccessView, error) {
		teachers, err := spaces.Teachers(ctx, q, after[0], limit)
		if err != nil {
			return nil, err
		}
		views := make([]AccessView, len(teachers))
		for i, t := range teachers {
			if views[i], err = r.accessOf(ctx, caller.Org, t, published, before); err != nil {
				return nil, err
			}
		}
		return views, nil
	}, func(v AccessView) AccessView { return v }, func(v AccessView) []uuid.UUID { return []uuid.UUID{v.User} })
}

// accessOf counts as the teacher would see it, in a transaction of theirs.
func (r *Spaces) accessOf(ctx context.Context, org tenancy.OrgID, t spaces.Teacher, published spaces.Published, before time.Time) (AccessView, error) {
	as := tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: t.UserID})
	a, err := spaces.AccessOf(as, r.DB.Single(org), published, before)
	return AccessView{User: t.UserID, Name: t.DisplayName, Readable: a.Readable, Hidden: a.Hidden}, err
}
