package rosters

import (
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/rosters"
)

// PickupView is a package that was found in the inbox folder. Its import has the same
// id, when there is one.
type PickupView struct {
	ID      uuid.UUID           `json:"id"`
	Source  uuid.UUID           `json:"source_id"`
	Name    string              `json:"name"`
	Size    int64               `json:"size"`
	State   rosters.PickupState `json:"state"`
	Code    string              `json:"code,omitempty"`
	MovedTo string              `json:"moved_to,omitempty"`
	Import  *uuid.UUID          `json:"import_id"`
	SeenAt  time.Time           `json:"seen_at"`
	TakenAt *time.Time          `json:"taken_at"`
	EndedAt *time.Time          `json:"ended_at"`
}

func showPickup(p rosters.Pickup) PickupView {
	v := PickupView{ID: p.ID, Source: p.Source, Name: p.Name, Size: p.Size, State: p.State, Code: p.Code, MovedTo: p.MovedTo,
		SeenAt: p.SeenAt.UTC(), TakenAt: request.UTC(p.TakenAt), EndedAt: request.UTC(p.EndedAt)}
	if p.TakenAt != nil && p.Code == "" {
		v.Import = &p.ID
	}
	return v
}

// ListPickups lists what was found in the inbox folder, the newest first.
func (r *Rosters) ListPickups(c *gin.Context) error {
	org, err := r.organization(c)
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]rosters.Pickup, error) {
		return rosters.ListPickups(c.Request.Context(), r.DB.Single(org), after[0], limit)
	}, showPickup, func(p rosters.Pickup) []uuid.UUID { return []uuid.UUID{p.ID} })
}
