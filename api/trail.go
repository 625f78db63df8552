package api

import (
	"context"
	"log/slog"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// records says what each route leaves in the trail, in the action's own
// transaction, or as a refusal. A route that changes something and is not here
// fails a test; routes that only read are here when they hand out bytes or the
// trail itself.
var records = map[string]string{
	"POST " + storage + "/upload": "file.upload",
	"POST " + tus:                 "file.upload",
	"PATCH " + tus + ":id":        "", // more bytes of an upload that is on record
	"DELETE " + tus + ":id":       "file.withdraw",

	"PATCH " + file:                         "file.change",
	"DELETE " + file:                        "file.trash",
	"POST " + file + "/restore":             "file.restore",
	"GET " + file + "/content":              "file.read",
	"GET " + file + "/versions/:n/content":  "file.read",
	"POST " + file + "/versions/:n/restore": "file.revert",

	"PUT " + admin + "/storage/quotas": "quota.set",
	"POST " + admin + "/storage/scan":  "storage.rescan",
	"POST " + admin + "/reconcile":     "storage.reconcile",

	"POST /api/v1/organizations":          "organization.create",
	"PATCH " + organization:               "organization.change",
	"DELETE " + organization:              "organization.delete",
	"POST " + organization + "/suspend":   "organization.suspend",
	"POST " + organization + "/resume":    "organization.resume",
	"POST " + organization + "/keep":      "organization.keep",
	"PATCH " + organization + "/policies": "policy.change",
	"PUT " + admin + "/tiers/:name":       "tier.set",

	"POST " + organization + "/members":                        "member.add",
	"PUT " + organization + "/members/:user":                   "member.change",
	"DELETE " + organization + "/members/:user":                "member.remove",
	"POST " + organization + "/leave":                          "member.leave",
	"POST " + organization + "/invitations":                    "invitation.create",
	"DELETE " + organization + "/invitations/:invitation":      "invitation.revoke",
	"POST " + organization + "/invitations/:invitation/resend": "invitation.resend",
	"POST /api/v1/invitations/accept":                          "invitation.accept",
	"POST /api/v1/invitations/decline":                         "invitation.decline",
	"POST " + organization + "/guardians":                      "guardian.add",
	"DELETE " + organization + "/guardians/:parent/:student":   "guardian.remove",

	"POST " + organization + "/keys":             "key.create",
	"POST " + organization + "/keys/:key/rotate": "key.rotate",
	"DELETE " + organization + "/keys/:key":      "key.revoke",

	"GET " + organization + "/audit":        "audit.read",
	"GET " + organization + "/audit/verify": "audit.read",
	"GET " + organization + "/audit/export": "audit.export",
}

// trail follows one request until it is answered, and records its refusal.
func (a *API) trail(action string) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, attempt := audit.Begin(c.Request.Context(), action)
		c.Request = c.Request.WithContext(ctx)
		c.Next()
		actor, ok := c.Value(keyActor).(tenancy.Actor)
		if !ok {
			return // nobody of any organization: the log and the metrics know of it
		}
		// The caller may have hung up: what they tried stays on record.
		ctx = tenancy.WithActor(context.WithoutCancel(ctx), actor)
		if err := attempt.Conclude(ctx, a.DB.Once(actor.Org), objectOf(c), &a.refusals); err != nil {
			a.Log.ErrorContext(ctx, "a refusal is not on record", slog.String("request_id", requestID(c)), slog.Any("error", err))
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
