package webhooks

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// ReplayCreate refuses what the earlier try has made already: its secret is shown once,
// and what it was is sealed.
func (r *Webhooks) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	_, err = webhooks.Get(c.Request.Context(), r.DB.Single(org), e.ID)
	if errors.Is(err, webhooks.ErrNotFound) {
		return idempotency.NotCreated, nil
	}
	if err == nil {
		err = webhooks.ErrMade
	}
	return idempotency.NotCreated, err
}

// ReplayRotate refuses it alike.
func (r *Webhooks) ReplayRotate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, _, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return idempotency.NotCreated, err
	}
	made, err := webhooks.SecretMade(c.Request.Context(), r.DB.Single(org), e.ID)
	if err == nil && made {
		err = webhooks.ErrMade
	}
	return idempotency.NotCreated, err
}

// ReplayTest answers with the event that the earlier try has recorded.
func (r *Webhooks) ReplayTest(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, _, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return idempotency.NotCreated, err
	}
	found, err := events.Exists(c.Request.Context(), r.DB.Single(org), e.ID)
	if err != nil || !found {
		return idempotency.NotCreated, err
	}
	c.JSON(http.StatusAccepted, gin.H{"event_id": e.ID})
	return idempotency.Created, nil
}
