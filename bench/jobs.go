package main

import (
	"context"
	"fmt"
	"time"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// jobRows is how many jobs are listed: of one organization, and of all.
const jobRows, jobRowsFull = 100_000, 1_000_000

// jobs measures pages of the list of jobs under each filter, of one organization and of all,
// and the counts.
func (b *bench) jobs(ctx context.Context) error {
	s, err := b.scratch(ctx, "bench_jobs")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	n := jobRows
	if b.full {
		n = jobRowsFull
	}
	org := tenancy.OrgID(tenancy.NewID())
	by := tenancy.NewID()
	for _, sql := range []string{
		fmt.Sprintf("insert into organizations (id, slug, name, tier) values ('%s', 'o', 'School', 'basic')", org),
		fmt.Sprintf(`insert into operations (organization_id, id, kind, workflow_id, state, queue, priority, created_by, created_at, started_at, ended_at, reason_class, reason_code)
			select '%s', gen_random_uuid(), (array['rescan_storage', 'generate_content', 'build_report', 'sync_roblox'])[1 + g %% 4], 'w/' || g,
			       case when g %% 1000 = 0 then 'waiting' when g %% 20 = 0 then 'failed' else 'succeeded' end, (array['batch', 'ai', 'batch', 'roblox'])[1 + g %% 4],
			       case when g %% 500 = 0 then 'high' when g %% 3 = 0 then 'low' else 'default' end, case when g %% 100 = 0 then '%s'::uuid end,
			       now() - g * interval '1 second', now() - g * interval '1 second', case when g %% 1000 <> 0 then now() - g * interval '1 second' end, case when g %% 20 = 0 then 'theirs' else '' end, ''
			  from generate_series(1, %d) g`, org, by, n),
		"insert into operation_counts (organization_id, kind, state, queue, priority, shard, n) select organization_id, kind, state, queue, priority, 0, count(*) from operations group by 1, 2, 3, 4, 5",
		"analyze",
	} {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return err
		}
	}
	worst, which := 0.0, ""
	for name, f := range map[string]operations.Filter{
		"none": {}, "kind": {Kind: "generate_content"}, "state": {State: operations.Waiting}, "kind and state": {Kind: "build_report", State: operations.Failed}, "queue": {Queue: queue.Roblox},
		"priority": {Priority: operations.High}, "requester": {RequestedBy: by}, "span": {From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)},
		"queue and priority": {Queue: queue.AI, Priority: operations.Low}, "deep": {Before: operations.Cursor{At: time.Now().Add(-time.Duration(n/2) * time.Second)}},
	} {
		f.Limit = 51
		for way, list := range map[string]func() error{
			"of one": func() error { _, err := operations.List(ctx, s.Single(org), f); return err },
			"of all": func() error { _, err := operations.ListAll(ctx, s.DB, tenancy.OrgID{}, f); return err },
		} {
			p95, err := manyTimes(200, list)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", name, way, err)
			}
			if p95 > worst {
				worst, which = p95, name+", "+way
			}
		}
	}
	b.add("jobs listed, the slowest filter", worst, "ms p95", "≤ 10", worst <= 10, "pages of 50 among %d, 200 of each of ten filters, of one organization and of all; the slowest: %s", n, which)
	counts, err := operations.Counts(ctx, s.Single(org), nil)
	if err != nil {
		return err
	}
	sum := int64(0)
	for _, c := range counts {
		sum += c.N
	}
	p95, err := manyTimes(200, func() error { _, err := operations.Counts(ctx, s.Single(org), nil); return err })
	b.add("jobs counted", p95, "ms p95", "exact", sum == int64(n), "%d of %d", sum, n)
	return err
}

// manyTimes gives the 95th percentile of n runs, in milliseconds.
func manyTimes(n int, run func() error) (float64, error) {
	all := make([]time.Duration, n)
	for i := range all {
		began := time.Now()
		if err := run(); err != nil {
			return 0, err
		}
		all[i] = time.Since(began)
	}
	return quantile(all, .95), nil
}
