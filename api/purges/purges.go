// Package purges shows operators of what the cache in front of the content host was not
// told, and has it told again.
package purges

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/activities/edge"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Purges answers operators.
type Purges struct {
	DB *tenancy.DB // of the whole platform
}

// View is what was not told of one organization.
type View struct {
	Organization tenancy.OrgID `json:"organization_id"`
	State        edge.State    `json:"state"`
	Keys         int64         `json:"keys"`
	Oldest       time.Time     `json:"oldest_at"`
	Latest       time.Time     `json:"latest_at"`
}

// List counts the purges of one state, by organization.
func (r *Purges) List(c *gin.Context) error {
	state := edge.State(c.DefaultQuery("state", string(edge.GivenUp)))
	if !slices.Contains(edge.States, state) {
		return request.Invalid("state", "state is waiting or given_up.")
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]tenancy.EdgeBacklog, error) {
		return edge.Backlogs(c.Request.Context(), r.DB, state, after[0], limit)
	}, func(b tenancy.EdgeBacklog) View {
		return View{Organization: b.Org, State: state, Keys: b.Keys, Oldest: b.Oldest.UTC(), Latest: b.Latest.UTC()}
	}, func(b tenancy.EdgeBacklog) []uuid.UUID { return []uuid.UUID{b.Org.UUID()} })
}

type replayBody struct {
	Organization string `json:"organization_id"`
}

// Replay has the cache told what was given up of one organization.
func (r *Purges) Replay(c *gin.Context) error {
	in, err := request.Body[replayBody](c)
	if err != nil {
		return err
	}
	org, err := request.Subject(c, r.DB, in.Organization)
	if err != nil {
		return err
	}
	var keys int64
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		if keys, err = edge.Replay(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "edge.replay", ObjectID: org.String(), Code: strconv.FormatInt(keys, 10)})
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"organization_id": org, "keys": keys})
	return nil
}
