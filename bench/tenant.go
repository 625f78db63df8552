package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"satchel/tenancy"
)

// tenant compares one query with and without the tenant's binding, alternating,
// over the same server and the same role.
func (b *bench) tenant(ctx context.Context) error {
	org, _, err := b.school(ctx)
	if err != nil {
		return err
	}
	id, err := tenancy.ParseOrgID(org)
	if err != nil {
		return err
	}
	db, err := tenancy.Open(ctx, tenancy.Config{URL: b.AppURL, MaxConns: 2, Timeout: time.Minute})
	if err != nil {
		return err
	}
	defer db.Close()
	bare, err := pgxpool.New(ctx, b.AppURL)
	if err != nil {
		return err
	}
	defer bare.Close()
	const query = "select count(*) from storage_quotas where organization_id = $1"
	var with, without []time.Duration
	var n int
	for range 3000 {
		began := time.Now()
		if err := db.Single(id).QueryRow(ctx, query, org).Scan(&n); err != nil {
			return err
		}
		with = append(with, time.Since(began))
		began = time.Now()
		if err := bare.QueryRow(ctx, query, org).Scan(&n); err != nil {
			return err
		}
		without = append(without, time.Since(began))
	}
	cost := quantile(with, .5) - quantile(without, .5)
	b.add("tenant context", cost, "ms p50", "≤ 0.1", cost <= .1, "3,000 alternating pairs; %.3f ms with, %.3f ms without", quantile(with, .5), quantile(without, .5))
	return nil
}
