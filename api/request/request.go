// Package request is how handlers read what was asked and say what every answer
// says alike: bodies, parameters, pages, who is calling, failures.
package request

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

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

// NewID gives the id of the thing that this request makes. Every handler that
// creates takes its id from here: a repeated request is then recognized by the
// key of the row itself, even when the process died before it could answer.
func NewID(c *gin.Context) uuid.UUID {
	if id, ok := c.Value(keyNewID).(uuid.UUID); ok {
		return id
	}
	return tenancy.NewID()
}

// Invalid refuses one field by its name.
func Invalid(field, text string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_"+field, text, args...)
}

// Body reads the JSON object of a request. A field that nobody knows is refused
// rather than ignored: it is likely a slip.
func Body[T any](c *gin.Context) (T, error) {
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

// OptionalBody is Body for calls that mean something without one.
func OptionalBody[T any](c *gin.Context) (T, error) {
	if c.Request.ContentLength == 0 {
		var none T
		return none, nil
	}
	return Body[T](c)
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// Limit reads how many items a page holds at most.
func Limit(c *gin.Context) (int, error) {
	text := c.Query("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, Invalid("limit", "limit is a number from 1 to %d.", maxLimit)
	}
	return n, nil
}

const maxWait = 60 * time.Second

// Wait reads for how long the caller would wait for the final state.
func Wait(c *gin.Context) (time.Duration, error) {
	text := c.Query("wait")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, Invalid("wait", "wait is a duration such as 30s.")
	}
	return min(d, maxWait), nil
}

// maxSeconds is above every span that a call takes, and far from where a
// duration overflows.
const maxSeconds = 10 * 366 * 24 * 3600

// Seconds reads a span; what the domain allows is the domain's to say.
func Seconds(field string, n *int64, otherwise time.Duration) (time.Duration, error) {
	switch {
	case n == nil:
		return otherwise, nil
	case *n < 0 || *n > maxSeconds, *n == 0 && field == "expires_in":
		return 0, Invalid(field, "%s is a number of seconds that this call takes. GET /api/v1/openapi.yaml describes it.", field)
	}
	return time.Duration(*n) * time.Second, nil
}

// IsText keeps out what the database cannot hold.
func IsText(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && !slices.Contains([]byte(s), 0)
}

// CheckLimits refuses what no quota can be.
func CheckLimits(maxBytes, maxFileSize *int64) error {
	if maxBytes != nil && *maxBytes < 0 {
		return Invalid("max", "max is a number of bytes and not negative.")
	}
	if maxFileSize != nil && *maxFileSize < 1 {
		return Invalid("max_file_size", "max_file_size is a number of bytes of at least 1.")
	}
	return nil
}

// UTC is the time as answers show it.
func UTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
