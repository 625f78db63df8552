package models

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/generation"
	"satchel/internal/fault"
	"satchel/internal/models/modelstest"
)

// contracts are the two clients, each for a model of the fake.
var contracts = map[string]func(url, model string) *Client{
	"openai": func(url, model string) *Client {
		return NewOpenAI(Config{BaseURL: url + "/v1/", Key: "secret", Model: model})
	},
	"anthropic": func(url, model string) *Client {
		return NewAnthropic(Config{BaseURL: url, Key: "secret", Model: model})
	},
}

var call = generation.Call{
	System: "Answer as JSON.", Prompt: "Ask about water.", SchemaName: "quiz", MaxTokens: 500, EndUser: "hash",
	Schema: json.RawMessage(`{"type":"object","properties":{"title":{"type":"string"},"key":{"type":"integer"}},"required":["title","key"],"additionalProperties":false}`),
}

func serve(t *testing.T, f *modelstest.Fake) string {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnAnswer(t *testing.T) {
	t.Parallel()
	for name, client := range contracts {
		f := &modelstest.Fake{}
		heard := 0
		c := call
		c.Progress = func(bytes int) { heard = bytes }
		a, err := client(serve(t, f), "fake").Ask(t.Context(), c)
		require.NoError(t, err, name)
		require.JSONEq(t, `{"title":"text","key":1}`, a.Text)
		require.Equal(t, generation.Complete, a.Finish)
		require.True(t, a.Metered)
		require.Positive(t, a.InputTokens)
		require.Positive(t, a.OutputTokens)
		require.Equal(t, "fake", a.Model)
		require.Equal(t, "fake-1", a.RequestID)
		require.Equal(t, len(a.Text), heard)
	}
}

// What is sent keeps nothing there, offers no tool and has none of the old fields.
func TestRequests(t *testing.T) {
	t.Parallel()
	f := &modelstest.Fake{}
	url := serve(t, f)
	for _, c := range []*Client{
		contracts["openai"](url, "m"), contracts["anthropic"](url, "m"),
		NewAnthropic(Config{BaseURL: url, Key: "secret", Model: "m", Version: bearerVersion}), NewOpenAI(Config{BaseURL: url, Model: "m", OldTokenLimit: true}),
	} {
		_, err := c.Ask(t.Context(), call)
		require.NoError(t, err)
	}
	r := f.Requests()
	require.Equal(t, "/v1/chat/completions", r[0].Path)
	require.Equal(t, "Bearer secret", r[0].Header.Get("Authorization"))
	require.Equal(t, false, r[0].Body["store"])
	require.EqualValues(t, 500, r[0].Body["max_completion_tokens"])
	require.Equal(t, "hash", r[0].Body["safety_identifier"])
	require.Equal(t, "secret", r[1].Header.Get("X-Api-Key"))
	require.Equal(t, oldVersion, r[1].Header.Get("Anthropic-Version"))
	require.Equal(t, map[string]any{"user_id": "hash"}, r[1].Body["metadata"])
	require.Equal(t, "Bearer secret", r[2].Header.Get("Authorization"))
	require.Empty(t, r[2].Header.Get("X-Api-Key"))
	require.EqualValues(t, 500, r[3].Body["max_tokens"])
	require.Empty(t, r[3].Header.Get("Authorization"))
	for _, one := range r {
		for _, field := range []string{"tools", "temperature", "top_p", "user"} {
			require.NotContains(t, one.Body, field)
		}
	}
}

// Every row of the table of errors, from both contracts.
func TestErrors(t *testing.T) {
	t.Parallel()
	for play, want := range map[string]struct {
		kind fault.Kind
		code string
		wait time.Duration
	}{
		"limited": {fault.Limited, "model_busy", 7 * time.Second}, "limited_ms": {fault.Limited, "model_busy", 1500 * time.Millisecond},
		"limited_long": {fault.Limited, "model_busy", longestWait}, "limited_untold": {fault.Limited, "model_busy", 0},
		"spend_limit": {fault.Denied, "model_out_of_money", 0}, "quota": {fault.Denied, "model_out_of_money", 0},
		"billing": {fault.Denied, "model_out_of_money", 0}, "spend_limit_400": {fault.Denied, "model_out_of_money", 0},
		"overloaded": {fault.Unavailable, "model_unavailable", 0}, "broken": {fault.Unavailable, "model_unavailable", 0},
		"gateway": {fault.Unavailable, "model_unavailable", 0}, "unavailable": {fault.Unavailable, "model_unavailable", 3 * time.Second},
		"gateway_timeout": {fault.Unavailable, "model_unavailable", 0}, "timeout": {fault.Unavailable, "model_unavailable", 0},
		"conflict": {fault.Unavailable, "model_unavailable", 0}, "dropped": {fault.Unavailable, "model_unavailable", 0},
		"no_end": {fault.Unavailable, "model_unavailable", 0}, "error_in_stream": {fault.Unavailable, "model_unavailable", 0},
		"tools": {fault.Unavailable, "model_unavailable", 0}, "invalid": {fault.Invalid, "model_refused_request", 0},
		"unprocessable": {fault.Invalid, "model_refused_request", 0}, "long": {fault.Invalid, "source_too_long_for_model", 0},
		"large": {fault.Invalid, "source_too_long_for_model", 0}, "unauthorized": {fault.Denied, "model_not_configured", 0},
		"forbidden": {fault.Denied, "model_not_configured", 0}, "no_model": {fault.Denied, "model_not_configured", 0},
		"redirect": {fault.Denied, "model_not_configured", 0},
	} {
		for name, client := range contracts {
			f := &modelstest.Fake{Text: strings.Repeat("long ", 40)}
			_, err := client(serve(t, f), "play:"+play).Ask(t.Context(), call)
			got := fault.Of(err)
			require.Equal(t, want.kind, got.Kind, "%s of %s: %v", play, name, err)
			require.Equal(t, want.code, got.Code, "%s of %s", play, name)
			require.Equal(t, want.wait, got.RetryAfter, "%s of %s", play, name)
			require.Len(t, f.Requests(), 1, "a client tries once")
			require.NotContains(t, err.Error(), "secret")
		}
	}
}

// A refusal, an answer that was cut off and one of another form are results.
func TestResults(t *testing.T) {
	t.Parallel()
	for name, client := range contracts {
		f := &modelstest.Fake{}
		url := serve(t, f)
		for play, want := range map[string]generation.Finish{
			"refused": generation.Refused, "filtered": generation.Refused, "cut_off": generation.CutOff, "endless": generation.CutOff,
			"not_json": generation.Complete, "other_schema": generation.Complete, "unmetered": generation.Complete,
		} {
			a, err := client(url, "play:"+play).Ask(t.Context(), call)
			require.NoError(t, err, "%s of %s", play, name)
			require.Equal(t, want, a.Finish, "%s of %s", play, name)
			require.Equal(t, play != "unmetered" && play != "endless", a.Metered, "%s of %s", play, name)
			require.Less(t, len(a.Text), maxAnswer+(1<<16), "answers are bounded")
		}
	}
	a, err := contracts["openai"](serve(t, &modelstest.Fake{Text: "{}"}), "play:at_once").Ask(t.Context(), call)
	require.NoError(t, err)
	require.Equal(t, "{}", a.Text)
}

// A model that says nothing is left; who cancels gets the cancellation.
func TestSilence(t *testing.T) {
	t.Parallel()
	for name, contract := range contracts {
		client := contract(serve(t, &modelstest.Fake{}), "play:silent")
		client.config.Idle = 50 * time.Millisecond
		_, err := client.Ask(t.Context(), call)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%s: %v", name, err)

		client.config.Idle = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		c := call
		c.Progress = func(bytes int) {
			if bytes > 0 {
				cancel()
			}
		}
		_, err = client.Ask(ctx, c)
		require.ErrorIs(t, err, context.Canceled, name)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := contracts["openai"](server.URL, "m").Ask(t.Context(), call)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// FuzzStream reads what any server may send.
func FuzzStream(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte("event: message_delta\ndata: {\"type\":\"message_delta\",\ndata: \"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"))
	f.Add([]byte("data: {\"error\":{\"type\":\"overloaded_error\"}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, w := range []wire{openai{}, anthropic{}} {
			s := &stream{}
			_ = events(strings.NewReader(string(data)), func(event []byte) error { return w.event(event, s) })
			if s.ended {
				require.Contains(t, []generation.Finish{generation.Complete, generation.CutOff, generation.Refused}, s.Finish)
			}
		}
	})
}
