package storage

import (
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/request"
	"satchel/files"
)

// GetContent sends a file's bytes.
func (r *Storage) GetContent(c *gin.Context) error {
	v, err := r.look(c)
	if err != nil {
		return err
	}
	return r.send(c, v)
}

// GetVersionContent sends a version's bytes.
func (r *Storage) GetVersionContent(c *gin.Context) error {
	v, err := r.lookVersion(c, c.Param("n"))
	if err != nil {
		return err
	}
	return r.send(c, v)
}

// send lets the original leave.
func (r *Storage) send(c *gin.Context, v files.View) error {
	if err := content.Readable(v); err != nil {
		return err
	}
	leaving, err := r.Contents.Original(c.Request.Context(), content.Of(v))
	if err != nil {
		return err
	}
	while := time.Duration(0)
	if c.GetHeader("Range") != "" {
		while = time.Hour // of ranges there is one row an hour
	}
	leaving.OnStart, leaving.Durable = r.Reads.Reading(c.Request.Context(), content.Of(v), while)
	leaving.Still = func() error {
		_, err := content.GetReadable(c.Request.Context(), r.DB.Single(request.Caller(c).Org), v.FileID, v.VersionID)
		return err
	}
	return delivery.Serve(c.Writer, c.Request, r.Clean, leaving)
}

// GetRendition sends a preview, of the published version unless the query names
// another.
func (r *Storage) GetRendition(c *gin.Context) error {
	find := r.look
	if n := c.Query("version"); n != "" {
		find = func(c *gin.Context) (files.View, error) { return r.lookVersion(c, n) }
	}
	v, err := find(c)
	if err != nil {
		return err
	}
	if err := content.Readable(v); err != nil {
		return err
	}
	leaving, err := r.Contents.Rendition(c.Request.Context(), content.Of(v), c.Param("name"))
	if err != nil {
		return err
	}
	return delivery.Serve(c.Writer, c.Request, r.Clean, leaving)
}
