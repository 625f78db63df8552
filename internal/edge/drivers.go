package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/time/rate"
)

// How many keys one request names: by the contracts of the hosted caches, and for
// Varnish by the length of a header.
const (
	mostVarnish    = 100
	mostCloudflare = 100
	mostFastly     = 256
	mostWebhook    = 100
)

// varnish is Varnish with deploy/edge/satchel.vcl, by the listener that it has for purges.
func varnish(d driver) (*Edge, error) {
	return &Edge{most: mostVarnish, purge: func(ctx context.Context, keys []string) error {
		r, err := http.NewRequestWithContext(ctx, "PURGE", d.URL, http.NoBody)
		if err != nil {
			return err
		}
		r.Header.Set("Edge-Key", d.Secret)
		r.Header.Set("Edge-Purge", strings.Join(keys, " "))
		_, err = d.send(r)
		return err
	}}, nil
}

// Cloudflare's purges by tag: five in a second are below the limits of all plans but the
// free one, whose answers say when to come back.
const cloudflareRate = 5

func cloudflare(d driver) (*Edge, error) {
	base := d.base("https://api.cloudflare.com")
	turn := rate.NewLimiter(cloudflareRate, 1)
	return &Edge{most: mostCloudflare, purge: func(ctx context.Context, keys []string) error {
		if err := turn.Wait(ctx); err != nil {
			return err
		}
		answer, err := d.post(ctx, base+"/client/v4/zones/"+d.Zone+"/purge_cache", map[string]any{"tags": keys}, http.Header{"Authorization": {"Bearer " + d.Secret}})
		if err != nil {
			return err
		}
		var said struct {
			Success bool `json:"success"`
		}
		if err := json.Unmarshal(answer, &said); err != nil || !said.Success {
			return errFailed.Because(errors.Join(errors.New("the answer tells of no success"), err))
		}
		return nil
	}}, nil
}

// fastly purges softly: what was there is stale, and is asked for again.
func fastly(d driver) (*Edge, error) {
	base := d.base("https://api.fastly.com")
	return &Edge{most: mostFastly, purge: func(ctx context.Context, keys []string) error {
		_, err := d.post(ctx, base+"/service/"+d.Zone+"/purge", map[string]any{"surrogate_keys": keys}, http.Header{"Fastly-Key": {d.Secret}, "Fastly-Soft-Purge": {"1"}})
		return err
	}}, nil
}

// webhook tells a program of the operators, signed as the organizations' webhooks are.
func webhook(d driver) (*Edge, error) {
	signer, err := standardwebhooks.NewWebhook(d.Secret)
	if err != nil {
		return nil, errors.New("SATCHEL_EDGE_PURGE_SECRET is no secret of a webhook: whsec_ and the base64 of 24 to 64 bytes")
	}
	return &Edge{most: mostWebhook, purge: func(ctx context.Context, keys []string) error {
		now, id := time.Now(), "msg_"+uuid.NewString()
		body, err := json.Marshal(map[string]any{"type": "edge.purge", "timestamp": now.UTC().Format(time.RFC3339), "data": map[string]any{"keys": keys}})
		if err != nil {
			return err
		}
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return err
		}
		return d.postBody(ctx, d.URL, body, http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}, "Webhook-Signature": {signature}})
	}}, nil
}

func (d driver) base(public string) string {
	if d.URL != "" {
		return strings.TrimSuffix(d.URL, "/")
	}
	return public
}

func (d driver) post(ctx context.Context, url string, in any, h http.Header) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return d.request(ctx, url, body, h)
}

func (d driver) postBody(ctx context.Context, url string, body []byte, h http.Header) error {
	_, err := d.request(ctx, url, body, h)
	return err
}

func (d driver) request(ctx context.Context, url string, body []byte, h http.Header) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = h
	r.Header.Set("Content-Type", "application/json")
	return d.send(r)
}
