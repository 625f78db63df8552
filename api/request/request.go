// Package request holds what handlers share: parsing of bodies, parameters and
// pages, the caller, and failures.
package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
)

var (
	errJSON  = fault.New(fault.Invalid, "invalid_body", "The body is not the JSON object that this call takes. GET /api/v1/openapi.yaml describes it.")
	errDeep  = fault.New(fault.Invalid, "body_too_deep", "The body's objects and lists are nested more than %d deep, which no call takes.", maxDepth)
	errSlow  = fault.New(fault.Invalid, "body_timeout", "The body did not come whole in its time. Send it again, at once.")
	errText  = fault.New(fault.Invalid, "invalid_text", "A text of the body holds the character U+0000 or bytes that are not UTF-8, which no text of this API has. Take them out.")
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

// HasClaimedID says whether another try of this request may make the thing of the same id.
func HasClaimedID(c *gin.Context) bool {
	_, ok := c.Value(keyNewID).(uuid.UUID)
	return ok
}

// SetNewID gives the request the id of its first try.
func SetNewID(c *gin.Context, id uuid.UUID) { c.Set(keyNewID, id) }

const keyOnID = "satchel.naming"

// OnIdempotencyID says who keeps the id when a handler learns only on its way what its
// request makes.
func OnIdempotencyID(c *gin.Context, keep func(uuid.UUID) error) { c.Set(keyOnID, keep) }

// SetIdempotencyID tells under which id a repeated request would find what this one makes.
// It is called before anything is made.
func SetIdempotencyID(c *gin.Context, id uuid.UUID) error {
	if keep, ok := c.Value(keyOnID).(func(uuid.UUID) error); ok {
		return keep(id)
	}
	return nil
}

// Invalid refuses one field by its name.
func Invalid(field, text string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_"+field, text, args...)
}

// QueryID reads an id of the query; nil where there is none. What it is the id of stands in the refusal of another text.
func QueryID(c *gin.Context, name, what string) (*uuid.UUID, error) {
	text := c.Query(name)
	if text == "" {
		return nil, nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return nil, Invalid(name, "%s is the id of a %s.", name, what)
	}
	return &id, nil
}

// Body reads the JSON object of a request. A field that no one knows is refused
// rather than ignored: it is likely a slip.
func Body[T any](c *gin.Context) (T, error) {
	var v T
	media, _, err := mime.ParseMediaType(c.ContentType())
	if err != nil || media != "application/json" {
		return v, errMedia
	}
	text, err := io.ReadAll(c.Request.Body) // which is bounded
	if err != nil {
		return v, BodyError(err)
	}
	if tooDeep(text) {
		return v, errDeep
	}
	if !utf8.Valid(text) || holdsNUL(text) {
		return v, errText
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, errJSON.Because(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errJSON
	}
	return v, nil
}

// BodyError tells a body that was too long or too slow from one that broke off.
func BodyError(err error) error {
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlow.Because(err)
	}
	return errJSON.Because(err)
}

// maxDepth is far above any body of this API. A decoder follows each level with a
// call of its own, and a megabyte holds half a million.
const maxDepth = 32

// tooDeep counts brackets outside of strings. Whether they match is the
// decoder's to say.
func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

// holdsNUL finds the escape of U+0000, which Postgres holds in no text: refused here, no
// handler can forget it. The character itself is no JSON.
func holdsNUL(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(text[i+1:], []byte("u0000")) {
			return true
		}
		i++ // another escape, also that of a backslash
	}
	return false
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

// Flag reads a flag of the query; without one it is false.
func Flag(c *gin.Context, name string) (bool, error) {
	switch c.DefaultQuery(name, "false") {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, Invalid(name, "%s is true or false.", name)
}

// Time reads a moment of the query; without one it is the zero time.
func Time(c *gin.Context, name string) (time.Time, error) {
	text := c.Query(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := Moment(text)
	if err != nil {
		return t, Invalid(name, "%s is a time such as 2026-01-31T00:00:00Z.", name)
	}
	return t, nil
}

var errYear = errors.New("the year is not from 1 to 9999")

// Moment reads a time of RFC 3339. The year 0, which Go reads, is none of the database's.
func Moment(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if year := t.UTC().Year(); err == nil && (year < 1 || year > 9999) {
		return time.Time{}, errYear
	}
	return t, err
}

const maxWait = 60 * time.Second

// Wait reads for how long the caller would wait for the final state.
func Wait(c *gin.Context) (time.Duration, error) {
	text := c.Query("wait")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, Invalid("wait", "wait is a number of seconds such as 30.")
	}
	return min(time.Duration(n)*time.Second, maxWait), nil
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

// CheckLimits refuses limits that no quota can have.
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

// Cell keeps a spreadsheet from taking a text for a formula: what begins like one gets an
// apostrophe before it (OWASP, CSV Injection).
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// JSON answers with v, and with its length beforehand: the caller has all of it when the last byte is there, and need
// not wait for what is done about the request behind the answer, such as its line in the log.
func JSON(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	c.Header("Content-Length", strconv.Itoa(len(body)))
	c.Data(status, "application/json; charset=utf-8", body)
	return nil
}
