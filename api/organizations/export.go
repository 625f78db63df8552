package organizations

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/delivery"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// Export begins a copy of everything that an organization has. While one is
// being made, that one is the answer.
func (r *Organizations) Export(c *gin.Context) error {
	org, err := r.lifecycle(c)
	if err != nil {
		return err
	}
	id := request.NewID(c)
	op, err := r.Workflows.Export(c.Request.Context(), request.Caller(c), org, id)
	if err == nil && op != id {
		err = request.SetIdempotencyID(c, op)
	}
	if err != nil {
		return err
	}
	request.Accepted(c, org, op)
	return nil
}

// GetExport sends one part of a copy.
func (r *Organizations) GetExport(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("operation"))
	if err != nil {
		return exports.ErrNotFound.Because(err)
	}
	number, err := strconv.Atoi(c.Param("part"))
	if err != nil || number < 1 || number > 1<<30 {
		return exports.ErrNotFound
	}
	part, export, err := exports.CheckReady(c.Request.Context(), r.DB.Single(org), id, number)
	if err != nil {
		return err
	}
	return delivery.Serve(c.Writer, c.Request, r.Exports, delivery.Content{
		Key: part.Key, ObjectETag: part.ETag, Tag: part.SHA256, Name: fmt.Sprintf("satchel-export-%s-%d.zip", id, number),
		Type: "application/zip", Size: part.Size, Modified: export.CreatedAt,
		OnStart: func() error { return r.recordExport(c, org, id, number) },
	})
}

// recordExport puts into the audit log of the organization that someone was handed a
// part. A download that goes on where it stopped leaves no second row in the hour.
func (r *Organizations) recordExport(c *gin.Context, org tenancy.OrgID, id uuid.UUID, number int) error {
	event := audit.Event{Action: "export.read", ObjectID: id.String(), Code: fmt.Sprintf("part_%d", number)}
	while := time.Duration(0)
	if c.GetHeader("Range") != "" {
		while = time.Hour
	}
	entry, err := audit.Prepare(c.Request.Context(), org, event, while)
	if err != nil {
		return err
	}
	return audit.RecordAll(c.Request.Context(), r.DB.Single(org), []audit.Entry{entry})
}
