// Package privacypage draws the privacy notice of an organization for anybody. It needs no
// script, no account and no cookie. It knows nothing of rows; a View holds all that it shows.
package privacypage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// Path is where the page is.
const Path = "/privacy/:id"

// View is what the page shows. Every text in it may be hostile.
type View struct {
	Organization  string
	Contact       string // whom parents ask; empty: no one is recorded
	AsOf          time.Time
	Gate          string // of collection from children
	Purposes      []string
	Notice        *Notice // what parents are told; nil: nothing is published
	Subprocessors []Subprocessor
	Retention     []Retention
}

// Notice is the newest version of the direct notice.
type Notice struct {
	Number           int32
	Language, SHA256 string
	Parts            []string
}

// Subprocessor is one who gets data.
type Subprocessor struct {
	Name, Purpose, Categories, Location string
	Since                               time.Time
}

// Retention is a rule of retention.
type Retention struct {
	Category              string
	Children              bool
	Purpose, BusinessNeed string
	Days                  *int32
}

//go:embed page.html
var source string

//go:embed page.css
var style string

var page = template.Must(template.New("privacy").Parse(strings.Replace(source, "{{style}}", style, 1)))

var styleHash = func() string {
	h := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}()

// Date writes the day on which it was made, in UTC.
func (v View) Date() string { return v.AsOf.UTC().Format(time.DateOnly) }

// Write answers with the page. A HEAD gets its headers.
func Write(w http.ResponseWriter, r *http.Request, v View) error {
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", "en")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; style-src "+styleHash)
	h.Set("Cache-Control", "no-store") // what is in force now
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // a reader who is gone reads nothing
	}
	return nil
}
