package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/internal/devstack/checks"
	"satchel/internal/devstack/load"
)

// upgrade is one run.
type upgrade struct {
	older, newer release
	stackFile    string
	ledger       string
	rate         int
	clients      int
	hold         time.Duration
	say          io.Writer

	*devstack.Stack
	folder   string
	base     int // the first port of the APIs and workers
	apis     []*program
	worker   *program
	balancer *balancer
	traffic  traffic
	org      string
	owner    *client.Client
	result   result
}

// apiCount is how many APIs there are: with fewer, a drain would leave none.
const apiCount = 2

// run gives nil where nothing was measured.
func (u *upgrade) run(ctx context.Context) (*result, error) {
	if u.rate < 1 || u.clients < 1 {
		return nil, errors.New("rate and clients are at least one")
	}
	u.folder = filepath.Dir(u.stackFile)
	if _, err := fmt.Sscan(u.newer.setting("SATCHEL_PORT_BASE"), &u.base); err != nil {
		return nil, fmt.Errorf("SATCHEL_PORT_BASE of the new release: %w", err)
	}
	u.result.Old, u.result.New, u.result.Rate = u.older.setting("REVISION"), u.newer.setting("REVISION"), u.rate
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer u.endAll()
	stopped, err := u.setUp(ctx)
	if err != nil {
		return nil, err
	}
	defer stopped()
	defer cancel() // before the balancer's end is waited for
	if err = u.traffic.during(ctx, cancel, u.rate, u.clients, u.steps); err != nil {
		return &u.result, err
	}
	return &u.result, u.judge(ctx)
}

// setUp starts the old programs with the old schema, and makes a school.
func (u *upgrade) setUp(ctx context.Context) (stopped func(), err error) {
	if err := u.older.once(ctx, u.folder, "migrate", "up"); err != nil {
		return nil, err
	}
	backends := make([]*backend, apiCount)
	for i := range backends {
		backends[i] = &backend{url: &url.URL{Scheme: "http", Host: u.address(i, 0)}, probe: "http://" + u.address(i, 2) + "/readyz"}
	}
	u.balancer = newBalancer(u.say, backends)
	if stopped, err = u.balancer.serve(ctx, u.newer.setting("SATCHEL_API_LISTEN")); err != nil {
		return nil, err
	}
	u.apis = make([]*program, apiCount)
	for i := range u.apis {
		if err := u.startAPI(ctx, u.older, i); err != nil {
			return nil, err
		}
	}
	if err := u.startWorker(ctx, u.older); err != nil {
		return nil, err
	}
	if err := u.older.once(ctx, u.folder, "demo", "prepare", "--stack", u.stackFile); err != nil {
		return nil, err
	}
	if u.Stack, err = devstack.Read(u.stackFile); err != nil {
		return nil, err
	}
	return stopped, u.provision(ctx)
}

func (u *upgrade) provision(ctx context.Context) (err error) {
	if u.org, err = u.Unhurried(ctx, "upgrade", "School under an upgrade"); err != nil {
		return err
	}
	if u.owner, err = u.Member(ctx, u.org, "owner-"+u.org, "owner"); err != nil {
		return err
	}
	if u.traffic.school, err = u.Member(ctx, u.org, "teacher-"+u.org, "teacher"); err != nil {
		return err
	}
	u.traffic.counter = &counter{over: &http.Transport{MaxIdleConnsPerHost: 64}}
	u.traffic.school.HTTP = &http.Client{Transport: u.traffic.counter}
	u.traffic.ledger, err = load.Create(u.ledger)
	return err
}

// address is the n-th one of the i-th program beside the stack's own.
func (u *upgrade) address(i, n int) string { return fmt.Sprintf("127.0.0.1:%d", u.base+20+4*i+n) }

func (u *upgrade) startAPI(ctx context.Context, r release, i int) (err error) {
	u.apis[i], err = r.start(ctx, u.folder, "api", fmt.Sprintf("api-%d", i+1), map[string]string{
		"SATCHEL_API_LISTEN": u.address(i, 0), "SATCHEL_CONTENT_LISTEN": u.address(i, 1), "SATCHEL_METRICS_LISTEN": u.address(i, 2),
		"SATCHEL_EDGE_LISTEN": u.address(i, 3), "SATCHEL_DRAIN": drain, "SATCHEL_API_REPLICAS": fmt.Sprint(apiCount),
	})
	for err == nil && !u.balancer.backends[i].up.Load() { // as a Service does, it sends nothing before
		err = pause(ctx, programPoll)
	}
	return err
}

// startWorker starts a worker beside the one that runs. They take turns at two addresses.
func (u *upgrade) startWorker(ctx context.Context, r release) error {
	place := apiCount
	if u.worker != nil && u.worker.metrics == "http://"+u.address(place, 0) {
		place++
	}
	w, err := r.start(ctx, u.folder, "worker", fmt.Sprintf("worker-%d", place-apiCount+1), map[string]string{"SATCHEL_METRICS_LISTEN": u.address(place, 0)})
	if err != nil {
		return err
	}
	old := u.worker
	u.worker = w
	if old == nil {
		return nil
	}
	if err := pause(ctx, u.hold); err != nil {
		return err
	}
	if r.versioned {
		other := u.older.name
		if r.name == other {
			other = u.newer.name
		}
		if err := r.promote(ctx, u.folder, other); err != nil {
			return err
		}
	}
	if err := u.endWorker(ctx, old); err != nil {
		return err
	}
	return nil
}

// endWorker notes what the worker counts before it ends.
func (u *upgrade) endWorker(ctx context.Context, w *program) error {
	failed, err := failedTasks(ctx, w)
	u.result.FailedTasks += failed
	return errors.Join(err, w.end())
}

// endAll leaves no program behind, whatever happened.
func (u *upgrade) endAll() {
	for _, p := range append(u.apis, u.worker) {
		if p != nil {
			_ = p.end()
		}
	}
}

// steps are what an operator does, in the order of docs/upgrading.md, and back.
func (u *upgrade) steps(ctx context.Context) error {
	replace := func(r release, i int) func() error {
		return func() error {
			if err := u.apis[i].end(); err != nil {
				return err
			}
			return u.startAPI(ctx, r, i)
		}
	}
	hold := func() error { return pause(ctx, u.hold) }
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"old programs, old schema", hold},
		{"migrate up of the new release", func() error { return u.newer.once(ctx, u.folder, "migrate", "up") }},
		{"old programs, new schema", hold},
		{"new worker beside the old, old one ended", func() error { return u.startWorker(ctx, u.newer) }},
		{"first API replaced", replace(u.newer, 0)},
		{"second API replaced", replace(u.newer, 1)},
		{"new programs", hold},
		{"back: first API", replace(u.older, 0)},
		{"back: second API", replace(u.older, 1)},
		{"back: old worker beside the new, new one ended", func() error { return u.startWorker(ctx, u.older) }},
		{"old programs again, new schema", hold},
	} {
		before, began := u.traffic.now(), time.Now()
		err := step.do()
		s := stepResult{Name: step.name, Took: time.Since(began).Seconds(), counts: u.traffic.now().less(before)}
		u.result.Steps = append(u.result.Steps, s)
		_, _ = fmt.Fprintf(u.say, "  %s: %.1f s, %d requests, %d uploads, %d failed\n", s.Name, s.Took, s.Requests, s.Uploads, s.Failed)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// judge waits for the backlog, holds the ledger against what is there, and looks at every history.
func (u *upgrade) judge(ctx context.Context) error {
	orgs := []string{u.org}
	tell := func(b checks.Backlog) { _, _ = fmt.Fprintf(u.say, "  drain: %s\n", b) }
	began := time.Now()
	if err := checks.Drain(ctx, u.Stack, orgs, func(b checks.Backlog) bool { return b.Files+b.Previews == 0 }, tell); err != nil {
		return err
	}
	u.result.Drained = time.Since(began).Seconds()
	u.result.Clients, u.result.Failures = u.traffic.now(), u.traffic.failures
	uploads, err := load.Read(u.ledger)
	if err != nil {
		return err
	}
	reader := *u.traffic.school
	reader.HTTP = nil // the judge's own requests do not count
	if u.result.Uploads, err = load.Judge(ctx, &reader, uploads); err != nil {
		return err
	}
	if u.result.found, err = u.findings(ctx); err != nil {
		return err
	}
	failed, err := failedTasks(ctx, u.worker)
	if err != nil {
		return err
	}
	u.result.FailedTasks += failed
	u.result.Histories, err = readHistories(ctx, u.Stack, orgs)
	return err
}

// findings asks the reconciler until it finds nothing, or the sweeps had their time.
func (u *upgrade) findings(ctx context.Context) (found []checks.Finding, err error) {
	for until := time.Now().Add(3 * time.Minute); ; {
		if found, err = checks.Reconcile(ctx, u.Stack, u.org, checks.Reconciling{}); err != nil || len(found) == 0 || time.Now().After(until) {
			return found, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
