package schema

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/jackc/pgx/v5/pgconn"
)

// lockTimeout is how long one statement of a migration waits for a lock. A statement that waits for
// one lets every request behind it wait too, so a long transaction of somebody would stop the
// platform: the migration gives up, lets them pass, and comes again.
const lockTimeout = "3s"

// Between two attempts, and in all.
const (
	lockPause    = time.Second
	lockPatience = 5 * time.Minute
)

// errLocks is said when it never got its lock.
var errLocks = errors.New("a lock was not to be had within five minutes: look in pg_stat_activity for a transaction that stays open, and run `migrate up` again; nothing of this step was changed")

// patiently repeats what failed for want of a lock.
func patiently(ctx context.Context, do func() error) error {
	until := time.Now().Add(lockPatience)
	for {
		err := do()
		if !lockNotHad(err) {
			return err
		}
		if time.Now().After(until) {
			return errors.Join(errLocks, err)
		}
		slog.InfoContext(ctx, "a lock is held by others; the migration lets them pass and comes again")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// lockNotHad says whether Postgres gave up on a lock (55P03, lock_not_available), or ended this transaction and
// not the request that it waited for in a circle (40P01, deadlock_detected). Both have changed nothing.
func lockNotHad(err error) bool {
	var by *database.Error
	if errors.As(err, &by) {
		err = by.OrigErr
	}
	var value database.Error
	if errors.As(err, &value) {
		err = value.OrigErr
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "40P01")
}

// up applies what is missing. A file is one transaction, so one that failed for want of a lock has
// changed nothing: the mark that it was begun is taken back.
func up(m *migrate.Migrate, src source.Driver) error {
	_, dirty, err := m.Version()
	if err != nil && !errors.Is(err, migrate.ErrNilVersion) || dirty {
		return errors.Join(err, m.Up()) // of an earlier failure, which a person has to look at
	}
	err = m.Up()
	if errors.Is(err, migrate.ErrNoChange) {
		return nil
	}
	if !lockNotHad(err) {
		return err
	}
	failed, dirty, verr := m.Version()
	if verr != nil || !dirty {
		return err // the lock was the one between two migrations at once
	}
	before := -1
	switch v, perr := src.Prev(failed); {
	case perr == nil:
		before = int(v)
	case !errors.Is(perr, os.ErrNotExist):
		return errors.Join(err, perr)
	}
	if ferr := m.Force(before); ferr != nil {
		return errors.Join(err, ferr)
	}
	return err
}
