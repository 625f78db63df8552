package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"satchel/internal/fault"
)

// longestWait bounds what a provider may ask for.
const longestWait = 15 * time.Minute

// What a provider's answer means. None of the texts repeats what the provider said, which
// may quote the prompt.
var (
	errDropped = fault.New(fault.Unavailable, "model_unavailable", "The model did not answer to the end. Try again in a few minutes.")
	// ErrBusy is asked again by the platform, after what the provider said.
	ErrBusy = fault.New(fault.Limited, "model_busy", "The model takes no more requests now. It is asked again in a while.")
	// ErrMoney and ErrConfigured are for the operator to correct, and another try is useless.
	ErrMoney      = fault.New(fault.Denied, "model_out_of_money", "The provider of the model takes no more requests: its account has no money left. Ask the operator of this service.")
	ErrConfigured = fault.New(fault.Denied, "model_not_configured", "The provider of the model refuses this service: its key, model or address is not right. Ask the operator of this service.")
	ErrTooLong    = fault.New(fault.Invalid, "source_too_long_for_model", "The text is too long for the model. Choose a part of it.")
	ErrRequest    = fault.New(fault.Invalid, "model_refused_request", "The model takes no such request. Ask the operator of this service, with the time of this try.")
)

// said is an error of either contract.
type said struct {
	Error struct {
		Type    string          `json:"type"`
		Code    json.RawMessage `json:"code"`
		Message string          `json:"message"`
		Details struct {
			Code string `json:"error_code"`
		} `json:"details"`
	} `json:"error"`
}

// words are all that an error says, in lower case.
func (s said) words() string {
	return strings.ToLower(strings.Join([]string{s.Error.Type, string(s.Error.Code), s.Error.Details.Code, s.Error.Message}, " "))
}

// refusal gives the fault of a status that is no success.
func refusal(status int, header http.Header, body []byte) error {
	var s said
	_ = json.Unmarshal(body, &s) // an error that is no JSON is classified by its status
	cause := fmt.Errorf("model answered %d %.60q", status, s.Error.Type)
	words := s.words()
	outOfMoney := has(words, "enforced_spend_limit_reached", "insufficient_quota", "billing_error", "spend limit", "billing_hard_limit")
	switch status {
	case http.StatusPaymentRequired:
		return ErrMoney.Because(cause)
	case http.StatusTooManyRequests:
		if outOfMoney {
			return ErrMoney.Because(cause)
		}
		return ErrBusy.After(wait(header)).Because(cause)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		switch {
		case outOfMoney:
			return ErrMoney.Because(cause)
		case status == http.StatusRequestEntityTooLarge, has(words, "context_length", "context length", "context window", "too long", "too many tokens", "maximum context"):
			return ErrTooLong.Because(cause)
		}
		return ErrRequest.Because(cause)
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return ErrConfigured.Because(cause)
	}
	if status >= 300 && status < 400 {
		return ErrConfigured.Because(cause)
	}
	return errDropped.Because(cause).After(wait(header))
}

// inStream gives the fault of an error that comes after the first bytes.
func inStream(data []byte) error {
	var s said
	if !json.Valid(data) || json.Unmarshal(data, &s) != nil || s.Error.Type == "" && s.Error.Message == "" {
		return nil //nolint:nilerr // what has another shape is an answer
	}
	cause := fmt.Errorf("model ended its stream with %.60q", s.Error.Type)
	switch words := s.words(); {
	case has(words, "insufficient_quota", "billing_error", "spend limit", "enforced_spend_limit_reached"):
		return ErrMoney.Because(cause)
	case has(words, "rate_limit"):
		return ErrBusy.Because(cause)
	case has(words, "context_length", "too long"):
		return ErrTooLong.Because(cause)
	case has(words, "authentication_error", "permission_error", "not_found_error"):
		return ErrConfigured.Because(cause)
	case has(words, "invalid_request_error"):
		return ErrRequest.Because(cause)
	}
	return errDropped.Because(cause)
}

// lost is what a broken connection means. Who gave up first says which it is.
func lost(ctx context.Context, err error) error {
	if known := fault.Of(err); known.Kind != fault.Internal {
		return known
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errIdle) {
		return cause
	}
	return errDropped.Because(errors.Join(context.Cause(ctx), err))
}

// wait reads Retry-After in its three forms; zero if there is none.
func wait(header http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil {
		return bounded(ms / 1000)
	}
	after := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(after, 64); err == nil {
		return bounded(seconds)
	}
	if at, err := http.ParseTime(after); err == nil {
		return bounded(time.Until(at).Seconds())
	}
	return 0
}

func bounded(seconds float64) time.Duration {
	if !(seconds > 0) { // NaN too
		return 0
	}
	return time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
}

func has(words string, parts ...string) bool {
	for _, w := range parts {
		if strings.Contains(words, w) {
			return true
		}
	}
	return false
}
