package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

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
	o, err := operations.Get(c.Request.Context(), a.DB.Once(caller(c).Org), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, operationView{
		ID: o.ID, Kind: o.Kind, State: o.State, Steps: o.Steps, Result: o.Result, Error: o.Error,
		CreatedAt: o.CreatedAt.UTC(), EndedAt: utc(o.EndedAt),
	})
	return nil
}

// accepted answers that an operation has begun.
func accepted(c *gin.Context, id uuid.UUID) {
	c.Header("Location", "/api/v1/operations/"+id.String())
	c.JSON(http.StatusAccepted, gin.H{"operation_id": id, "operation": "/api/v1/operations/" + id.String()})
}
