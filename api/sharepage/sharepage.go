// Package sharepage draws the page that a visitor of a share meets: what is shared,
// by whom and until when, or why it is not to be had and what to do next. It knows
// nothing of rows and tokens; a View holds all that it shows.
package sharepage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// State is what a visitor meets at a share.
type State string

// The states. All but Unknown are told only to who holds the token of a share.
const (
	Open        State = "open"
	Password    State = "password"  // a password is wanted
	Code        State = "code"      // a code by mail is wanted
	NotYet      State = "not_yet"   // the share begins later
	Expired     State = "expired"   //
	Revoked     State = "revoked"   // somebody ended it
	Ended       State = "ended"     // something else ended it: the sharer left, the file was removed …
	UsedUp      State = "used_up"   // all downloads were made
	InTrash     State = "in_trash"  // the file is in the trash, from which it may come back
	Checking    State = "checking"  // the file is still being checked
	Quarantined State = "withheld"  // the check found something
	Refused     State = "refused"   // a rule of the organization keeps it inside
	Unavailable State = "suspended" // the organization is suspended
	Unknown     State = "unknown"   // no share ever had this token
	Busy        State = "busy"      // too many attempts; RetryAfter says when the next may come
	Crowded     State = "crowded"   // too many requests from the visitor's address
	Failed      State = "failed"    // the platform could not answer
)

// States lists every state.
var States = []State{Open, Password, Code, NotYet, Expired, Revoked, Ended, UsedUp, InTrash, Checking, Quarantined, Refused, Unavailable, Unknown, Busy, Crowded, Failed}

// statusOf is the answer's status (RFC 9110, section 15). A share that ended is gone
// (410) to who holds its token; to everybody else there never was one (404).
var statusOf = map[State]int{
	Open: http.StatusOK, Password: http.StatusOK, Code: http.StatusOK, NotYet: http.StatusOK, InTrash: http.StatusOK, Checking: http.StatusOK,
	Quarantined: http.StatusOK, Expired: http.StatusGone, Revoked: http.StatusGone, Ended: http.StatusGone, UsedUp: http.StatusGone,
	Refused: http.StatusForbidden, Unavailable: http.StatusForbidden, Unknown: http.StatusNotFound, Busy: http.StatusTooManyRequests, Crowded: http.StatusTooManyRequests, Failed: http.StatusServiceUnavailable,
}

// Status is the status with which a state is answered.
func (s State) Status() int { return statusOf[s] }

// View is what the page shows. Every text in it may be hostile.
type View struct {
	State        State
	Address      string      // of the page, without a query
	Ticket       string      // what the visitor has proven, for the addresses on the page; or empty
	Name         string      // of what is shared
	Kind         string      // of the file, see the catalog's kind_…; folder or space
	Size         int64       // bytes; of a file
	Preview      string      // address of a picture; or empty
	Statements   []Statement // about a record, which is disclosed with them
	Page, Pages  int         // the page of a document that Preview shows, and how many there are; zero: none
	SharedBy     string      // a person's name; or empty
	Organization string
	Begins       time.Time // zero: it has begun
	Until        time.Time // zero: no end
	Left         *int      // downloads; nil: no limit
	MayDownload  bool      // originals leave
	All          bool      // what is listed can be had as one archive
	Trail        []Place   // folders above the one that is listed, from the top
	Entries      []Entry   // of a folder or space
	Next         string    // cursor of the next page
	Folder       string    // id of the folder that is listed; empty: the top
	CodeSent     bool      // a code is on its way
	Drop         *Drop     // a drop box; nil: none
	Problem      string    // key of the catalog: what was wrong with the last try
	ProblemText  string    // a sentence in the visitor's language cannot be had; the API's own
	RetryAfter   time.Duration
}

// Statement is what the side of a student says about a record.
type Statement struct {
	Text string
	At   time.Time
}

// Place is a folder above the one that is shown.
type Place struct{ ID, Name string }

// Entry is a file or folder of the list.
type Entry struct {
	ID         string
	Name       string
	Folder     bool
	Size       int64
	Kind       string
	Preview    string
	Ready      bool // a file that can be had
	Statements []Statement
}

// Drop is what a drop box takes, and what this visitor has dropped into it.
type Drop struct {
	FilesLeft *int   // nil: no limit
	BytesLeft *int64 // nil: no limit
	Kinds     []string
	Giver     string // the name that the visitor gave
	AskName   bool
	Dropped   []Dropped
	Upload    string // where the script sends pieces (tus); empty: forms only
}

// Dropped is one file of this visitor.
type Dropped struct {
	Name   string
	Size   int64
	State  string // checking, taken, refused
	Reason string // the refusal's sentence
}

// Page draws.
type Page struct {
	content string // origin of the pictures and downloads
	html    *template.Template
}

//go:embed page.html
var source string

//go:embed page.css
var style string

//go:embed drop.js
var script []byte

// ScriptPath is where the page's one script is. Only drop boxes load it.
const ScriptPath = "/share.js"

var scriptAddress = ScriptPath + "?v=" + func() string { h := sha256.Sum256(script); return hex.EncodeToString(h[:6]) }()

// New makes the page. contentURL is the host of the bytes of files.
func New(contentURL string) *Page {
	u, err := url.Parse(contentURL)
	origin := ""
	if err == nil && u.Host != "" && !strings.ContainsAny(u.Host, ";, '\"") {
		origin = u.Scheme + "://" + u.Host
	}
	return &Page{content: origin, html: template.Must(template.New("share").Funcs(stubs).Parse(strings.Replace(source, "{{style}}", strings.ReplaceAll(style, "{{", ""), 1)))}
}

// Write answers with the page. A HEAD gets its headers.
func (p *Page) Write(w http.ResponseWriter, r *http.Request, v View) error {
	text, err := p.Render(r, v)
	if err != nil {
		return err
	}
	p.setHeaders(w.Header(), languageOf(r))
	if v.RetryAfter > 0 {
		w.Header().Set("Retry-After", seconds(v.RetryAfter))
	}
	status := v.State.Status()
	if v.Problem != "" && (v.State == Password || v.State == Code) {
		status = http.StatusForbidden
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // a visitor who is gone reads nothing
	}
	return nil
}

// Render draws the page in the language that the request asks for.
func (p *Page) Render(r *http.Request, v View) ([]byte, error) {
	page, err := p.html.Clone()
	if err != nil {
		return nil, err
	}
	d := drawing{View: v, language: languageOf(r), explicit: r.URL.Query().Get("lang") != ""}
	var b bytes.Buffer
	err = page.Funcs(d.funcs()).Execute(&b, d)
	return b.Bytes(), err
}

// setHeaders lets the page load pictures of the content host, its own style by its hash
// and its own script, and send its forms here; a download's form is sent on to the
// content host, which browsers hold against form-action as well (CSP 3, 6.4.1).
func (p *Page) setHeaders(h http.Header, language string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", language)
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", strings.ReplaceAll("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; connect-src 'self'; "+
		"require-trusted-types-for 'script'; style-src "+styleHash+"; img-src "+p.content+"; form-action 'self' "+p.content, "img-src ;", "img-src 'none';"))
	// Not no-referrer: a browser then sends the forms of this page with `Origin: null` (Fetch, 3.2), which is no
	// origin and is refused. No other site learns the address, which holds the token.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Cache-Control", "no-store")
}

var styleHash = func() string {
	h := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}()

// WriteScript answers with the page's script. Its address holds its hash, so that a
// browser keeps it.
func WriteScript(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Robots-Tag", "noindex")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
}

// Notice tells in the request's language what who gets a record may do with it (34 CFR
// 99.33(d)), as the page does.
func Notice(r *http.Request) string { return translate(languageOf(r), "notice") }
