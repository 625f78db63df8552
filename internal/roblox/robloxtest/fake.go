// Package robloxtest is a fake of Roblox's Open Cloud, as it was published on 2026-08-22. It
// is not Roblox: it keeps assets, entries and messages in memory, and plays the errors that
// its plan says.
package robloxtest

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Play is an error in place of an answer.
type Play string

// The errors. Each one is an answer that is published, or a connection that breaks.
const (
	Well          Play = ""
	LostAnswer    Play = "lost_answer"    // it is done, and the connection breaks
	LostRequest   Play = "lost_request"   // nothing is done, and the connection breaks
	Limited       Play = "limited"        // 429 with Retry-After
	LimitedBare   Play = "limited_bare"   // 429 that does not say when
	LimitedReset  Play = "limited_reset"  // 429 with x-ratelimit-reset alone
	UserModerated Play = "user_moderated" // of the account, not of an asset
	KeyExpired    Play = "key_expired"
	NoScope       Play = "no_scope"
	QuotaUsed     Play = "quota_used"
	Broken        Play = "broken"        // 500, done
	Gateway       Play = "gateway"       // 502, not done
	WriteFailed   Play = "write_failed"  // 503, done all the same
	BadRequest    Play = "bad_request"   // ASP's shape
	TooLarge      Play = "too_large"     // 413
	CutOff        Play = "cut_off"       // 200, and half a body
	NotJSON       Play = "not_json"      // 200, and something else
	Elsewhere     Play = "elsewhere"     // a redirect
	NotThere      Play = "not_there"     // 404
	Aborted       Play = "aborted"       // 409
	Unimplemented Play = "unimplemented" // 501
)

// Request is what a request had.
type Request struct {
	Method, Path, Query, ContentType, Key string
	Body                                  []byte
	At                                    time.Time
	Status                                int
	Answer                                []byte
	AnswerType                            string
}

// Asset is one that was made.
type Asset struct {
	ID        int64
	Name      string
	Type      string
	Creator   map[string]any
	Content   []byte
	Polls     int // of its moderation
	Granted   map[string]bool
	Archived  bool
	State     string // that moderation gives in the end
	operation string
	waits     int // polls of the operation before it is done
}

// Fake is the handler. Its fields are set before its first request.
type Fake struct {
	// Plan says what a request is answered with; nil answers all well.
	Plan func(r *http.Request, n int) Play
	// Moderate says how an asset ends, "Approved" or "Rejected", and after how many looks; nil
	// approves at the first.
	Moderate func(a *Asset) (state string, looks int)
	// OperationPolls is how often an operation is not done yet.
	OperationPolls int
	// RetryAfter is what the header of that name says, in seconds; empty is one.
	RetryAfter string
	// Key is the one that is taken; empty takes all.
	Key string
	// Scopes are those of the key; nil are all.
	Scopes []map[string]any
	// Limit is how many requests of one kind a minute are taken; 0 takes all.
	Limit int
	// Active is how many people used the experience on a day, such as 2026-01-31.
	Active map[string]int64
	// QueryPolls is how often a query is not done yet.
	QueryPolls int
	// Random turns ids into strings in some answers, and leaves fields out; nil does neither.
	Random *rand.Rand

	mu       sync.Mutex
	n        int
	requests []Request
	assets   map[int64]*Asset
	ops      map[string]*Asset
	entries  map[string]*stored
	messages []Message
	places   []Place
	recent   map[string][]time.Time
	ordered  map[string]map[string]int64

	queryFrom, queryUntil time.Time
	queryLooks            int
}

// Message is one that was published.
type Message struct{ Universe, Topic, Text string }

// Place is a version of a place.
type Place struct {
	Universe, Place, Kind, ContentType string
	Content                            []byte
}

type stored struct {
	value json.RawMessage
	rev   int
}

// Requests are those that came, in their order.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// Assets are those that were made, by id.
func (f *Fake) Assets() []Asset {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Asset, 0, len(f.assets))
	for id := firstAsset; id < firstAsset+int64(len(f.assets)); id++ {
		all = append(all, *f.assets[id])
	}
	return all
}

// Messages are those that were published.
func (f *Fake) Messages() []Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Message(nil), f.messages...)
}

// Places are the versions of places that were made.
func (f *Fake) Places() []Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Place(nil), f.places...)
}

// Entry is the value of an entry, as universe/store/id; nil where there is none.
func (f *Fake) Entry(key string) json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.entries[key]; e != nil {
		return e.value
	}
	return nil
}

// SetEntry writes an entry as the game's own servers do.
func (f *Fake) SetEntry(key string, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(key, json.RawMessage(value))
}

// Reject has moderation reject an asset that it approved before.
func (f *Fake) Reject(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.assets[id].State = "Rejected"
}

const firstAsset int64 = 7_000_000_001

// reply is an answer before it is sent.
type reply struct {
	status      int
	header      map[string]string
	contentType string
	body        any // []byte is sent as it is
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

// The four shapes of errors.
func gateway(status int, text string) reply {
	return reply{status: status, body: map[string]any{"errors": []any{map[string]any{"code": 0, "message": text}}}}
}

func v2(status int, code, text string) reply {
	return reply{status: status, body: map[string]any{"code": code, "message": text, "details": []any{}}}
}

func v1(status int, text string) reply {
	return reply{status: status, body: map[string]any{"code": status, "message": text}}
}

func asp(status int, field, text string) reply {
	return reply{status: status, body: map[string]any{"errors": map[string]any{field: []string{text}}, "title": "One or more validation errors occurred.", "status": status}}
}

var played = map[Play]reply{
	Limited:       {status: 429, header: map[string]string{"Retry-After": "1"}, body: map[string]any{"code": "RESOURCE_EXHAUSTED", "message": "too many requests"}},
	LimitedBare:   v2(429, "RESOURCE_EXHAUSTED", "too many requests"),
	LimitedReset:  {status: 429, header: map[string]string{"X-Ratelimit-Limit": "100, 100;w=60", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "2"}, body: map[string]any{"errors": []any{}}},
	UserModerated: v1(400, "User is moderated"),
	KeyExpired:    gateway(401, "Invalid API Key"),
	NoScope:       v2(403, "PERMISSION_DENIED", "insufficient scope"),
	QuotaUsed:     v1(400, "You have used the upload quota of this asset type"),
	Broken:        v1(500, "Server internal error"),
	Gateway:       {status: 502, contentType: "text/html", body: []byte("<html>bad gateway</html>")},
	WriteFailed:   v2(503, "UNAVAILABLE", "Write failed"),
	BadRequest:    asp(400, "request", "The field is not valid."),
	TooLarge:      {status: 413, contentType: "text/plain", body: []byte("too large")},
	Elsewhere:     {status: 307, header: map[string]string{"Location": "http://127.0.0.1:1/"}, contentType: "text/plain", body: []byte{}},
	NotThere:      v2(404, "NOT_FOUND", "not found"),
	Aborted:       v2(409, "ABORTED", "etag does not match"),
	Unimplemented: v2(501, "UNIMPLEMENTED", "not implemented"),
}

// done are the plays behind which the work is done.
var done = map[Play]bool{Well: true, LostAnswer: true, Broken: true, WriteFailed: true, CutOff: true, NotJSON: true}

// ServeHTTP takes what the contract has.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 32<<20))
	if err != nil {
		return // who sent it is gone
	}
	f.mu.Lock()
	play := Well
	if f.Plan != nil {
		play = f.Plan(r, f.n)
	}
	f.n++
	a := f.answer(r, body, play)
	encoded, isBytes := a.body.([]byte)
	if !isBytes && a.body != nil {
		encoded, _ = json.Marshal(a.body) // of maps and strings
	}
	if a.contentType == "" {
		a.contentType = "application/json"
	}
	f.requests = append(f.requests, Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, ContentType: r.Header.Get("Content-Type"), Key: r.Header.Get("X-Api-Key"),
		Body: body, At: time.Now(), Status: a.status, Answer: encoded, AnswerType: a.contentType})
	f.mu.Unlock()
	switch play {
	case LostAnswer, LostRequest:
		panic(http.ErrAbortHandler) // the connection breaks
	case CutOff:
		w.Header().Set("Content-Length", strconv.Itoa(len(encoded)+10))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(encoded[:len(encoded)/2])
		panic(http.ErrAbortHandler)
	case NotJSON:
		_, _ = io.WriteString(w, "<html>ok</html>")
		return
	default:
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Type", a.contentType)
	w.WriteHeader(a.status)
	_, _ = w.Write(encoded)
}

func (f *Fake) answer(r *http.Request, body []byte, play Play) reply {
	if play == LostRequest {
		return reply{}
	}
	if a, ok := played[play]; ok && !done[play] {
		if play == Limited && f.RetryAfter != "" {
			a.header = map[string]string{"Retry-After": f.RetryAfter}
		}
		return a
	}
	if f.Key != "" && r.Header.Get("X-Api-Key") != f.Key {
		return played[KeyExpired]
	}
	if limited := f.limited(r); limited != nil {
		return *limited
	}
	a := f.work(r, body)
	if b, ok := played[play]; ok {
		return b // done, and answered as if it were not
	}
	return a
}

// limited counts as the published limits do: by the kind of request, over the last minute.
func (f *Fake) limited(r *http.Request) *reply {
	if f.Limit == 0 {
		return nil
	}
	if f.recent == nil {
		f.recent = map[string][]time.Time{}
	}
	kind, now := Kind(r.Method, r.URL.Path), time.Now()
	kept := f.recent[kind][:0]
	for _, at := range f.recent[kind] {
		if now.Sub(at) < time.Minute {
			kept = append(kept, at)
		}
	}
	f.recent[kind] = append(kept, now)
	if len(kept) >= f.Limit {
		a := played[LimitedBare]
		return &a
	}
	return nil
}

// Kind is the operation that a request is, as limits know it.
func Kind(method, path string) string {
	switch {
	case path == "/assets/v1/assets":
		return "create"
	case strings.HasPrefix(path, "/assets/v1/operations/"):
		return "operation"
	case strings.HasSuffix(path, ":archive"), strings.HasSuffix(path, ":restore"):
		return "archive"
	case strings.HasPrefix(path, "/assets/v1/assets/"):
		return "asset"
	case strings.HasPrefix(path, "/asset-permissions-api/"):
		return "grant"
	case strings.HasSuffix(path, ":publishMessage"):
		return "message"
	case strings.Contains(path, "/ordered-data-stores/"):
		return "ordered " + method
	case strings.HasPrefix(path, "/analytics-query-api/"):
		return "metric " + method
	case strings.Contains(path, "/data-stores/"):
		return "entry " + method
	case strings.HasSuffix(path, "/asset-quotas"):
		return "quota"
	case strings.Contains(path, "/places/"):
		return "place"
	case path == "/api-keys/v1/introspect":
		return "introspect"
	}
	return "other"
}

func (f *Fake) work(r *http.Request, body []byte) reply {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch Kind(r.Method, r.URL.Path) {
	case "create":
		return f.create(r, body)
	case "operation":
		return f.operation(parts[len(parts)-1])
	case "asset", "archive":
		id, verb, _ := strings.Cut(parts[len(parts)-1], ":")
		return f.asset(id, verb)
	case "grant":
		return f.grant(body)
	case "message":
		return f.publish(strings.TrimSuffix(parts[len(parts)-1], ":publishMessage"), body)
	case "quota":
		return ok(map[string]any{"assetQuotas": []any{
			map[string]any{"path": "users/1/asset-quotas/audio", "quotaType": "RATE_LIMIT_UPLOAD", "assetType": "AUDIO", "usage": 7, "capacity": 10, "period": "MONTH", "usageResetTime": "2026-12-01T00:00:00Z"},
			map[string]any{"path": "users/1/asset-quotas/image", "quotaType": "RATE_LIMIT_UPLOAD", "assetType": "IMAGE", "usage": len(f.assets), "capacity": 100000, "period": "DAY"}}})
	case "place":
		return f.place(parts, r, body)
	case "introspect":
		return f.introspect(body)
	case "metric POST", "metric GET":
		return f.metric(r, parts, body)
	}
	if len(parts) >= 9 && parts[4] == "ordered-data-stores" && parts[6] == "scopes" && parts[8] == "entries" {
		return f.orderedEntries(r, parts)
	}
	if len(parts) >= 7 && parts[4] == "data-stores" && parts[6] == "entries" {
		id := ""
		if len(parts) == 8 {
			id = parts[7]
		}
		return f.entry(r, parts[3], parts[5], id, body)
	}
	return gateway(http.StatusNotFound, "no such path")
}
