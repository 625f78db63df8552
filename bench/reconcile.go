package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/activities/reconcile"
	"satchel/activities/reconcile/reconciletest"
	"satchel/files"
	"satchel/tenancy"
)

const (
	reconciled = 1_000_000 // published versions, each with its object
	sliceOf    = 20_000    // versions in one slice, as the schedule has them
	// enough is how fast one organization of that many must be checked to come to its
	// end within the 45 minutes of one run.
	enough = float64(reconciled) / (45 * 60)
)

// reconcile checks an organization of a million files, slice by slice, against a
// bucket in memory: what is measured is the comparison and the database, and not how
// fast a store lists.
func (b *bench) reconcile(ctx context.Context) error {
	s, err := b.scratch(ctx, "bench_reconcile")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	orgs, err := s.schools(ctx, 1, reconciled)
	if err != nil {
		return err
	}
	clean, err := s.objects(ctx, orgs[0])
	if err != nil {
		return err
	}
	checker := reconcile.Checker{DB: s.DB, Clean: clean, Staging: &reconciletest.Bucket{}, Quarantine: &reconciletest.Bucket{}, Exports: &reconciletest.Bucket{}}
	var rows, slices int
	began := time.Now()
	for at := (reconcile.Position{}); ; slices++ {
		slice, err := checker.Slice(ctx, orgs[0], at, reconcile.Options{}, reconcile.Limit{Versions: sliceOf})
		if err != nil {
			return err
		}
		if len(slice.Findings) > 0 {
			return fmt.Errorf("findings where there are none: %v", slice.Findings[0])
		}
		rows, at = rows+slice.Versions, slice.Next
		if slice.Done {
			break
		}
	}
	took := time.Since(began)
	if rows != reconciled || clean.Sizes > 0 {
		return fmt.Errorf("%d versions were compared with %d requests for single objects", rows, clean.Sizes)
	}
	rate := float64(rows) / took.Seconds()
	b.add("reconcile, a million files", rate, "rows/s", fmt.Sprintf("≥ %.0f", enough), rate >= enough,
		"%d rows of Postgres against %d keys of a bucket in memory in %d slices, %.1f s, no request for a single object", rows, clean.Listed, slices+1, took.Seconds())
	return nil
}

// objects makes the bucket that agrees with the rows of an organization.
func (s *scratch) objects(ctx context.Context, org tenancy.OrgID) (*reconciletest.Bucket, error) {
	rows, err := s.admin.Query(ctx, "select id from file_versions where organization_id = $1 order by id", org)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	objects := make([]reconcile.Object, len(ids))
	for i, id := range ids {
		objects[i] = reconcile.Object{Key: files.ContentKey(org, id), Size: 1000, ETag: "e", Modified: reconciletest.Old()}
	}
	bucket := &reconciletest.Bucket{}
	bucket.Fill(objects)
	return bucket, nil
}
