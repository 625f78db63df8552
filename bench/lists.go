package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

const (
	pageOf = 50
	pairs  = 2000
)

// lists reads pages of an organization of 1,000 files (--full: 10,000) where it is
// alone, and where it is any of 1,000, alternating; then pages at both ends of one long list.
// It asks the database as the API does, with the organization bound and the rules
// in force: what a request costs besides would only hide the difference.
func (b *bench) lists(ctx context.Context) error {
	alone, err := b.scratch(ctx, "bench_alone")
	if err != nil {
		return err
	}
	defer alone.close(ctx)
	each := 1000
	if b.full {
		each = 10_000
	}
	one, err := alone.schools(ctx, 1, each)
	if err != nil {
		return err
	}
	crowd, err := b.scratch(ctx, "bench_crowd")
	if err != nil {
		return err
	}
	defer crowd.close(ctx)
	many, err := crowd.schools(ctx, 1000, each)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name  string
		after int
	}{{"first", 0}, {"deep", each - 2*pageOf}} {
		single, crowded, err := inTurns(ctx, reader{alone, one, c.after}, reader{crowd, many, c.after})
		if err != nil {
			return err
		}
		ratio := quantile(crowded, .95) / quantile(single, .95)
		b.add(fmt.Sprintf("list, %s page, 1,000 × %d", c.name, each), ratio, "× alone, p95", "≤ 1.2", ratio <= 1.2,
			"%d alternating pairs of %d files: %.2f ms p95 (%.2f p50) as any of 1,000 organizations, %.2f (%.2f) as the only one",
			len(single), pageOf, quantile(crowded, .95), quantile(crowded, .5), quantile(single, .95), quantile(single, .5))
	}
	return b.longList(ctx, crowd)
}

// longList: page one and a page near the end of one organization's many files.
func (b *bench) longList(ctx context.Context, s *scratch) error {
	length := 200_000
	if b.full {
		length = 1_000_000
	}
	orgs, err := s.schools(ctx, 1, length)
	if err != nil {
		return err
	}
	first, last, err := inTurns(ctx, reader{s, orgs, 0}, reader{s, orgs, length - 2*pageOf})
	if err != nil {
		return err
	}
	ratio := quantile(last, .95) / quantile(first, .95)
	b.add(fmt.Sprintf("list, last page of %d", length), ratio, "× first page, p95", "≤ 1.2", ratio <= 1.2,
		"%d alternating pairs: %.2f ms p95 (%.2f p50) at the end, %.2f (%.2f) at the beginning",
		len(first), quantile(last, .95), quantile(last, .5), quantile(first, .95), quantile(first, .5))
	return nil
}

// reader reads a page of any of some organizations, after so many rows.
type reader struct {
	from  *scratch
	orgs  []tenancy.OrgID
	after int
}

// cursors says where each organization's page begins.
type cursors map[tenancy.OrgID]uuid.UUID

// inTurns reads one page after the other. Each organization's page was read once
// before, so that both databases hold in memory what is asked for: how fast a
// disk is, is not the question.
func inTurns(ctx context.Context, one, other reader) (first, second []time.Duration, err error) {
	begin, end := cursors{}, cursors{}
	for i := range max(len(one.orgs), len(other.orgs)) {
		if _, _, err := measurePair(ctx, one, other, begin, end, i); err != nil {
			return nil, nil, err
		}
	}
	for range pairs {
		a, b, err := measurePair(ctx, one, other, begin, end, rand.Int()) //nolint:gosec // any of them, no secret
		if err != nil {
			return nil, nil, err
		}
		first, second = append(first, a), append(second, b)
	}
	return first, second, nil
}

func measurePair(ctx context.Context, one, other reader, begin, end cursors, i int) (a, b time.Duration, err error) {
	if a, err = one.page(ctx, begin, one.orgs[i%len(one.orgs)]); err != nil {
		return 0, 0, err
	}
	b, err = other.page(ctx, end, other.orgs[i%len(other.orgs)])
	return a, b, err
}

// page times one page. Where it begins is looked up before, once.
func (r reader) page(ctx context.Context, known cursors, org tenancy.OrgID) (time.Duration, error) {
	cursor, found := known[org]
	if r.after > 0 && !found {
		if err := r.from.admin.QueryRow(ctx, "select id from files where organization_id = $1 order by id desc offset $2 limit 1", org, r.after).Scan(&cursor); err != nil {
			return 0, err
		}
		known[org] = cursor
	}
	began := time.Now()
	page, err := files.List(ctx, r.from.Single(org), files.Filter{Limit: pageOf, After: files.Cursor{ID: cursor}})
	took := time.Since(began)
	if err == nil && len(page) != pageOf {
		err = fmt.Errorf("a page of %d files, and not of %d", len(page), pageOf)
	}
	return took, err
}
