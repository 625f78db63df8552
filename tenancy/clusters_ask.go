package tenancy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
)

// How questions that look across organizations are asked where these are in several clusters. With one
// cluster each is what systemQuery asks.

// clusterAnswer is how long a cluster may take for a question that others are asked too.
const clusterAnswer = 10 * time.Second

// errNotAcross is of a question that no one has said how to ask of several clusters: an answer of one of
// them would pass for all.
var errNotAcross = errors.New("this question is not asked of several clusters yet (SATCHEL_DATABASE_CLUSTERS)")

// PartlyError is of an answer that lacks what clusters know that do not answer.
type PartlyError struct{ err error }

func (e *PartlyError) Error() string { return "a cluster does not answer: " + e.err.Error() }

// Unwrap gives what is wrong with the cluster.
func (e *PartlyError) Unwrap() error { return e.err }

// partly marks that a further cluster does not answer: it could not be reached, took too long, or was refused at the
// connection. Any other error is of the question, as the directory's is, and is no reason to leave something out.
func partly(one, directory *DB, err error) error {
	if one.pools == directory.pools || fault.KindOf(err) != fault.Unavailable {
		return err
	}
	return &PartlyError{err}
}

// worse gives the error that says more: that a cluster does not answer is said where nothing else is wrong.
func worse(a, b error) error {
	var some *PartlyError
	if a == nil || errors.As(a, &some) && b != nil {
		return b
	}
	return a
}

// all gives the databases of all clusters, the directory's first, or of those that are named.
func (c *clusters) all(names []string) []*DB {
	dbs := []*DB{c.directory}
	for _, name := range names {
		if one := c.further[name]; one != nil {
			dbs = append(dbs, one)
		}
	}
	return dbs
}

// across asks all of them at once, the directory first, and gives the answers in their order. Its error is a
// PartlyError where all that is wrong is that further clusters do not answer.
func across[T any](ctx context.Context, dbs []*DB, ask func(context.Context, *DB) (T, error)) ([]T, error) {
	ctx, stop := context.WithTimeout(ctx, clusterAnswer)
	defer stop()
	found, errs := make([]T, len(dbs)), make([]error, len(dbs))
	var asked sync.WaitGroup
	for i, one := range dbs {
		asked.Go(func() { found[i], errs[i] = ask(ctx, one) })
	}
	asked.Wait()
	var failed error
	for i, err := range errs {
		if err != nil {
			failed = worse(failed, partly(dbs[i], dbs[0], err))
		}
	}
	return found, failed
}

// everywhere asks every cluster and gives the answers one behind the other; all of them or an error.
func everywhere[T any](ctx context.Context, d *DB, sql string, args ...any) ([]T, error) {
	if d.pools.clusters == nil {
		return systemQuery[T](ctx, d, sql, args...)
	}
	found, err := across(ctx, d.pools.clusters.all(d.pools.clusters.names), func(ctx context.Context, one *DB) ([]T, error) { return systemQueryAt[T](ctx, one, sql, args...) })
	if err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// known asks every cluster, and leaves out what one would say that does not answer.
func known[T any](ctx context.Context, d *DB, sql string, args ...any) ([]T, error) {
	if d.pools.clusters == nil {
		return systemQuery[T](ctx, d, sql, args...)
	}
	return knownOf(ctx, d, func(ctx context.Context, one *DB) ([]T, error) { return systemQueryAt[T](ctx, one, sql, args...) })
}

// knownOf is known of several clusters, for a question that is not asked alike of each.
func knownOf[T any](ctx context.Context, d *DB, ask func(context.Context, *DB) ([]T, error)) ([]T, error) {
	c := d.pools.clusters
	found, err := across(ctx, c.all(c.names), ask)
	if err := leftOut(ctx, err); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// leftOut drops the error that a cluster does not answer, and says so in the log.
func leftOut(ctx context.Context, err error) error {
	var some *PartlyError
	if errors.As(err, &some) && ctx.Err() == nil {
		slog.WarnContext(ctx, "a cluster does not answer; what it would say is left out", "error", err)
		return nil
	}
	return err
}

// anywhere asks every cluster for what one of them has, as what a token names, and gives that without
// waiting for the others. That there is no such thing is said only when all have said so.
func anywhere[T any](ctx context.Context, d *DB, sql string, args ...any) ([]T, error) {
	if d.pools.clusters == nil {
		return systemQuery[T](ctx, d, sql, args...)
	}
	// Those that are still asked when one has it end by themselves: a query that is cut off takes its connection
	// with it, and each request with a key would make a new one.
	asked, stop := context.WithTimeout(context.WithoutCancel(ctx), clusterAnswer)
	type answer struct {
		found []T
		err   error
	}
	dbs := d.pools.clusters.all(d.pools.clusters.names)
	answers := make(chan answer, len(dbs))
	var asking sync.WaitGroup
	for _, one := range dbs {
		asking.Go(func() {
			found, err := systemQueryAt[T](asked, one, sql, args...)
			if err != nil {
				err = partly(one, dbs[0], err)
			}
			answers <- answer{found, err}
		})
	}
	go func() { asking.Wait(); stop() }()
	var failed error
	for range dbs {
		select {
		case a := <-answers:
			if len(a.found) > 0 {
				return a.found, nil
			}
			failed = worse(failed, a.err)
		case <-ctx.Done():
			return nil, translate(ctx.Err())
		}
	}
	return nil, failed
}

// inDirectory asks the directory alone.
func inDirectory[T any](ctx context.Context, d *DB, sql string, args ...any) ([]T, error) {
	return systemQueryAt[T](ctx, d, sql, args...)
}

// inOrganization asks the cluster of an organization.
func inOrganization[T any](ctx context.Context, d *DB, org OrgID, sql string, args ...any) ([]T, error) {
	at, err := d.of(ctx, org)
	if err != nil {
		return nil, err
	}
	return systemQueryAt[T](ctx, at.OrganizationWide(), sql, args...)
}

// pageOf gives the next page of a list for work, which is in the order of the columns of ids in by: the last
// of args is its length. What is in a cluster that does not answer is left out: no one could work on it, and
// the next run finds it.
func pageOf[T any](ctx context.Context, d *DB, by, sql string, args ...any) ([]T, error) {
	if d.pools.clusters == nil {
		return systemQuery[T](ctx, d, sql, args...)
	}
	page, err := merged[T](ctx, d, by, sql, args...)
	if err := leftOut(ctx, err); err != nil {
		return nil, err
	}
	return page, nil
}

// wholePageOf is pageOf for who reads it: without one of the clusters there is no answer.
func wholePageOf[T any](ctx context.Context, d *DB, by, sql string, args ...any) ([]T, error) {
	if d.pools.clusters == nil {
		return systemQuery[T](ctx, d, sql, args...)
	}
	page, err := merged[T](ctx, d, by, sql, args...)
	if err != nil {
		return nil, err
	}
	return page, nil
}

// placed is a row, and its place in the order of the list.
type placed[T any] struct {
	row T
	key []byte
}

// merged asks each cluster for a page and gives the first rows of all: what of one is behind its page is
// behind the last of these.
func merged[T any](ctx context.Context, d *DB, by, sql string, args ...any) ([]T, error) {
	n, ok := args[len(args)-1].(int)
	if !ok {
		return nil, errNotAcross
	}
	columns := strings.Split(by, ",")
	pages, err := across(ctx, d.pools.clusters.all(d.pools.clusters.names), func(ctx context.Context, one *DB) ([]placed[T], error) {
		return keyed[T](ctx, one, columns, one == d.pools.clusters.directory, sql, args...)
	})
	rows := slices.Concat(pages...)
	slices.SortStableFunc(rows, func(a, b placed[T]) int { return bytes.Compare(a.key, b.key) })
	page := make([]T, 0, min(n, len(rows)))
	for _, r := range rows[:min(n, len(rows))] {
		page = append(page, r.row)
	}
	return page, err
}

// keyed reads rows with the ids in the columns that order them. Each cluster has a row of the platform's
// organization; the one that counts is the directory's.
func keyed[T any](ctx context.Context, at *DB, columns []string, directory bool, sql string, args ...any) ([]placed[T], error) {
	rows, err := at.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(fmt.Errorf("ask across organizations: %w", err))
	}
	platform := Platform.UUID()
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p placed[T], err error) {
		for _, name := range columns {
			for i, f := range row.FieldDescriptions() {
				if f.Name == name {
					p.key = append(p.key, row.RawValues()[i]...)
				}
			}
		}
		if len(p.key) != len(columns)*len(uuid.UUID{}) {
			return p, fmt.Errorf("a list is not in the order of %v", columns)
		}
		p.row, err = pgx.RowToStructByNameLax[T](row)
		return p, err
	})
	if !directory {
		found = slices.DeleteFunc(found, func(p placed[T]) bool { return bytes.Equal(p.key, platform[:]) })
	}
	return found, translate(err)
}

// mergedBy asks every cluster for a page and gives the first n rows of all in an order of their own.
func mergedBy[T any](ctx context.Context, d *DB, n int, order func(a, b T) int, sql string, args ...any) ([]T, error) {
	found, err := everywhere[T](ctx, d, sql, args...)
	if err != nil || d.pools.clusters == nil {
		return found, err
	}
	slices.SortStableFunc(found, order)
	return found[:min(n, len(found))], nil
}

// summed asks every cluster and adds up the rows of the same kind.
func summed[T any, K comparable](ctx context.Context, d *DB, kind func(T) K, add func(to *T, row T), sql string, args ...any) ([]T, error) {
	found, err := everywhere[T](ctx, d, sql, args...)
	return folded(found, kind, add), err
}

// folded adds up the rows of the same kind.
func folded[T any, K comparable](found []T, kind func(T) K, add func(to *T, row T)) []T {
	var sums []T
	at := map[K]int{}
	for _, row := range found {
		i, known := at[kind(row)]
		if !known {
			at[kind(row)] = len(sums)
			sums = append(sums, row)
			continue
		}
		add(&sums[i], row)
	}
	return sums
}
