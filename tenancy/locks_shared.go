package tenancy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
)

// errLooked is for the moment in which another looks whether the lock is shared.
var errLooked = fault.New(fault.Unavailable, "lock_taken", "Another process begins with the same work right now. Try again shortly.").After(time.Second)

// Shared is a lock that says that its process lives and works on something. Who gets the lock of that
// name alone (pg_try_advisory_xact_lock of hashtextextended(name, 0)) knows that no process works on
// it: a killed process loses its connections with its life, and the server the lock with the connection.
type Shared struct {
	locks *Locks
	name  string
	conn  *pgx.Conn
}

// In gives the locks of the cluster in which an organization is: there a transaction of the organization looks for them.
func (l *Locks) In(ctx context.Context, org OrgID) (*Locks, error) {
	at, err := l.db.of(ctx, org)
	if err != nil {
		return nil, err
	}
	if at.pools == l.db.pools {
		return l, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.further[at.pools] == nil {
		if l.further == nil {
			l.further = map[*pools]*Locks{}
		}
		l.further[at.pools] = NewLocks(at)
	}
	return l.further[at.pools], nil
}

// all gives the locks of all clusters that were asked for.
func (l *Locks) all() []*Locks {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(slices.Collect(maps.Values(l.further)), l)
}

// Share holds a lock beside others who share it, until Release.
func (l *Locks) Share(ctx context.Context, name string) (*Shared, error) {
	ctx = context.WithoutCancel(ctx) // a statement that is cut off takes the connection, and all that others hold
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.alive(ctx) // one that is gone is made again: this caller held nothing on it
	}
	if l.conn == nil {
		if err := l.connect(ctx); err != nil {
			return nil, err
		}
	}
	if l.shared[name] == 0 {
		limited, cancel := context.WithTimeout(ctx, locksTimeout)
		defer cancel()
		var ok bool
		if err := l.conn.QueryRow(limited, "select pg_try_advisory_lock_shared(hashtextextended($1, 0))", name).Scan(&ok); err != nil {
			l.close(ctx)
			return nil, unavailable(fmt.Errorf("share lock: %w", err))
		}
		if !ok {
			return nil, errLooked
		}
	}
	l.shared[name]++
	return &Shared{locks: l, name: name, conn: l.conn}, nil
}

// Check fails once the lock is lost: others may have found it free.
func (s *Shared) Check(ctx context.Context) error {
	l := s.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != s.conn {
		return unavailable(errors.New("connection of locks was lost"))
	}
	return l.alive(context.WithoutCancel(ctx))
}

// Release gives the lock back; the last who shares it here frees it.
func (s *Shared) Release(ctx context.Context) {
	l := s.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != s.conn {
		return
	}
	if l.shared[s.name]--; l.shared[s.name] > 0 {
		return
	}
	delete(l.shared, s.name)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), locksTimeout)
	defer cancel()
	if _, err := l.conn.Exec(limited, "select pg_advisory_unlock_shared(hashtextextended($1, 0))", s.name); err != nil {
		l.close(ctx)
	}
}
