package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// operationView is long-running work that somebody asked for.
type operationView struct {
	ID        uuid.UUID        `json:"id"`
	Kind      string           `json:"kind"`
	State     operations.State `json:"state"`
	Steps     json.RawMessage  `json:"steps"`
	Result    json.RawMessage  `json:"result"`
	Error     json.RawMessage  `json:"error"`
	CreatedAt time.Time        `json:"created_at"`
	EndedAt   *time.Time       `json:"ended_at"`
}

func (a *API) getOperation(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return operations.ErrNotFound.Because(err)
	}
	org := caller(c).Org
	if named := c.Query("organization_id"); named != "" {
		if org, err = a.subject(c, named); err != nil {
			return err
		}
	}
	o, err := operations.Get(c.Request.Context(), a.DB.Once(org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, operationView{
		ID: o.ID, Kind: o.Kind, State: o.State, Steps: o.Steps, Result: o.Result, Error: o.Error,
		CreatedAt: o.CreatedAt.UTC(), EndedAt: utc(o.EndedAt),
	})
	return nil
}

// accepted answers that an operation of an organization has begun. An operator
// finds another organization's by naming it again.
func accepted(c *gin.Context, org tenancy.OrgID, id uuid.UUID) {
	address := "/api/v1/operations/" + id.String()
	if org != caller(c).Org {
		address += "?organization_id=" + org.String()
	}
	c.Header("Location", address)
	c.JSON(http.StatusAccepted, gin.H{"operation_id": id, "operation": address})
}
