package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"satchel/search"
	"satchel/tenancy"
)

const searchRounds = 100

// looks are the searches that are measured; i makes each round ask for other words.
var looks = []struct {
	what  string
	goal  time.Duration
	query func(i int) search.Query
}{
	{"a name, rare words", 30 * time.Millisecond, func(i int) search.Query {
		return search.Query{Text: fmt.Sprintf("w%d w%d", 100+i, 3*i), Scope: search.Names}
	}},
	{"a name, a frequent word", 30 * time.Millisecond, func(i int) search.Query {
		return search.Query{Text: fmt.Sprintf("essay w%d", i%10), Scope: search.Names}
	}},
	{"a text, rare words", 80 * time.Millisecond, func(i int) search.Query {
		return search.Query{Text: fmt.Sprintf("w%d w%d", 500+7*i, 900+3*i), Scope: search.Texts}
	}},
	{"a text, a frequent word", 80 * time.Millisecond, func(i int) search.Query {
		return search.Query{Text: fmt.Sprintf("w%d", i%10), Scope: search.Texts}
	}},
	{"both", 80 * time.Millisecond, func(i int) search.Query { return search.Query{Text: fmt.Sprintf("w%d", 20+i)} }},
}

// search measures searches in one school whose files all have a name of three words and a
// text of 60, out of 20,000 words of which few are frequent. Each round asks for other
// words. --full: a million files instead of 200,000.
func (b *bench) search(ctx context.Context) error {
	s, err := b.scratch(ctx, "bench_search")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	org := tenancy.OrgID(tenancy.NewID())
	if err := s.bigSchool(ctx, org); err != nil {
		return err
	}
	copies := 0
	if b.full {
		copies = 4
	}
	if err := s.writeTexts(ctx, org, copies); err != nil {
		return err
	}
	people := s.ForPeople()
	for _, p := range []struct {
		name string
		n    int // of the person
	}{{"student", 700}, {"teacher", 4_600}, {"admin", 4_999}, {"guardian", 5_001}} {
		who := personID(org, p.n)
		q := people.Single(org)
		ctx := tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: who})
		for _, look := range looks {
			var took []time.Duration
			found := 0
			for i := range searchRounds {
				query := look.query(i)
				query.Limit = 20
				began := time.Now()
				page, err := search.Find(ctx, q, query)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", look.what, p.name, err)
				}
				took = append(took, time.Since(began))
				found += len(page.Found)
			}
			slices.Sort(took)
			p50, p95 := quantile(took, 0.5), quantile(took, 0.95)
			b.add("search, "+look.what+", "+p.name, p95, "ms", fmt.Sprintf("≤ %.0f", look.goal.Seconds()*1000), p95 <= look.goal.Seconds()*1000,
				"p95 of %d, p50 %.1f ms, %d files in all; with all round trips", searchRounds, p50, found)
		}
	}
	return nil
}

// writeTexts gives every file a name and a text. The indexes are made afterwards, as a
// bulk load does it.
func (s *scratch) writeTexts(ctx context.Context, org tenancy.OrgID, copies int) error {
	for _, sql := range []string{
		"drop index file_names_search, file_texts_search",
		`create temporary table source as select organization_id, id, space_id, name, uploaded_by, status, needs, subject_id from files where organization_id = $1 and $2::integer >= 0`,
		`insert into files (organization_id, id, space_id, name, uploaded_by, status, head_id, current_id, needs, subject_id)
			select organization_id, copied.id, space_id, name, uploaded_by, status, copied.id, copied.id, needs, subject_id
			  from source f cross join generate_series(1, $2::integer) k
			 cross join lateral (select overlay(f.id::text placing k::text from 15)::uuid as id) copied where $1::uuid is not null`,
		`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at)
			select organization_id, id, id, 1, 'published', 1000, 'text/plain', repeat('0', 64), repeat('0', 64), 'clean', now(), now(), 'e', 1000, uploaded_by, now() from files
			 where $1::uuid is not null and $2::integer >= 0 on conflict do nothing`,
		`insert into file_names (organization_id, file_id, space_id, name)
			select organization_id, id, space_id, 'essay w' || floor(power(random(), 3) * 20000)::integer || ' w' || floor(power(random(), 3) * 20000)::integer || '.txt' from files
			 where organization_id = $1 and $2::integer >= 0`,
		`insert into file_texts (organization_id, file_id, version_id, space_id, state, language, body, lexemes)
			select f.organization_id, f.id, f.id, f.space_id, 'ready', 'simple', t.body, to_tsvector('simple', t.body)
			  from files f cross join lateral (select string_agg('w' || floor(power(random(), 3) * 20000)::integer, ' ') as body from generate_series(1, 60) g where f.id is not null) t
			 where f.organization_id = $1 and $2::integer >= 0`,
	} {
		args := []any{org, copies}
		if sql[:4] == "drop" {
			args = nil
		}
		began := time.Now()
		if _, err := s.admin.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
		if took := time.Since(began); took > 10*time.Second {
			fmt.Fprintf(os.Stderr, " (%.30s took %s)", sql, took.Round(time.Second))
		}
	}
	for _, sql := range []string{
		"create index file_names_search on file_names using gin (organization_id, space_id, folded ext.gin_trgm_ops) with (fastupdate = off)",
		"create index file_texts_search on file_texts using gin (organization_id, space_id, lexemes) with (fastupdate = off)",
		"vacuum analyze",
	} {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	return nil
}
