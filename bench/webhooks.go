package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"satchel/client"
)

const (
	hookFiles = 600
	hookRate  = 20 // a second
)

// arrivals are when the events of files came to the receiver.
type arrivals struct {
	mu     sync.Mutex
	at     map[string]time.Time
	forged int
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.at)
}

// webhooks publishes 20 files a second and measures from each publication, by its row, to
// the arrival of its webhook, whose signature is checked.
func (b *bench) webhooks(ctx context.Context) error {
	org, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	owner, err := b.Member(ctx, org, "owner-"+org, "owner")
	if err != nil {
		return err
	}
	a := &arrivals{at: map[string]time.Time{}}
	var verifier *standardwebhooks.Webhook
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.take(w, r, verifier) }))
	defer receiver.Close()
	hook, err := owner.CreateWebhook(ctx, org, client.NewWebhook{URL: receiver.URL, Types: []string{"file.published"}})
	if err != nil {
		return err
	}
	if verifier, err = standardwebhooks.NewWebhook(hook.Secret); err != nil {
		return err
	}
	files, began, err := paced(ctx, c)
	if err != nil {
		return err
	}
	took := time.Since(began)
	for until := time.Now().Add(time.Minute); a.count() < len(files) && time.Now().Before(until); {
		pause(ctx, 50)
	}
	var waits []time.Duration
	for _, f := range files {
		if at, ok := a.at[f.ID]; ok && f.PublishedAt != nil {
			waits = append(waits, max(at.Sub(*f.PublishedAt), 0))
		}
	}
	p95 := quantile(waits, .95)
	b.add("webhook after publication at 20 files/s", p95, "ms p95", "≤ 500", p95 <= 500 && len(waits) == hookFiles && a.forged == 0,
		"%d of %d arrived, with a good signature, files of 20 KB sent over %.0f s; p50 %.0f ms, worst %.0f ms; by the row's published_at", len(waits), hookFiles, took.Seconds(), quantile(waits, .5), quantile(waits, 1))
	return nil
}

func (a *arrivals) take(w http.ResponseWriter, r *http.Request, verifier *standardwebhooks.Webhook) {
	now := time.Now()
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var e struct {
		Data struct {
			File string `json:"file_id"`
		}
	}
	_ = json.Unmarshal(body, &e)
	a.mu.Lock()
	defer a.mu.Unlock()
	if verifier.Verify(body, r.Header) != nil {
		a.forged++
	}
	if _, again := a.at[e.Data.File]; !again {
		a.at[e.Data.File] = now
	}
	w.WriteHeader(http.StatusNoContent)
}

// paced uploads files at a fixed rate, whatever becomes of them, and waits for all.
func paced(ctx context.Context, c *client.Client) ([]client.File, time.Time, error) {
	began := time.Now()
	out, err := together(ctx, hookFiles, hookFiles, func(ctx context.Context, i int) (client.File, error) {
		pause(ctx, int(time.Until(began.Add(time.Duration(i)*time.Second/hookRate))/time.Millisecond))
		id, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: 20_000, Metadata: map[string]string{"filename": fmt.Sprintf("h%d.txt", i)}})
		if err != nil {
			return client.File{}, err
		}
		f, err := c.Watch(ctx, id, nil)
		if err == nil && f.Status != "published" {
			err = fmt.Errorf("%s is %s %s", f.ID, f.Status, f.StatusReason)
		}
		return f, err
	})
	return out, began, err
}
