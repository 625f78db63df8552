package storage

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/delivery"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/types"
	"satchel/tenancy"
)

var errGone = fault.New(fault.Conflict, "not_available", "This version was never published, or is no longer kept. Its status_reason says why.")

// readable says whether the bytes of a version may leave. Only one answer is
// yes; a state that no one foresaw is no.
func readable(v files.View) error {
	switch v.Effective() {
	case files.Published:
		return nil
	case files.Quarantined:
		return files.ErrQuarantined
	case files.Uploading, files.Processing, files.Held:
		return files.ErrNotPublished
	case files.Deleted:
		if v.TrashedAt != nil {
			return files.ErrInTrash
		}
	case files.Rejected, files.Failed, files.Expired:
	}
	return errGone
}

// GetContent sends a file's bytes.
func (r *Storage) GetContent(c *gin.Context) error {
	v, err := r.find(c)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet && v.Effective() == files.Published {
		r.used(c, v)
	}
	return r.send(c, v)
}

// GetVersionContent sends a version's bytes.
func (r *Storage) GetVersionContent(c *gin.Context) error {
	v, err := r.findVersion(c, c.Param("n"))
	if err != nil {
		return err
	}
	return r.send(c, v)
}

// send lets the original leave, always as an attachment.
func (r *Storage) send(c *gin.Context, v files.View) error {
	if err := readable(v); err != nil {
		return err
	}
	name, mediaType, err := r.leavesAs(c, v)
	if err != nil {
		return err
	}
	return delivery.Serve(c.Writer, c.Request, r.Clean, delivery.Content{
		Key: files.ContentKey(v.OrganizationID, v.VersionID), ObjectETag: v.ObjectEtag, Tag: v.Sha256,
		Name: name, Type: mediaType, Size: v.Size, Modified: *v.PublishedAt,
		OnStart: func() error { return r.recordRead(c, v) },
	})
}

// leavesAs is the name and the Content-Type with which an original leaves.
func (r *Storage) leavesAs(c *gin.Context, v files.View) (name, mediaType string, err error) {
	row, known := types.ByMediaType(v.MimeType)
	if !known {
		return v.Name, v.MimeType, nil
	}
	native := false
	if row.Script {
		policies, err := tenancy.GetPolicies(c.Request.Context(), r.DB.Single(request.Caller(c).Org))
		if err != nil {
			return "", "", err
		}
		native = types.RulesOf(policies.Switches, nil, nil, false).NativeScripts()
	}
	return types.DeliveryName(v.Name, v.MimeType, native), row.Delivered(), nil
}

// recordRead puts into the audit log that someone was handed a version's bytes,
// before the first one leaves; an answer without bytes, as to HEAD or of what the
// client has already, leaves no row. What cannot be recorded is not handed out. A
// player that asks for a hundred ranges of one video leaves one row an hour.
// Previews leave none: a page of thumbnails would bury the rest.
func (r *Storage) recordRead(c *gin.Context, v files.View) error {
	event := audit.Event{Action: "file.read", ObjectID: v.FileID.String(), Code: fmt.Sprintf("version_%d", v.Number)}
	q := r.DB.Single(request.Caller(c).Org)
	if c.GetHeader("Range") != "" {
		known, err := audit.ListRecent(c.Request.Context(), q, event, time.Hour)
		if err != nil || known {
			return err
		}
	}
	return audit.Record(c.Request.Context(), q, event)
}

// GetRendition sends a preview, of the published version unless the query names
// another.
func (r *Storage) GetRendition(c *gin.Context) error {
	v, err := r.find(c)
	if n := c.Query("version"); err == nil && n != "" {
		v, err = r.findVersion(c, n)
	}
	if err != nil {
		return err
	}
	if err := readable(v); err != nil {
		return err
	}
	org := v.OrganizationID
	made, err := files.GetRendition(c.Request.Context(), r.DB.Single(org), v.VersionID, c.Param("name"))
	if fault.KindOf(err) == fault.NotFound {
		made, err = r.pageOnDemand(c.Request.Context(), v, c.Param("name"))
	}
	if err != nil {
		return err
	}
	return delivery.Serve(c.Writer, c.Request, r.Clean, delivery.Content{
		Key: files.RenditionKey(org, v.VersionID, made.Name), ObjectETag: made.Etag, Tag: "r-" + strings.Trim(made.Etag, `"`),
		Name: made.Name, Type: made.MimeType, Size: made.Size, Modified: *v.PublishedAt, Inline: true,
	})
}
