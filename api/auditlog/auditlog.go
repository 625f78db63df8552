// Package auditlog answers to those who look into an organization's audit log.
package auditlog

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Workflows verifies an organization's audit log. It gives the operation, which is
// not the one of the given id while another verification runs.
type Workflows interface {
	VerifyAuditLog(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) (uuid.UUID, error)
}

// AuditLog answers for audit logs.
type AuditLog struct {
	DB        *tenancy.DB
	Workflows Workflows
	Log       *slog.Logger
}

// List shows the audit log page by page.
func (r *AuditLog) List(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	f, err := listFilter(c)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	if f.Before == 0 { // one look at the audit log is one event, however many pages it has
		if err := audit.Record(ctx, q, audit.Event{Action: "audit.read", ObjectID: org.String()}); err != nil {
			return err
		}
	}
	lines, err := audit.List(ctx, q, f)
	if err != nil {
		return err
	}
	next := ""
	if len(lines) == f.Limit {
		next = strconv.FormatInt(lines[len(lines)-1].Seq, 10)
	}
	c.JSON(http.StatusOK, request.Page[audit.Line]{Items: lines, NextCursor: next})
	return nil
}

func listFilter(c *gin.Context) (audit.Filter, error) {
	f := audit.Filter{Action: c.Query("action"), Actor: c.Query("actor"), ObjectID: c.Query("object_id"), Result: audit.Result(c.Query("result"))}
	var err error
	if f.Limit, err = request.Limit(c); err != nil {
		return f, err
	}
	if f.From, err = request.Time(c, "from"); err != nil {
		return f, err
	}
	if f.To, err = request.Time(c, "to"); err != nil {
		return f, err
	}
	if cursor := c.Query("cursor"); cursor != "" {
		if f.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || f.Before < 1 {
			return f, request.ErrCursor
		}
	}
	switch {
	case f.Action != "" && !audit.Known(f.Action):
		return f, request.Invalid("action", "There is no action of this name. docs/audit.md lists them.")
	case f.Result != "" && !slices.Contains(audit.Results, f.Result):
		return f, request.Invalid("result", "result is one of done, denied, failed.")
	case !request.IsText(f.Actor, 100), !request.IsText(f.ObjectID, 100):
		return f, request.Invalid("query", "actor and object_id are ids.")
	}
	return f, nil
}

// Verify begins to verify the whole audit log. While it is being verified, that
// operation is the answer.
func (r *AuditLog) Verify(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	id := request.NewID(c)
	op, err := r.Workflows.VerifyAuditLog(c.Request.Context(), request.Caller(c), org, id)
	if err == nil && op != id {
		err = request.SetIdempotencyID(c, op)
	}
	if err != nil {
		return err
	}
	request.Accepted(c, org, op)
	return nil
}

// ReplayVerify answers with the operation that the earlier try began.
func (r *AuditLog) ReplayVerify(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.Operation(c, r.DB, org, e)
}

var errNoExport = fault.New(fault.Denied, "feature_not_in_tier", "Your organization's tier does not include exporting the audit log. GET …/audit shows it page by page.")

// Export sends every event, or those of a time, as a line of JSON each, in their
// order and without a gap, as `satchel audit verify FILE` and docs/audit.md take
// it.
func (r *AuditLog) Export(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	from, err := request.Time(c, "from")
	if err != nil {
		return err
	}
	to, err := request.Time(c, "to")
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	if !request.Caller(c).IsOperator() {
		err := tenancy.RequireFeature(ctx, q, tenancy.FeatureAuditExport)
		if errors.Is(err, tenancy.ErrFeature) {
			return errNoExport
		}
		if err != nil {
			return err
		}
	}
	if err := audit.Record(ctx, q, audit.Event{Action: "audit.export", ObjectID: org.String()}); err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Content-Disposition", `attachment; filename="audit-`+org.String()+`.ndjson"`)
	c.Status(http.StatusOK)
	lines := json.NewEncoder(c.Writer)
	lines.SetEscapeHTML(false)
	err = audit.EachBetween(ctx, q, from, to, func(l audit.Line) error { return lines.Encode(l) })
	if err != nil && c.Writer.Written() {
		r.Log.WarnContext(ctx, "write audit log export failed", "request_id", request.ID(c), "error", err)
		panic(http.ErrAbortHandler) // a half export must not look whole
	}
	return err
}
