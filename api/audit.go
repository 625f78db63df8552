package api

import (
	"context"
	"log/slog"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// auditActions says what each route leaves in the trail, in the action's own
// transaction, or as a refusal. A route that changes something and is not here
// fails a test; routes that only read are here when they hand out bytes or the
// trail itself.
var auditActions = map[string]string{
	"POST " + storagePath + "/upload": "file.upload",
	"POST " + tusPath:                 "file.upload",
	"PATCH " + tusPath + ":id":        "", // more bytes of an upload that is on record
	"DELETE " + tusPath + ":id":       "file.withdraw",

	"PATCH " + filePath:                         "file.change",
	"DELETE " + filePath:                        "file.trash",
	"POST " + filePath + "/restore":             "file.restore",
	"GET " + filePath + "/content":              "file.read",
	"GET " + filePath + "/versions/:n/content":  "file.read",
	"POST " + filePath + "/versions/:n/restore": "file.revert",

	"PUT " + adminPath + "/storage/quotas": "quota.set",
	"POST " + adminPath + "/storage/scan":  "storage.rescan",
	"POST " + adminPath + "/reconcile":     "storage.reconcile",

	"POST /api/v1/organizations":                            "organization.create",
	"PATCH " + organizationPath:                             "organization.change",
	"DELETE " + organizationPath:                            "organization.delete",
	"POST " + organizationPath + "/suspend":                 "organization.suspend",
	"POST " + organizationPath + "/resume":                  "organization.resume",
	"POST " + organizationPath + "/keep":                    "organization.keep",
	"PATCH " + organizationPath + "/policies":               "policy.change",
	"POST " + organizationPath + "/export":                  "organization.export",
	"GET " + organizationPath + "/exports/:operation/:part": "export.read",
	"PUT " + adminPath + "/tiers/:name":                     "tier.set",

	"POST " + organizationPath + "/members":                        "member.add",
	"PUT " + organizationPath + "/members/:user":                   "member.change",
	"DELETE " + organizationPath + "/members/:user":                "member.remove",
	"POST " + organizationPath + "/leave":                          "member.leave",
	"POST " + organizationPath + "/invitations":                    "invitation.create",
	"DELETE " + organizationPath + "/invitations/:invitation":      "invitation.revoke",
	"POST " + organizationPath + "/invitations/:invitation/resend": "invitation.resend",
	"POST /api/v1/invitations/look":                                "", // a question whose token should be in no log
	"POST /api/v1/invitations/accept":                              "invitation.accept",
	"POST /api/v1/invitations/decline":                             "invitation.decline",
	"POST " + organizationPath + "/guardians":                      "guardian.add",
	"DELETE " + organizationPath + "/guardians/:parent/:student":   "guardian.remove",

	"POST " + organizationPath + "/keys":             "key.create",
	"POST " + organizationPath + "/keys/:key/rotate": "key.rotate",
	"DELETE " + organizationPath + "/keys/:key":      "key.revoke",

	"GET " + organizationPath + "/audit":        "audit.read",
	"GET " + organizationPath + "/audit/verify": "audit.read",
	"GET " + organizationPath + "/audit/export": "audit.export",
}

// recordRefusal follows one request until it is answered, and records its refusal.
func (a *API) recordRefusal(action string) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, attempt := audit.Begin(c.Request.Context(), action)
		c.Request = c.Request.WithContext(ctx)
		c.Next()
		actor, ok := request.Actor(c)
		if !ok {
			return // nobody of any organization: the log and the metrics know of it
		}
		// The caller may have hung up: what they tried stays on record.
		ctx = tenancy.WithActor(context.WithoutCancel(ctx), actor)
		if err := attempt.Conclude(ctx, a.DB.Single(actor.Org), objectOf(c), &a.refusals); err != nil {
			a.Log.ErrorContext(ctx, "a refusal is not on record", slog.String("request_id", request.ID(c)), slog.Any("error", err))
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
