package api

import (
	"context"
	"log/slog"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/policies/disclosure"
	"satchel/tenancy"
)

// recordRefusal follows one request until it is answered, and records its refusal.
func (a *API) recordRefusal(action string) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, attempt := audit.Begin(c.Request.Context(), action)
		c.Request = c.Request.WithContext(ctx)
		c.Next()
		actor, ok := request.Actor(c)
		if !ok {
			return // no one of any organization: the log and the metrics know of it
		}
		// The caller may have hung up: what they tried stays on record.
		ctx = tenancy.WithActor(context.WithoutCancel(ctx), actor)
		if err := attempt.Conclude(ctx, a.DB.Single(actor.Org), objectOf(c), &a.refusals); err != nil {
			a.Log.ErrorContext(ctx, "record refusal in audit log failed", slog.String("request_id", request.ID(c)), slog.Any("error", err))
		}
		if r := request.RefusedDisclosure(c); r != nil {
			if err := disclosure.NoteRefused(ctx, a.DB.Single(actor.Org), r); err != nil {
				a.Log.ErrorContext(ctx, "record refused disclosure failed", slog.String("request_id", request.ID(c)), slog.Any("error", err))
			}
		}
	}
}

// objectOf is the id that a request names, if it is one.
func objectOf(c *gin.Context) string {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return ""
	}
	return id.String()
}
