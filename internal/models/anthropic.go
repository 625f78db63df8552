package models

import (
	"encoding/json"
	"net/http"

	"satchel/generation"
)

const (
	oldVersion = "2023-06-01"
	// bearerVersion is the first that takes the key as a bearer token.
	bearerVersion = "2026-10-21"
)

// NewAnthropic asks by messages. The base URL has no /v1.
func NewAnthropic(c Config) *Client {
	if c.Version == "" {
		c.Version = oldVersion
	}
	return newClient(c, anthropic{c})
}

type anthropic struct{ Config }

type anthropicRequest struct {
	Model        string          `json:"model"`
	MaxTokens    int             `json:"max_tokens"`
	System       string          `json:"system"`
	Messages     []openaiMessage `json:"messages"`
	OutputConfig any             `json:"output_config"`
	Stream       bool            `json:"stream"`
	Metadata     any             `json:"metadata,omitempty"`
}

// request sends no temperature: the newer contract refuses it even at its default.
func (a anthropic) request(c generation.Call) (string, http.Header, any) {
	r := anthropicRequest{
		Model: a.Model, MaxTokens: c.MaxTokens, System: c.System, Stream: true, Messages: []openaiMessage{{"user", c.Prompt}},
		OutputConfig: map[string]any{"format": map[string]any{"type": "json_schema", "schema": c.Schema}},
	}
	if c.EndUser != "" {
		r.Metadata = map[string]string{"user_id": c.EndUser}
	}
	header := http.Header{}
	header.Set("Anthropic-Version", a.Version)
	if a.Version >= bearerVersion {
		header.Set("Authorization", "Bearer "+a.Key)
	} else {
		header.Set("X-Api-Key", a.Key)
	}
	return "/v1/messages", header, r
}

type anthropicUsage struct {
	Input         int64  `json:"input_tokens"`
	CacheCreation int64  `json:"cache_creation_input_tokens"`
	CacheRead     int64  `json:"cache_read_input_tokens"`
	Output        *int64 `json:"output_tokens"`
}

type anthropicEvent struct {
	Type    string `json:"type"`
	Message struct {
		ID    string         `json:"id"`
		Model string         `json:"model"`
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	Delta struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage anthropicUsage `json:"usage"`
}

func (anthropic) event(data []byte, s *stream) error {
	if err := inStream(data); err != nil {
		return err
	}
	var e anthropicEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return errDropped.Because(err)
	}
	switch e.Type {
	case "message_start":
		u := e.Message.Usage
		s.Model, s.RequestID, s.InputTokens = e.Message.Model, e.Message.ID, u.Input+u.CacheCreation+u.CacheRead
	case "content_block_delta":
		s.text.WriteString(e.Delta.Text)
	case "message_delta":
		if e.Usage.Output != nil {
			s.OutputTokens, s.Metered = *e.Usage.Output, true
		}
		switch e.Delta.StopReason {
		case "":
		case "end_turn", "stop_sequence":
			s.end(generation.Complete)
		case "max_tokens", "model_context_window_exceeded":
			s.end(generation.CutOff)
		case "refusal":
			s.end(generation.Refused)
		default:
			return errDropped
		}
	}
	return nil
}
