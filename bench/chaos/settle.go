package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"satchel/internal/devstack/checks"
	"satchel/internal/devstack/load"
)

const (
	settlePatience = 5 * time.Minute
	settleGoal     = 2 * time.Minute
)

// settle waits until the backlog is drained and then until nothing is left of the disturbance: no
// workflow, no reservation, no spool file, and nothing that the reconciler finds.
func (c *chaos) settle(ctx context.Context, r *result) error {
	began := time.Now()
	if err := c.drain(ctx, func(b checks.Backlog) bool { return b.Files == 0 }); err != nil {
		return err
	}
	r.FilesDrained = seconds(time.Since(began))
	if err := c.tellFiles(ctx); err != nil {
		return err
	}
	if err := c.drain(ctx, func(b checks.Backlog) bool { return b == checks.Backlog{} }); err != nil {
		return err
	}
	r.Drained = seconds(time.Since(began))
	return c.remains(ctx, r)
}

// tellFiles says how the files stand when none is in process: previews and texts take longer than all before, and a run that
// ends in them has told at least this.
func (c *chaos) tellFiles(ctx context.Context) error {
	var now result
	if err := c.judge(ctx, &now); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.say, "          files: %d acknowledged, %d unanswered; refused %d, given up %d, lost %d, corrupt %d, stuck %d, wrong %d, twice %d; quota off by %d, audit logs broken %d\n",
		now.Acknowledged, now.Unanswered, now.Refused, now.GivenUp, now.Lost, now.Corrupt, now.Stuck, now.Wrong, now.Twice, now.QuotaOff, now.AuditBroken)
	return err
}

func (c *chaos) drain(ctx context.Context, done func(checks.Backlog) bool) error {
	return checks.Drain(ctx, c.Stack, c.orgs(), done, func(b checks.Backlog) { _, _ = fmt.Fprintf(c.say, "          drain: %s\n", b) })
}

// remains looks until it finds nothing. What dead processes left in the store for the reconciler to
// remove, as docs/failures.md says, is removed by it when the sweeps had their time.
func (c *chaos) remains(ctx context.Context, r *result) error {
	began := time.Now()
	until, told := began.Add(settlePatience), began
	var still time.Duration // until nothing but findings was left
	for {
		asked := time.Now()
		err := c.look(ctx, r, checks.Reconciling{})
		if time.Since(told) > tellEvery {
			told = time.Now()
			_, _ = fmt.Fprintf(c.say, "          settle: %d workflows, %d bytes reserved, %d files in spools, %d findings %v\n", r.Open, r.Reserved, len(r.Spooled), len(r.found), kinds(r.found))
		}
		if err == nil && still == 0 && r.left() == len(r.found) {
			still = asked.Sub(began)
		}
		switch {
		case err != nil && time.Now().After(until):
			return err
		case err == nil && r.left() == 0:
			r.Settled = seconds(asked.Sub(began))
			return nil
		case err == nil && time.Since(began) > settleGoal && r.Open+r.Reserved+len(r.Spooled) == 0:
			return c.repair(ctx, r, still)
		case time.Now().After(until):
			r.Settled = seconds(time.Since(began))
			return nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// rowlessPatience is above the age at which the reconciler takes bytes without a row for left over:
// younger ones may be of a form that is received.
const rowlessPatience = 11 * time.Minute

// repair has the reconciler remove what it found, and looks again, until bytes without a row are old
// enough to be removed.
func (c *chaos) repair(ctx context.Context, r *result, settled time.Duration) error {
	r.LeftToReconciler, r.Settled = kinds(r.found), seconds(settled)
	for until := time.Now().Add(rowlessPatience); ; {
		if err := c.look(ctx, r, checks.Reconciling{Repair: true}); err != nil {
			return err
		}
		if err := c.look(ctx, r, checks.Reconciling{}); err != nil {
			return err
		}
		onlyRowless := kinds(r.found)["orphan_staging"] == len(r.found)
		if r.left() == 0 || !onlyRowless || time.Now().After(until) {
			return nil
		}
		_, _ = fmt.Fprintf(c.say, "          settle: %d objects without a row are younger than ten minutes\n", len(r.found))
		if err := pause(ctx, time.Minute); err != nil {
			return err
		}
	}
}

func kinds(found []checks.Finding) map[string]int {
	by := map[string]int{}
	for _, f := range found {
		by[f.Kind]++
	}
	return by
}

// look counts what is left. The reconciler is asked last, and only when all else is gone.
func (c *chaos) look(ctx context.Context, r *result, how checks.Reconciling) (err error) {
	r.Open, r.Reserved, r.found = 0, 0, nil
	if r.Spooled, err = checks.Spooled(c.Stack); err != nil {
		return err
	}
	if r.Open, err = checks.Workflows(ctx, c.Stack, c.orgs()); err != nil {
		return err
	}
	for _, m := range c.members {
		var q struct{ Reserved int }
		if err := m.owner.Call(ctx, "GET", "/api/v1/storage/quota", nil, &q); err != nil {
			return err
		}
		r.Reserved += q.Reserved
	}
	if r.left() > 0 {
		return nil
	}
	for _, m := range c.members {
		found, err := checks.Reconcile(ctx, c.Stack, m.org, how)
		if err != nil {
			return err
		}
		r.found = append(r.found, found...)
	}
	return nil
}

// judge holds the ledger against the schools, and quota, audit logs and keys against their files.
func (c *chaos) judge(ctx context.Context, r *result) error {
	uploads, err := load.Read(c.ledger)
	if err != nil {
		return err
	}
	for school, m := range c.members {
		own := slices.DeleteFunc(slices.Clone(uploads), func(u load.Upload) bool { return u.School != school })
		v, err := load.Judge(ctx, m.teacher, own)
		if err != nil {
			return err
		}
		r.Add(v)
		var q struct{ Used int64 }
		if err := m.owner.Call(ctx, "GET", "/api/v1/storage/quota", nil, &q); err != nil {
			return err
		}
		r.QuotaOff += max(q.Used-v.Bytes, v.Bytes-q.Used)
		report, err := checks.VerifyAudit(ctx, m.owner, m.org)
		if err != nil {
			return err
		}
		r.AuditEvents += report.Events
		if !report.OK {
			r.AuditBroken++
		}
	}
	r.KeysAlone, err = c.keysAlone(ctx)
	return err
}

// keysAlone counts the data keys of the schools without a version. A process that dies between a key
// and its row leaves one, which opens nothing (docs/failures.md).
func (c *chaos) keysAlone(ctx context.Context) (int, error) {
	store, err := minio.New(c.S3.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(c.S3.AccessKey, c.S3.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		return 0, err
	}
	root, err := c.Root(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close(context.WithoutCancel(ctx)) }()
	keys := map[string]bool{}
	for _, org := range c.orgs() {
		for o := range store.ListObjects(ctx, c.S3.Buckets["keys"], minio.ListObjectsOptions{Prefix: org + "/", Recursive: true}) {
			if o.Err != nil {
				return 0, fmt.Errorf("list keys: %w", o.Err)
			}
			keys[strings.TrimPrefix(o.Key, org+"/")] = true
		}
	}
	var known int
	err = root.QueryRow(ctx, "select count(*) from file_versions where id::text = any($1)", slices.Collect(maps.Keys(keys))).Scan(&known)
	return len(keys) - known, err
}
