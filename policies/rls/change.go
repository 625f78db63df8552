package rls

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// lockBudget is how long all locks of an attempt may take together. It is less than the time after which a request
	// that waits looks for a deadlock (deadlock_timeout, a second): where both wait for each other, it is the
	// rules that give way, and the request goes on.
	lockBudget = 800 * time.Millisecond
	// attempts are made before the transaction is given up and the rules are rehearsed again.
	attempts = 20
	// Behind the first, and twice as much behind the last.
	pause = 200 * time.Millisecond
)

// heldError is a lock that was not to be had.
type heldError struct {
	relation string
	err      error
}

func (e *heldError) Error() string {
	return fmt.Sprintf("%s is held by another transaction: %v", e.relation, e.err)
}
func (e *heldError) Unwrap() error { return e.err }

// bring makes the rules in force the wanted ones. Each attempt is all or nothing.
func bring(ctx context.Context, tx pgx.Tx, wanted things) error {
	var first []string // of what was held before: to wait with nothing in the hands
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error { return change(ctx, part, wanted, first) })
		var held *heldError
		if !errors.As(err, &held) || attempt == attempts {
			return err
		}
		slog.InfoContext(ctx, "a table is held by others; the access rules let them pass and come again", "table", held.relation)
		first = append([]string{held.relation}, slices.DeleteFunc(first, func(r string) bool { return r == held.relation })...)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause + time.Duration(attempt)*pause/attempts):
		}
	}
}

func change(ctx context.Context, tx pgx.Tx, wanted things, first []string) error {
	has, err := read(ctx, tx, objects+" union all "+rights, "public", "months")
	if err != nil {
		return err
	}
	d := compare(has, wanted)
	if d.none() {
		return nil
	}
	if err := lock(ctx, tx, d.relations(has), first); err != nil {
		return err
	}
	if err := run(ctx, tx, d.statements()); err != nil {
		return err
	}
	if err := give(ctx, tx, wanted); err != nil {
		return err
	}
	has, err = read(ctx, tx, objects+" union all "+rights, "public", "months")
	if err != nil {
		return err
	}
	if left := compare(has, wanted); !left.none() {
		return fmt.Errorf("the access rules do not become what their files say, and are left as they were: %s", left.names())
	}
	slog.InfoContext(ctx, "access rules changed", "what", d.names())
	return nil
}

// give brings owners and then rights to what is wanted. Who owns a function decides what its rights are, so the
// catalog is read between.
func give(ctx context.Context, tx pgx.Tx, wanted things) error {
	for _, k := range []kind{owner, right} {
		has, err := read(ctx, tx, rights, "public", "months")
		if err != nil {
			return err
		}
		d := compare(has, wanted)
		var sql []string
		if k == owner {
			if d.made[owner] == nil {
				continue
			}
			// Who gets something must be able to make something there. The rights taken back are those of the next round.
			sql = append(sql, "grant create on schema app to satchel_system, satchel_views", "grant create on schema public to satchel_views")
		} else {
			for _, t := range d.gone[right] {
				sql = append(sql, t.Drop)
			}
		}
		for _, t := range d.made[k] {
			sql = append(sql, t.Make)
		}
		if err := run(ctx, tx, sql); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, tx pgx.Tx, sql []string) error {
	for _, s := range sql {
		if _, err := tx.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// lock takes the locks of what will be changed, so that the changes themselves wait for none.
func lock(ctx context.Context, tx pgx.Tx, relations map[string]kind, first []string) error {
	names := slices.SortedFunc(maps.Keys(relations), func(a, b string) int {
		i, j := slices.Index(first, a), slices.Index(first, b)
		if i < 0 {
			i = len(first)
		}
		if j < 0 {
			j = len(first)
		}
		if i != j {
			return i - j
		}
		return strings.Compare(a, b)
	})
	until := time.Now().Add(lockBudget)
	for _, name := range names {
		left := max(time.Until(until).Milliseconds(), 1)
		sql := "lock table " + name + " in access exclusive mode"
		if relations[name] == view {
			// LOCK TABLE would take the tables behind the view too. This changes nothing and takes the view's.
			sql = "alter view " + name + " reset (security_barrier)"
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf("set local lock_timeout = %d", left)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sql); err != nil {
			var pg *pgconn.PgError
			if errors.As(err, &pg) && pg.Code == "55P03" {
				return &heldError{name, err}
			}
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
