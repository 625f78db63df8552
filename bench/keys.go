package main

import (
	"context"
	"net/http"
	"time"

	"satchel/client"
)

// keys compares one small call with an API key and with an access token,
// alternating, over the same server. The token costs a signature, the key a hash; both
// cost one question to the database.
func (b *bench) keys(ctx context.Context) error {
	org, err := b.Unhurried(ctx, "bench", "Benchmark")
	if err != nil {
		return err
	}
	owner, err := b.Member(ctx, org, "owner-"+org, "owner")
	if err != nil {
		return err
	}
	k, err := owner.CreateKey(ctx, org, client.NewKey{Name: "bench", Role: "teacher", Scopes: []string{"files:read"}})
	if err != nil {
		return err
	}
	machine := &client.Client{Base: b.API, Token: k.Key}
	var byKey, byToken []time.Duration
	for i := range 1020 {
		key, err := timed(ctx, machine)
		if err != nil {
			return err
		}
		token, err := timed(ctx, owner)
		if err != nil {
			return err
		}
		if i >= 20 { // the first ones warm both ways up
			byKey, byToken = append(byKey, key), append(byToken, token)
		}
	}
	ratio := quantile(byKey, .5) / quantile(byToken, .5)
	b.add("GET by API key", ratio, "× by token", "≤ 1.1", ratio <= 1.1, "1,000 alternating pairs, p50: %.2f ms by key, %.2f ms by token", quantile(byKey, .5), quantile(byToken, .5))
	return nil
}

func timed(ctx context.Context, c *client.Client) (time.Duration, error) {
	began := time.Now()
	err := c.Call(ctx, http.MethodGet, "/api/v1/storage/quota", nil, nil)
	return time.Since(began), err
}
