package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

var (
	errJSON  = fault.New(fault.Invalid, "invalid_body", "The body is not the JSON object that this call takes. GET /api/v1/openapi.yaml describes it.")
	errMedia = fault.New(fault.Invalid, "unsupported_media_type", "Send the body as Content-Type: application/json.")
)

// keyNewID is where the middleware of Idempotency-Key leaves the id that the
// first try of this request was given.
const keyNewID = "satchel.new_id"

// newID gives the id of the thing that this request makes. Every handler that
// creates takes its id from here: a repeated request is then recognized by the
// key of the row itself, even when the process died before it could answer.
func newID(c *gin.Context) uuid.UUID {
	if id, ok := c.Value(keyNewID).(uuid.UUID); ok {
		return id
	}
	return tenancy.NewID()
}

// invalid refuses one field by its name.
func invalid(field, text string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_"+field, text, args...)
}

// body reads the JSON object of a request. A field that nobody knows is refused
// rather than ignored: it is likely a slip.
func body[T any](c *gin.Context) (T, error) {
	var v T
	media, _, err := mime.ParseMediaType(c.ContentType())
	if err != nil || media != "application/json" {
		return v, errMedia
	}
	d := json.NewDecoder(c.Request.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		var limit *http.MaxBytesError
		if errors.As(err, &limit) {
			return v, err
		}
		return v, errJSON.Because(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errJSON
	}
	return v, nil
}

// fileID reads the id of the path. What is not an id names no file.
func fileID(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return id, files.ErrNotFound.Because(err)
	}
	return id, nil
}

func versionNumber(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, files.ErrNotFound
	}
	return int32(n), nil
}

// orgParam reads an organization's id; what is not an id names none.
func orgParam(text string) (tenancy.OrgID, error) {
	org, err := tenancy.ParseOrgID(text)
	if err != nil {
		return org, tenancy.ErrNoOrganization.Because(err)
	}
	return org, nil
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

func limitParam(c *gin.Context) (int, error) {
	text := c.Query("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, invalid("limit", "limit is a number from 1 to %d.", maxLimit)
	}
	return n, nil
}

const maxWait = 60 * time.Second

// waitParam reads for how long the caller would wait for the final state.
func waitParam(c *gin.Context) (time.Duration, error) {
	text := c.Query("wait")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, invalid("wait", "wait is a duration such as 30s.")
	}
	return min(d, maxWait), nil
}
