package modelstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// sender writes one answer as a stream.
type sender struct {
	w           http.ResponseWriter
	r           *http.Request
	play, model string
	text        string
	tokens      int
	pause       time.Duration
}

// fill decides what is answered.
func (s *sender) fill(schema any) {
	switch s.play {
	case "not_json":
		s.text = "Here is your quiz: {"
	case "other_schema":
		s.text = `{"unexpected":true}`
	case "endless":
		s.text = strings.Repeat("endless ", 1<<18)
	}
	if s.text == "" {
		encoded, _ := json.Marshal(value(schema)) // values of value are JSON
		s.text = string(encoded)
	}
}

// pieces calls send with the text in parts, and says whether the stream goes on behind
// them.
func (s *sender) pieces(send func(string)) bool {
	size := max(16, len(s.text)/64)
	for at := 0; at < len(s.text); at += size {
		if at > 0 && s.play == "dropped" {
			_ = http.NewResponseController(s.w).Flush()
			panic(http.ErrAbortHandler)
		}
		send(s.text[at:min(at+size, len(s.text))])
		if s.play == "silent" || s.pause > 0 {
			_ = http.NewResponseController(s.w).Flush()
			select {
			case <-s.r.Context().Done():
				return false
			case <-s.wait():
			}
		}
	}
	return s.play != "no_end"
}

func (s *sender) wait() <-chan time.Time {
	if s.play == "silent" {
		return nil
	}
	return time.After(s.pause)
}

func (s *sender) event(name string, data any) {
	if name != "" {
		_, _ = fmt.Fprintf(s.w, "event: %s\n", name)
	}
	encoded, _ := json.Marshal(data)
	_, _ = fmt.Fprintf(s.w, "data: %s\n\n", encoded)
}

type object = map[string]any

func (s *sender) openai() {
	if s.play == "at_once" {
		s.w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(s.w).Encode(object{"id": "fake-1", "model": s.model, "usage": object{"prompt_tokens": s.tokens, "completion_tokens": len(s.text) / 4},
			"choices": []object{{"message": object{"content": s.text}, "finish_reason": "stop"}}})
		return
	}
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("X-Request-Id", "fake-1")
	chunk := func(delta object, finish any) {
		s.event("", object{"id": "fake-1", "model": s.model, "choices": []object{{"delta": delta, "finish_reason": finish}}})
	}
	if s.play == "refused" {
		chunk(object{"refusal": "I cannot help with that."}, nil)
		s.text = ""
	}
	_, _ = io.WriteString(s.w, ": a comment\n\n")
	if !s.pieces(func(part string) { chunk(object{"content": part}, nil) }) {
		return
	}
	if s.play == "error_in_stream" {
		s.event("", object{"error": object{"type": "server_error", "message": "broken"}})
		return
	}
	chunk(object{}, map[string]string{"cut_off": "length", "filtered": "content_filter", "tools": "tool_calls"}[s.play])
	if s.play != "cut_off" && s.play != "filtered" && s.play != "tools" {
		chunk(object{}, "stop")
	}
	if s.play != "unmetered" {
		s.event("", object{"choices": []object{}, "usage": object{"prompt_tokens": s.tokens, "completion_tokens": len(s.text) / 4}})
	}
	_, _ = io.WriteString(s.w, "data: [DONE]\n\n")
}

func (s *sender) anthropic() {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("Request-Id", "fake-1")
	s.event("message_start", object{"type": "message_start", "message": object{"id": "msg-1", "model": s.model, "usage": object{"input_tokens": s.tokens - 1, "cache_read_input_tokens": 1, "output_tokens": 1}}})
	s.event("ping", object{"type": "ping"})
	s.event("content_block_start", object{"type": "content_block_start", "content_block": object{"type": "text", "text": ""}})
	if !s.pieces(func(part string) {
		s.event("content_block_delta", object{"type": "content_block_delta", "delta": object{"type": "text_delta", "text": part}})
	}) {
		return
	}
	if s.play == "error_in_stream" {
		s.event("error", object{"type": "error", "error": object{"type": "overloaded_error"}})
		return
	}
	reason := map[string]string{"cut_off": "max_tokens", "refused": "refusal", "filtered": "refusal", "tools": "tool_use"}[s.play]
	if reason == "" {
		reason = "end_turn"
	}
	usage := object{"output_tokens": len(s.text) / 4}
	if s.play == "unmetered" {
		usage = object{}
	}
	s.event("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": reason}, "usage": usage})
	s.event("message_stop", object{"type": "message_stop"})
}
