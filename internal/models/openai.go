package models

import (
	"encoding/json"
	"net/http"

	"satchel/generation"
	"satchel/internal/fault"
)

// NewOpenAI asks by chat completions, as OpenAI and many other servers take them. The
// base URL ends in /v1 most often.
func NewOpenAI(c Config) *Client { return newClient(c, openai{c}) }

type openai struct{ Config }

type openaiMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type openaiRequest struct {
	Model               string          `json:"model"`
	Messages            []openaiMessage `json:"messages"`
	MaxCompletionTokens int             `json:"max_completion_tokens,omitempty"`
	MaxTokens           int             `json:"max_tokens,omitempty"`
	ResponseFormat      any             `json:"response_format"`
	Stream              bool            `json:"stream"`
	StreamOptions       any             `json:"stream_options"`
	Store               bool            `json:"store"` // always said: nothing is kept there
	SafetyIdentifier    string          `json:"safety_identifier,omitempty"`
}

func (o openai) request(c generation.Call) (string, http.Header, any) {
	r := openaiRequest{
		Model: o.Model, Stream: true, StreamOptions: map[string]bool{"include_usage": true}, SafetyIdentifier: c.EndUser,
		Messages:       []openaiMessage{{"system", c.System}, {"user", c.Prompt}},
		ResponseFormat: map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": c.SchemaName, "strict": true, "schema": c.Schema}},
	}
	if o.OldTokenLimit {
		r.MaxTokens = c.MaxTokens
	} else {
		r.MaxCompletionTokens = c.MaxTokens
	}
	header := http.Header{}
	if o.Key != "" {
		header.Set("Authorization", "Bearer "+o.Key)
	}
	return "/chat/completions", header, r
}

type openaiText struct {
	Content string `json:"content"`
	Refusal string `json:"refusal"`
}

// openaiChunk is an event of a stream, and also a whole answer.
type openaiChunk struct {
	ID      string `json:"id"`
	Model   string `json:"model"`
	Choices []struct {
		Delta        openaiText `json:"delta"`
		Message      openaiText `json:"message"`
		FinishReason string     `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int64 `json:"prompt_tokens"`
		CompletionTokens int64 `json:"completion_tokens"`
	} `json:"usage"`
}

func (openai) event(data []byte, s *stream) error {
	if err := inStream(data); err != nil {
		return err
	}
	var c openaiChunk
	if err := json.Unmarshal(data, &c); err != nil {
		return errDropped.Because(err)
	}
	s.Model, s.RequestID = firstOf(s.Model, c.Model), firstOf(s.RequestID, c.ID)
	if c.Usage != nil {
		s.InputTokens, s.OutputTokens, s.Metered = c.Usage.PromptTokens, c.Usage.CompletionTokens, true
	}
	if len(c.Choices) == 0 {
		return nil
	}
	choice := c.Choices[0]
	s.text.WriteString(choice.Delta.Content)
	s.text.WriteString(choice.Message.Content)
	refused := choice.Delta.Refusal != "" || choice.Message.Refusal != ""
	switch choice.FinishReason {
	case "":
	case "stop":
		s.end(generation.Complete)
	case "length":
		s.end(generation.CutOff)
	case "content_filter":
		refused = true
		s.ended = true
	default:
		// No tools were offered, so a call of one is no answer.
		return fault.New(fault.Unavailable, "model_unavailable", "The model ended in a way that is not known. Try again in a few minutes.")
	}
	if refused {
		s.Finish = generation.Refused
	}
	return nil
}

// end keeps a refusal that came before.
func (s *stream) end(how generation.Finish) {
	s.ended = true
	if s.Finish != generation.Refused {
		s.Finish = how
	}
}
