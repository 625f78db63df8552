// Package modelstest is a fake of both contracts of models. It is no model: it answers
// with a value of the schema that was asked for. The name of the model says what it
// plays, such as "play:overloaded"; every other name is answered well.
package modelstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Request is what a request had.
type Request struct {
	Path   string
	Header http.Header
	Body   map[string]any
}

// Fake is the handler.
type Fake struct {
	// Text is what is answered; empty is a value of the schema.
	Text string
	// Pause is between two pieces of a stream.
	Pause time.Duration

	mu       sync.Mutex
	requests []Request
}

// Requests are those that came, in their order.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// plays are the errors that are answered with a status: the status, a header and a body.
var plays = map[string]struct {
	status       int
	header, body string
}{
	"limited":         {429, "Retry-After: 7", `{"error":{"type":"rate_limit_error","message":"slow down"}}`},
	"limited_ms":      {429, "Retry-After-Ms: 1500", `{"error":{"type":"rate_limit_error"}}`},
	"limited_long":    {429, "Retry-After: 86400", `{"error":{"type":"rate_limit_error"}}`},
	"limited_untold":  {429, "", `{"error":{"type":"rate_limit_error"}}`},
	"spend_limit":     {429, "", `{"error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}}`},
	"quota":           {429, "", `{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}`},
	"billing":         {402, "", `{"error":{"type":"billing_error"}}`},
	"spend_limit_400": {400, "", `{"error":{"type":"invalid_request_error","message":"You have reached your spend limit."}}`},
	"overloaded":      {529, "", `{"error":{"type":"overloaded_error"}}`},
	"broken":          {500, "", `<html>broken</html>`},
	"gateway":         {502, "", ``},
	"unavailable":     {503, "Retry-After: 3", ``},
	"gateway_timeout": {504, "", ``},
	"timeout":         {408, "", ``},
	"conflict":        {409, "", ``},
	"invalid":         {400, "", `{"error":{"type":"invalid_request_error","message":"temperature is not taken"}}`},
	"long":            {400, "", `{"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}`},
	"large":           {413, "", `{"error":{"type":"request_too_large"}}`},
	"unprocessable":   {422, "", `{"error":{"type":"invalid_request_error"}}`},
	"unauthorized":    {401, "", `{"error":{"type":"authentication_error"}}`},
	"forbidden":       {403, "", `{"error":{"type":"permission_error"}}`},
	"no_model":        {404, "", `{"error":{"type":"not_found_error"}}`},
	"redirect":        {307, "Location: http://127.0.0.1:1/", ``},
}

// ServeHTTP takes /chat/completions below any path, and /v1/messages.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(io.LimitReader(r.Body, 16<<20)).Decode(&body); err != nil || r.Method != http.MethodPost {
		http.Error(w, `{"error":{"type":"invalid_request_error"}}`, http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, Request{Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	f.mu.Unlock()
	name, _ := body["model"].(string)
	play := strings.TrimPrefix(name, "play:")
	if p, ok := plays[play]; ok {
		if key, value, found := strings.Cut(p.header, ": "); found {
			w.Header().Set(key, value)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.body)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/moderations") {
		moderate(w, body)
		return
	}
	s := sender{w: w, r: r, play: play, model: name, pause: f.Pause, text: f.Text, tokens: 1 + len(fmt.Sprint(body["messages"]))/4}
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		format, _ := body["response_format"].(map[string]any)
		inner, _ := format["json_schema"].(map[string]any)
		s.fill(inner["schema"])
		s.openai()
	case r.URL.Path == "/v1/messages":
		output, _ := body["output_config"].(map[string]any)
		format, _ := output["format"].(map[string]any)
		s.fill(format["schema"])
		s.anthropic()
	default:
		http.NotFound(w, r)
	}
}

// Unfit is the word for which the fake of a moderation flags a text, and Silent the one at
// which it fails.
const (
	Unfit  = "unfit-for-school"
	Silent = "moderation-fails"
)

func moderate(w http.ResponseWriter, body map[string]any) {
	text, _ := body["input"].(string)
	if strings.Contains(text, Silent) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"results": []any{map[string]any{"flagged": strings.Contains(text, Unfit), "categories": map[string]bool{}}}})
}

// value is a value of a schema, of the few words that strict schemas have.
func value(schema any) any {
	s, _ := schema.(map[string]any)
	if choices, ok := s["enum"].([]any); ok && len(choices) > 0 {
		return choices[0]
	}
	switch s["type"] {
	case "object":
		object := map[string]any{}
		properties, _ := s["properties"].(map[string]any)
		for name, of := range properties {
			object[name] = value(of)
		}
		return object
	case "array":
		return []any{value(s["items"])}
	case "integer", "number":
		return 1
	case "boolean":
		return true
	}
	return "text"
}
