// Package consentpage draws the page on which a parent reads the notice and answers, or
// withdraws a consent. It needs no script, no account and no cookie, and works on a phone. It
// knows nothing of rows; a View holds all that it shows.
package consentpage

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/language"

	"satchel/internal/mailtext"
)

// Path is where the page is.
const Path = "/consent/:token"

// States of the page beyond those of a link (policies/consent/requests).
const (
	Unknown = "unknown"
	Failed  = "failed"
	Crowded = "crowded"
)

// View is what the page shows. Every text in it may be hostile.
type View struct {
	What         string // what the holder of the link meets
	Token        string // of the address that the forms are sent to
	Organization string
	Child        string
	Contact      string
	Until        time.Time
	Language     string // of the mail, for a browser that asks for none
	Written      string // the language of the notice
	Version      int32
	SHA256       string
	Online       string // address of the full notice
	Blocks       func(language string) []mailtext.Block
	Disclosure   bool // the notice names others who would get data: a question of its own
	Missing      bool // a question was not answered
	Disagree     bool // another guardian answered otherwise
	Withdraw     string
	RetryAfter   string
}

// statusOf is the answer's status. A link that is over is told so to who holds it.
func statusOf(what string) int {
	switch what {
	case "ask", "withdraw", "agreed", "refused", "withdrawn":
		return http.StatusOK
	case Unknown:
		return http.StatusNotFound
	case Failed:
		return http.StatusServiceUnavailable
	case Crowded:
		return http.StatusTooManyRequests
	}
	return http.StatusGone
}

//go:embed page.html
var source string

//go:embed page.css
var style string

// Key goes with each form. It follows from the token, which no other site knows, so that no
// other site can send the form.
func Key(token string) string {
	h := sha256.Sum256([]byte("consent form\x00" + token))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// IsKey compares it.
func IsKey(token, key string) bool {
	return subtle.ConstantTimeCompare([]byte(Key(token)), []byte(key)) == 1
}

var page = template.Must(template.New("consent").Parse(strings.Replace(source, "{{style}}", style, 1)))

var (
	names   = languages()
	matcher = language.NewMatcher(tags())
)

func languages() []string {
	all := []string{mailtext.Fallback}
	for _, name := range mailtext.Languages() {
		if name != mailtext.Fallback {
			all = append(all, name)
		}
	}
	return all
}

func tags() []language.Tag {
	all := make([]language.Tag, len(names))
	for i, name := range names {
		all[i] = language.MustParse(name)
	}
	return all
}

// Languages lists those of the page.
func Languages() []string { return names }

// drawing is a view for the template.
type drawing struct {
	View
	Lang string
}

// T is a text of the page.
func (d drawing) T(key string) string { return mailtext.Text(d.Lang, "consent.page."+key) }

// Key is that of the page's forms.
func (d drawing) Key() string { return Key(d.Token) }

// WithdrawKey is that of the form that withdraws what was answered just now.
func (d drawing) WithdrawKey() string { return Key(d.Withdraw) }

// Parts are those of the notice.
func (d drawing) Parts() []mailtext.Block {
	if d.Blocks == nil {
		return nil
	}
	return d.Blocks(d.Lang)
}

// Date writes a moment in UTC: the page has no script that knows the reader's zone.
func (d drawing) Date() string { return d.Until.UTC().Format("2006-01-02 15:04 UTC") }

// Others lists the other languages of the page.
func (d drawing) Others() []string {
	var others []string
	for _, n := range names {
		if n != d.Lang {
			others = append(others, n)
		}
	}
	return others
}

// Name is a language's own name.
func (d drawing) Name(lang string) string { return mailtext.Text(lang, "language") }

// Write answers with the page. A HEAD gets its headers.
func Write(w http.ResponseWriter, r *http.Request, v View) error {
	_, at := language.MatchStrings(matcher, r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"), v.Language)
	var b bytes.Buffer
	if err := page.Execute(&b, drawing{View: v, Lang: names[at]}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", names[at])
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src "+styleHash)
	// Not no-referrer: a browser then sends the form with `Origin: null` (Fetch, 3.2), which is refused.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Cache-Control", "no-store")
	if v.RetryAfter != "" {
		h.Set("Retry-After", v.RetryAfter)
	}
	status := statusOf(v.What)
	if v.Missing {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // a reader who is gone reads nothing
	}
	return nil
}

var styleHash = func() string {
	h := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}()
