package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/policies/audit"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

const publications = 500

// auditLog publishes versions with the one row that a publication leaves in the
// trail, and with two, alternating. The difference is what a row costs; a
// publication without any is not to be had, since the domain writes it itself.
// No bytes move: it is the transaction alone.
func (b *bench) auditLog(ctx context.Context) error {
	s, err := b.scratch(ctx, "bench_trail")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	orgs, err := s.schools(ctx, 1, 1)
	if err != nil {
		return err
	}
	ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: orgs[0], User: orgs[0].UUID(), Role: tenancy.Owner})
	var one, two []time.Duration
	for i := range publications + 20 {
		with, err := s.publish(ctx, orgs[0], false)
		if err != nil {
			return err
		}
		more, err := s.publish(ctx, orgs[0], true)
		if err != nil {
			return err
		}
		if i >= 20 {
			one, two = append(one, with), append(two, more)
		}
	}
	cost := quantile(two, .5) - quantile(one, .5)
	b.add("a publication's row in the audit log", cost, "ms p50", "—", true,
		"%d alternating pairs, the publishing transaction: %.2f ms p50 (%.2f p95) with one row, %.2f (%.2f) with two; so %.2f without",
		len(one), quantile(one, .5), quantile(one, .95), quantile(two, .5), quantile(two, .95), quantile(one, .5)-cost)
	return nil
}

// publish brings a version as far as its publication and times that.
func (s *scratch) publish(ctx context.Context, org tenancy.OrgID, twice bool) (time.Duration, error) {
	version, err := s.scanned(ctx, org)
	if err != nil {
		return 0, fmt.Errorf("make a version: %w", err)
	}
	began := time.Now()
	err = s.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := files.Publish(ctx, tx, version, "etag"); err != nil || !twice {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "file.publish", ObjectID: version.String()})
	})
	return time.Since(began), err
}

func (s *scratch) scanned(ctx context.Context, org tenancy.OrgID) (uuid.UUID, error) {
	sum := strings.Repeat("0", 64)
	var t files.Created
	err := s.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		if t, err = files.Create(ctx, tx, files.New{Name: "essay.txt", Size: 10, UploadedBy: org.UUID(), TTL: time.Hour}); err != nil {
			return err
		}
		if err = files.Receive(ctx, tx, files.Received{Upload: t.Upload, Size: 10, SHA256: sum, ETag: "etag"}); err != nil {
			return err
		}
		return files.Scanned(ctx, tx, t.Version, files.Verdict{Verdict: verdict.Clean, Engine: "none", SHA256: sum})
	})
	return t.Version, err
}
