// Package quarantine shows operators how much of each organization is locked away, and for
// what. It names no file and no person: what they are is their organization's to see.
package quarantine

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/tenancy"
)

// Quarantine answers operators.
type Quarantine struct {
	DB *tenancy.DB // of the whole platform
}

// Finding is how many versions are locked away for one reason.
type Finding struct {
	Status   files.Status `json:"status"`
	Finding  string       `json:"finding"` // the name of the signature, or the code for which it is held back
	Versions int64        `json:"versions"`
	First    time.Time    `json:"first_at"`
	Last     time.Time    `json:"last_at"`
}

// View is what is locked away of one organization.
type View struct {
	Organization tenancy.OrgID `json:"organization_id"`
	Findings     []Finding     `json:"findings"`
}

// List counts what is locked away, by organization. Organizations that have nothing are
// left out.
func (r *Quarantine) List(c *gin.Context) error {
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]View, error) {
		return r.read(c.Request.Context(), tenancy.OrgID(after[0]), limit)
	}, func(v View) View { return v }, func(v View) []uuid.UUID { return []uuid.UUID{v.Organization.UUID()} })
}

// batch is how many organizations are looked up at once.
const batch = 200

// read asks each organization in turn, since a row of one is seen only by a statement that
// is bound to it.
func (r *Quarantine) read(ctx context.Context, after tenancy.OrgID, limit int) ([]View, error) {
	var views []View
	for {
		orgs, err := r.DB.Organizations(ctx, after, batch)
		if err != nil {
			return nil, err
		}
		for _, org := range orgs {
			locked, err := files.CountLocked(ctx, r.DB.Single(org))
			if err != nil {
				return nil, err
			}
			if len(locked) > 0 {
				views = append(views, show(org, locked))
			}
			if len(views) == limit {
				return views, nil
			}
			after = org
		}
		if len(orgs) < batch {
			return views, nil
		}
	}
}

func show(org tenancy.OrgID, locked []files.Locked) View {
	v := View{Organization: org, Findings: make([]Finding, len(locked))}
	for i, l := range locked {
		v.Findings[i] = Finding{Status: files.Status(l.Status), Finding: l.Finding, Versions: l.Versions, First: l.FirstAt.UTC(), Last: l.LastAt.UTC()}
	}
	return v
}
