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
	"satchel/internal/devstack"
	"satchel/tenancy"
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

// webhooks publishes 20 files a second and measures from the commit of each publication to
// the arrival of its webhook, whose signature is checked. The rows are published as the
// pipeline's last step does it: 20 whole files a second are more than two cores take.
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
	if err := devstack.OwnWebhooks(ctx, owner, org); err != nil {
		return err
	}
	hook, err := owner.CreateWebhook(ctx, org, client.NewWebhook{URL: receiver.URL, Types: []string{"file.published"}})
	if err != nil {
		return err
	}
	if verifier, err = standardwebhooks.NewWebhook(hook.Secret); err != nil {
		return err
	}
	committed, err := b.publishRows(ctx, org, c)
	if err != nil {
		return err
	}
	for until := time.Now().Add(time.Minute); a.count() < len(committed) && time.Now().Before(until); {
		pause(ctx, 50)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var waits []time.Duration
	for id, at := range committed {
		if arrived, ok := a.at[id]; ok {
			waits = append(waits, max(arrived.Sub(at), 0))
		}
	}
	p95 := quantile(waits, .95)
	b.add("webhook after publication at 20 files/s", p95, "ms p95", "≤ 500", p95 <= 500 && len(waits) == hookFiles && a.forged == 0,
		"%d of %d arrived, %d of them with a bad signature, over %d s; p50 %.0f ms, worst %.0f ms after the commit", len(waits), hookFiles, a.forged, hookFiles/hookRate, quantile(waits, .5), quantile(waits, 1))
	return nil
}

// publishRows publishes versions at a fixed rate and gives when each file's was committed.
func (b *bench) publishRows(ctx context.Context, org string, c *client.Client) (map[string]time.Time, error) {
	spaces, err := c.Spaces(ctx, "personal")
	if err != nil || len(spaces) == 0 {
		return nil, fmt.Errorf("no space of one's own: %w", err)
	}
	db, err := b.Root(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	ids := make([]string, hookFiles)
	for i := range ids {
		ids[i] = tenancy.NewID().String()
	}
	for _, sql := range []string{
		`insert into files (organization_id, id, space_id, name, uploaded_by)
			select $1::uuid, f.id, s.id, 'hook ' || f.n || '.txt', s.owner_id from unnest($3::uuid[]) with ordinality f (id, n), spaces s where s.id = $2::uuid`,
		`insert into file_versions (organization_id, id, file_id, number, status, size, uploaded_by)
			select $1::uuid, f.id, f.id, 1, 'processing', 1000, s.owner_id from unnest($3::uuid[]) f (id), spaces s where s.id = $2::uuid`,
	} {
		if _, err := db.Exec(ctx, sql, org, spaces[0].ID, ids); err != nil {
			return nil, fmt.Errorf("%.40s: %w", sql, err)
		}
	}
	committed, began := make(map[string]time.Time, hookFiles), time.Now()
	for i, id := range ids {
		pause(ctx, int(time.Until(began.Add(time.Duration(i)*time.Second/hookRate))/time.Millisecond))
		if _, err := db.Exec(ctx, `update file_versions set status = 'published', scan_verdict = 'clean', scan_sha256 = repeat('0', 64), sha256 = repeat('0', 64), scanned_at = now(), published_at = now(),
			object_etag = 'e', mime_type = 'text/plain' where organization_id = $1 and id = $2`, org, id); err != nil {
			return nil, err
		}
		committed[id] = time.Now()
	}
	return committed, nil
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
