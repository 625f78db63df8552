package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"satchel/rosters"
	"satchel/rosters/generate"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
	"satchel/tenancy/people"
)

// Goals of a roster of 100,000 people, 20,000 classes and 1,000,000 enrollments. A
// smaller one has its share of the times, and the whole of the memory.
const (
	rosterPeople  = 100_000
	rosterCompare = time.Minute
	rosterApply   = 5 * time.Minute
	rosterAgain   = 30 * time.Second
	rosterMiB     = 256
)

// rosters measures an import from the package to its end, and the same package again.
// It is the work of the activities, without Temporal, the scan and the store.
func (b *bench) rosters(ctx context.Context) error {
	size := rosterPeople / 10
	if b.full {
		size = rosterPeople
	}
	s, err := b.scratch(ctx, "bench_rosters")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	r := rosterRun{scratch: s, org: tenancy.OrgID(tenancy.NewID()), source: tenancy.NewID()}
	if err := r.begin(ctx, size); err != nil {
		return err
	}
	share := func(d time.Duration) time.Duration { return d * time.Duration(size) / rosterPeople }
	others, err := s.schools(ctx, 1, 10_000)
	if err != nil {
		return err
	}
	quiet, err := pagesUntil(ctx, reader{s, others, 0}, time.After(5*time.Second))
	if err != nil {
		return err
	}
	peak, stop := heapPeak() // of the import, and not of the other organization's files
	defer stop()
	ended := make(chan time.Time)
	type pages struct {
		took []time.Duration
		err  error
	}
	beside := make(chan pages, 1)
	go func() {
		took, err := pagesUntil(ctx, reader{s, others, 0}, ended)
		beside <- pages{took, err}
	}()
	compared, applied, total, err := r.importIt(ctx)
	close(ended)
	meanwhile := <-beside
	if err = errors.Join(err, meanwhile.err); err != nil {
		return err
	}
	ratio := quantile(meanwhile.took, .95) / quantile(quiet, .95)
	b.add("rosters, another organization's list meanwhile", ratio, "× before, p95", "≤ 1.5", ratio <= 1.5,
		"%d pages of %d files: %.2f ms p95 (%.2f p50), %.2f (%.2f) before", len(meanwhile.took), pageOf,
		quantile(meanwhile.took, .95), quantile(meanwhile.took, .5), quantile(quiet, .95), quantile(quiet, .5))
	again, finished, none, err := r.importIt(ctx)
	if err != nil {
		return err
	}
	if none != 0 {
		return fmt.Errorf("the same roster again changes %d", none)
	}
	for _, f := range []struct {
		what       string
		took, goal time.Duration
	}{{"validate and compare", compared, share(rosterCompare)}, {"apply", applied, share(rosterApply)}, {"the same again", again + finished, share(rosterAgain)}} {
		b.add(fmt.Sprintf("rosters, %s, %d people", f.what, size), f.took.Seconds(), "s", fmt.Sprintf("≤ %.0f", f.goal.Seconds()), f.took <= f.goal, "%d changes", total)
	}
	mib := float64(peak()-uint64(len(r.content))) / (1 << 20)
	b.add("rosters, memory", mib, "MiB", fmt.Sprintf("≤ %d", rosterMiB), mib <= rosterMiB, "the largest heap, without the package itself")
	return nil
}

// pagesUntil reads an organization's first page 50 times a second.
func pagesUntil(ctx context.Context, r reader, ended <-chan time.Time) (took []time.Duration, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return took, nil
		case <-tick.C:
			d, err := r.page(ctx, cursors{}, r.orgs[0])
			if err != nil {
				return nil, err
			}
			took = append(took, d)
		}
	}
}

// rosterRun is one organization with a package.
type rosterRun struct {
	*scratch
	org     tenancy.OrgID
	source  uuid.UUID
	content []byte
}

func (r *rosterRun) begin(ctx context.Context, size int) error {
	var packed bytes.Buffer
	if err := generate.New(1, generate.Size{People: size, Classes: size / 5}).Write(&packed, generate.V12); err != nil {
		return err
	}
	r.content = packed.Bytes()
	for _, sql := range []string{
		`insert into users (id) values ($1)`,
		`insert into organizations (id, slug, name, tier) values ($1, 'district', 'District', 'enterprise')`,
		`insert into storage_quotas (organization_id, max_bytes, max_file_size) values ($1, 1::bigint << 40, 1 << 30)`,
		`insert into audit_heads (organization_id) values ($1) on conflict do nothing`,
		`insert into members (organization_id, user_id, role) values ($1, $1, 'owner')`,
	} {
		if _, err := r.admin.Exec(ctx, sql, r.org.UUID()); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	return rosters.AddSource(ctx, r.Single(r.org), rosters.Source{ID: r.source, Name: "SIS", LeaveDays: 14}, r.org.UUID())
}

// importIt imports the package whatever holds it.
func (r *rosterRun) importIt(ctx context.Context) (compared, applied time.Duration, changes int64, err error) {
	began := time.Now()
	found, id, err := r.compare(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	compared, began = time.Since(began), time.Now()
	by := r.org.UUID()
	err = r.InTx(ctx, r.org, func(tx *tenancy.Tx) error {
		_, err := rosters.Decide(ctx, tx, id, &by, rosters.Approve, found.Hash, false)
		return err
	})
	if err != nil {
		return 0, 0, 0, err
	}
	if _, err = rosters.BeginApply(ctx, r.DB, r.org, id); err != nil {
		return 0, 0, 0, err
	}
	a, err := rosters.NewApplier(ctx, r.DB, r.org, id)
	for done := (rosters.Batch{Reached: 1}); done.Reached > 0 && err == nil; {
		done, err = a.Apply(ctx)
	}
	if err == nil {
		_, err = a.Finish(ctx, rosters.Applied)
	}
	return compared, time.Since(began), found.Summary.Total, err
}

func (r *rosterRun) compare(ctx context.Context) (rosters.Found, uuid.UUID, error) {
	sum := sha256.Sum256(r.content)
	n := int64(len(r.content))
	p := rosters.Package{Import: tenancy.NewID(), Source: r.source, Size: n, SHA256: hex.EncodeToString(sum[:]), ETag: "e"}
	if err := r.InTx(ctx, r.org, func(tx *tenancy.Tx) error { return rosters.Begin(ctx, tx, p) }); err != nil {
		return rosters.Found{}, p.Import, err
	}
	i, err := rosters.Get(ctx, r.Single(r.org), p.Import)
	if err != nil {
		return rosters.Found{}, p.Import, err
	}
	hasher, err := people.NewHasher(people.HashConfig{Key: "a key of the benchmark, long enough to be one"})
	if err != nil {
		return rosters.Found{}, p.Import, err
	}
	opened, err := oneroster.Open(bytes.NewReader(r.content), n, oneroster.DefaultLimits)
	if err != nil {
		return rosters.Found{}, p.Import, err
	}
	stager := rosters.Stager{DB: r.DB, Hasher: hasher, Limits: rosters.DefaultLimits}
	if err := stager.Stage(ctx, r.org, i, opened); err != nil {
		return rosters.Found{}, p.Import, err
	}
	found, err := rosters.Diff(ctx, r.DB, r.org, p.Import)
	return found, p.Import, err
}

// heapPeak watches the heap until it is stopped, and gives the largest that it saw.
func heapPeak() (peak func() uint64, stop func()) {
	runtime.GC()
	var most atomic.Uint64
	ended := make(chan struct{})
	go func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-ended:
				tick.Stop()
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			}
		}
	}()
	return most.Load, func() { close(ended) }
}
