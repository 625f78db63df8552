package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/policies/disclosure"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// How failed attempts are repeated: after 5 s, 15 s, 45 s … and at most 8 hours, for
// three days. A webhook whose every delivery fails for as long is disabled.
const (
	firstPause   = 5 * time.Second
	longestPause = 8 * time.Hour
	patience     = 3 * 24 * time.Hour

	longestDown  = 5 * time.Minute // between two looks whether a receiver is back
	longestAsked = time.Hour       // of a Retry-After that is heeded
)

// try makes one attempt and writes down what became of it.
func (t *turn) try(ctx context.Context, d webhooks.Due, s standing) tried {
	if withheld, err := t.withhold(ctx, d); err != nil || withheld {
		return tried{lane: d.Lane, withheld: withheld, err: err}
	}
	body, err := json.Marshal(events.Envelope{Type: d.Type, Timestamp: d.At.UTC().Format(time.RFC3339Nano), Data: d.Data})
	if err != nil {
		return tried{lane: d.Lane, err: fmt.Errorf("encode event: %w", err)}
	}
	at, began := t.a.Now(), time.Now()
	header, err := t.header(d, at, body)
	if err != nil {
		return tried{lane: d.Lane, err: err}
	}
	answer, err := t.a.Sender.Send(ctx, t.hook.URL, header, body)
	if err != nil {
		return tried{lane: d.Lane, err: fmt.Errorf("send: %w", err)}
	}
	attempt := webhooks.Attempt{Number: d.Attempts + 1, At: at, TookMS: int(time.Since(began).Milliseconds()), Status: answer.Status, Code: judge(answer),
		RequestBody: bounded(body), ResponseBody: bounded(answer.Body)}
	over, err := t.write(ctx, d, t.outcome(d, attempt, answer, s), s)
	t.a.metrics.attempt(attempt, d, t.a.Now())
	return tried{lane: d.Lane, code: attempt.Code, over: over, err: err}
}

// withhold asks the check of disclosure, and ends a delivery that may not leave.
func (t *turn) withhold(ctx context.Context, d webhooks.Due) (bool, error) {
	var about struct {
		File   uuid.UUID `json:"file_id"`
		Folder uuid.UUID `json:"folder_id"`
		Space  uuid.UUID `json:"space_id"`
	}
	if err := json.Unmarshal(d.Data, &about); err != nil {
		return false, fmt.Errorf("read event: %w", err)
	}
	q := t.a.DB.Single(t.in.Org)
	target := disclosure.Target{File: about.File, Folder: about.Folder, Space: about.Space}
	switch {
	case strings.HasSuffix(d.Type, ".deleted"):
		// What is gone is nowhere: the place where it was decides.
		target.File, target.Folder = uuid.Nil, uuid.Nil
	case about.File != uuid.Nil && about.Space != uuid.Nil:
		there, err := webhooks.FileThere(ctx, q, about.File)
		if err != nil {
			return false, err
		}
		if !there {
			target.File = uuid.Nil
		}
	}
	decision, err := disclosure.Check(ctx, q, disclosure.Webhook, target)
	if err != nil || decision.Allowed {
		return false, err
	}
	return true, webhooks.Withhold(ctx, q, d, decision.Rule, t.a.Now())
}

// header signs the request as the Standard Webhooks specification says. The id is the
// event's, whenever and however often it is sent.
func (t *turn) header(d webhooks.Due, at time.Time, body []byte) (http.Header, error) {
	signature, err := t.signer.Sign(d.Event.String(), at, body)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Satchel-Webhooks/1")
	h.Set("Webhook-Id", d.Event.String())
	h.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	h.Set("Webhook-Signature", signature)
	return h, nil
}

// judge gives the code of an attempt, which is empty when the receiver took the event.
func judge(a Answer) string {
	switch {
	case a.Code != "":
		return a.Code
	case a.Status >= 200 && a.Status < 300:
		return ""
	case a.Status == http.StatusGone:
		return "gone"
	}
	return "status_" + strconv.Itoa(a.Status)
}

// outcome says what follows from an attempt.
func (t *turn) outcome(d webhooks.Due, a webhooks.Attempt, answer Answer, s standing) webhooks.Outcome {
	now := t.a.Now()
	o := webhooks.Outcome{Attempt: a, State: webhooks.Delivered, Now: now, NextAt: now, OpenAt: now.Add(pause(max(s.failures+1-webhooks.DownAfter, 0), 2, longestDown))}
	if a.Code == "" {
		return o
	}
	first := now
	if d.FirstAt != nil {
		first = *d.FirstAt
	}
	last := first.Add(patience)
	if !now.Before(last) {
		o.State = webhooks.Failed
		return o
	}
	o.State = webhooks.Pending
	o.NextAt = now.Add(max(pause(d.Round, 3, longestPause), asked(answer)))
	if o.NextAt.After(last) {
		o.NextAt = last
	}
	return o
}

// pause grows by a factor with each failure. A tenth of it is chance, so that what
// failed together does not come back together.
func pause(failures, factor int, longest time.Duration) time.Duration {
	p := firstPause
	for range failures {
		if p *= time.Duration(factor); p >= longest {
			p = longest
			break
		}
	}
	return p - time.Duration(rand.Int64N(int64(p)/10+1)) //nolint:gosec // no secret
}

// asked is how long the receiver asks to wait.
func asked(a Answer) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(a.RetryAfter))
	if err != nil || seconds < 0 || a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestAsked)
}

// bounded is as much of a body as is kept, as text that the database holds.
func bounded(body []byte) string {
	text := strings.ToValidUTF8(strings.ReplaceAll(string(body[:min(len(body), webhooks.MaxBody)]), "\x00", "\uFFFD"), "\uFFFD")
	if len(text) > webhooks.MaxBody {
		text = strings.ToValidUTF8(text[:webhooks.MaxBody], "")
	}
	return text
}

// write records the attempt, and disables the webhook when its receiver is gone or has
// failed for too long. The event has arrived, or has not, whatever becomes of this
// attempt's time.
func (t *turn) write(ctx context.Context, d webhooks.Due, o webhooks.Outcome, s standing) (over bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = t.a.DB.InTx(ctx, t.in.Org, func(tx *tenancy.Tx) error {
		if err := webhooks.Record(ctx, tx, t.in.Webhook, t.id, d, o); err != nil {
			return err
		}
		code := disabling(o, s)
		if code == "" {
			return nil
		}
		if over, err = webhooks.Disable(ctx, tx, t.in.Webhook, code, o.Now); err != nil || !over {
			return err
		}
		data := map[string]any{"webhook_id": t.in.Webhook, "code": code}
		if err := events.Record(ctx, tx, tenancy.NewID(), events.WebhookDisabled, data); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "webhook.disable", ObjectID: t.in.Webhook.String(), Code: code})
	})
	if over && err == nil {
		t.a.metrics.disabled.Inc()
	}
	return over, err
}

// disabling says why the webhook is to be disabled after this attempt, if it is.
func disabling(o webhooks.Outcome, s standing) string {
	switch {
	case o.Attempt.Code == "gone":
		return webhooks.Gone
	case o.State != webhooks.Delivered && s.since != nil && o.Now.Sub(*s.since) >= patience:
		return webhooks.Failing
	}
	return ""
}
