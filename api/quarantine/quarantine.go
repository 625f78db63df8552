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

// read groups the rows by organization; they come in its order.
func (r *Quarantine) read(ctx context.Context, after tenancy.OrgID, limit int) ([]View, error) {
	rows, err := r.DB.Quarantine(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	var views []View
	for _, l := range rows {
		if n := len(views); n == 0 || views[n-1].Organization != l.Org {
			views = append(views, View{Organization: l.Org})
		}
		v := &views[len(views)-1]
		v.Findings = append(v.Findings, Finding{Status: files.Status(l.Status), Finding: l.Finding, Versions: l.Versions, First: l.First.UTC(), Last: l.Last.UTC()})
	}
	return views, nil
}
