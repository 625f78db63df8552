// Package models asks models of others: by OpenAI's chat completions, which many servers
// speak, and by Anthropic's messages. A client makes one request and never a second one:
// who calls it decides about another try, because each try is paid.
package models

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"satchel/generation"
	"satchel/internal/fault"
)

const (
	maxAnswer = 1 << 20  // text of an answer
	maxStream = 16 << 20 // all bytes of a stream
	maxError  = 64 << 10
	// defaultIdle is how long a model may say nothing.
	defaultIdle = time.Minute
)

// Config says where a model is.
type Config struct {
	BaseURL string
	Key     string
	Model   string
	// Idle is how long a stream may say nothing; zero is a minute.
	Idle time.Duration
	// OldTokenLimit sends max_tokens, which some local servers know only.
	OldTokenLimit bool
	// Version is that of Anthropic's contract; empty is 2023-06-01.
	Version string
}

// stream is an answer as it comes.
type stream struct {
	generation.Answer
	text  strings.Builder
	ended bool // the model said how it ended
}

// wire is one of the two contracts.
type wire interface {
	request(c generation.Call) (path string, header http.Header, body any)
	// event reads one event of the stream, or a whole answer that came at once.
	event(data []byte, s *stream) error
}

// Client asks one model.
type Client struct {
	config Config
	wire   wire
	http   *http.Client
}

func newClient(c Config, w wire) *Client {
	if c.Idle == 0 {
		c.Idle = defaultIdle
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return &Client{config: c, wire: w, http: &http.Client{
		// A redirect would carry the key and the prompt to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Ask makes one request and reads its answer. An error is a fault that says whether
// another try can help. Beside an error an answer that is Metered says that nothing was
// paid: the provider refused, or was not reached. Otherwise it is not known.
func (c *Client) Ask(ctx context.Context, call generation.Call) (generation.Answer, error) {
	path, header, body := c.wire.request(call)
	encoded, err := json.Marshal(body)
	if err != nil {
		return generation.Answer{}, fmt.Errorf("write request to model: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(c.config.Idle, func() { cancel(errIdle) })
	defer idle.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.BaseURL+path, bytes.NewReader(encoded))
	if err != nil {
		return generation.Answer{}, fmt.Errorf("address of model: %w", err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		var dial *net.OpError
		return generation.Answer{Metered: errors.As(err, &dial) && dial.Op == "dial"}, lost(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, maxError)) // half an error is classified by its status
		return generation.Answer{Metered: true}, refusal(response.StatusCode, response.Header, said)
	}
	s := &stream{}
	if err := c.read(response, s, func() { idle.Reset(c.config.Idle) }, call.Progress); err != nil {
		return generation.Answer{}, lost(ctx, err)
	}
	s.RequestID = firstOf(response.Header.Get("Request-Id"), response.Header.Get("X-Request-Id"), s.RequestID)
	s.Text = s.text.String()
	return s.Answer, nil
}

// read takes events until the model said how it ended and the stream is over.
func (c *Client) read(response *http.Response, s *stream, alive func(), progress func(int)) error {
	body := io.LimitReader(response.Body, maxStream+1)
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		whole, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if err := c.wire.event(whole, s); err != nil {
			return err
		}
		return s.whole()
	}
	err := events(body, func(data []byte) error {
		alive()
		if err := c.wire.event(data, s); err != nil {
			return err
		}
		if s.text.Len() > maxAnswer {
			return errLong
		}
		if progress != nil {
			progress(s.text.Len())
		}
		return nil
	})
	switch {
	case errors.Is(err, errLong):
		// The connection is closed, which ends what the model still writes.
		s.Finish, s.ended, s.Metered = generation.CutOff, true, false
	case err != nil && (!s.ended || fault.KindOf(err) != fault.Internal):
		// A connection that breaks behind the end takes nothing away.
		return err
	}
	return s.whole()
}

func (s *stream) whole() error {
	if !s.ended {
		return errDropped
	}
	return nil
}

func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s[:min(len(s), 200)]
		}
	}
	return ""
}
