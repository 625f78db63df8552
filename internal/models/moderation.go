package models

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"satchel/internal/fault"
)

// Moderation asks whether a text is fit to be shown, by OpenAI's /moderations, which other
// servers speak too. It writes nothing and costs nothing.
type Moderation struct {
	config Config
	http   *http.Client
}

// NewModeration takes the base address and the key of the server; an empty model leaves
// the choice to it.
func NewModeration(c Config) *Moderation {
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return &Moderation{config: c, http: &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// errModeration is what a moderation that does not answer means: what it did not see is not
// shown.
var errModeration = fault.New(fault.Unavailable, "moderation_unavailable", "The moderation of this service does not answer. The answer of the model is looked at again in a while.")

// Flagged says whether the server calls a text unfit.
func (m *Moderation) Flagged(ctx context.Context, text string) (bool, error) {
	in := map[string]any{"input": text}
	if m.config.Model != "" {
		in["model"] = m.config.Model
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		return false, fmt.Errorf("encode moderation: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.config.BaseURL+"/moderations", bytes.NewReader(encoded))
	if err != nil {
		return false, fmt.Errorf("make request to moderation: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if m.config.Key != "" {
		request.Header.Set("Authorization", "Bearer "+m.config.Key)
	}
	response, err := m.http.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
			return false, cause
		}
		return false, errModeration.Because(err)
	}
	defer func() { _ = response.Body.Close() }()
	var out struct {
		Results []struct {
			Flagged bool `json:"flagged"`
		} `json:"results"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&out)
	if err != nil || response.StatusCode != http.StatusOK || len(out.Results) == 0 {
		return false, errModeration.Because(fmt.Errorf("moderation answered %d with %d results: %w", response.StatusCode, len(out.Results), err))
	}
	for _, r := range out.Results {
		if r.Flagged {
			return true, nil
		}
	}
	return false, nil
}
