package tenancy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// locksIdle is how long the server waits for a sign of life. A process that is stopped
	// or cut off loses its locks after it, so that another can go on.
	locksIdle    = time.Minute
	locksSign    = 15 * time.Second
	locksTimeout = 10 * time.Second
)

// Locks are locks by name that one process of the deployment holds at a time, for as long
// as it lives. They are the server's, on one connection of their own: they end with the
// process, and writing them down leaves no row.
type Locks struct {
	db *DB

	mu     sync.Mutex
	conn   *pgx.Conn
	held   map[string]bool
	shared map[string]int // how many here share each
	lost   chan struct{}  // closes with the connection

	further map[*pools]*Locks // those of other clusters, see In
}

// NewLocks makes them; nothing connects before the first is asked for.
func NewLocks(db *DB) *Locks {
	return &Locks{db: db, held: map[string]bool{}, shared: map[string]int{}}
}

// Keep shows that the process lives until ctx ends, and then gives the locks back.
func (l *Locks) Keep(ctx context.Context) {
	defer func() {
		for _, one := range l.all() {
			one.drop(context.WithoutCancel(ctx))
		}
	}()
	tick := time.NewTicker(locksSign)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			var signing sync.WaitGroup // one that does not answer is not in the way of the others
			for _, one := range l.all() {
				signing.Go(func() { one.sign(ctx) })
			}
			signing.Wait()
		}
	}
}

func (l *Locks) sign(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return
	}
	if err := l.alive(ctx); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "connection of locks is gone; will connect again", "error", err)
	}
}

// Hold says whether this process holds the lock, and takes it where no other has it. The
// channel closes when the lock is lost.
func (l *Locks) Hold(ctx context.Context, name string) (lost <-chan struct{}, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		if err := l.connect(ctx); err != nil {
			return nil, false, err
		}
	} else if err := l.alive(ctx); err != nil {
		return nil, false, err
	}
	if !l.held[name] {
		limited, cancel := context.WithTimeout(ctx, locksTimeout)
		defer cancel()
		if err := l.conn.QueryRow(limited, "select pg_try_advisory_lock(hashtextextended($1, 0))", name).Scan(&ok); err != nil {
			l.close(ctx)
			return nil, false, unavailable(fmt.Errorf("take lock: %w", err))
		}
		if !ok {
			return nil, false, nil
		}
		l.held[name] = true
	}
	return l.lost, true, nil
}

// Release gives one lock back.
func (l *Locks) Release(ctx context.Context, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || !l.held[name] {
		return
	}
	limited, cancel := context.WithTimeout(ctx, locksTimeout)
	defer cancel()
	if _, err := l.conn.Exec(limited, "select pg_advisory_unlock(hashtextextended($1, 0))", name); err != nil {
		l.close(ctx)
		return
	}
	delete(l.held, name)
}

func (l *Locks) connect(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, locksTimeout)
	defer cancel()
	conn, err := l.db.kept(limited, map[string]string{"idle_session_timeout": fmt.Sprint(locksIdle.Milliseconds())})
	if err != nil {
		return unavailable(fmt.Errorf("connect for locks: %w", err))
	}
	l.conn, l.lost = conn, make(chan struct{})
	return nil
}

// alive asks the server; a connection that is broken takes all locks with it.
func (l *Locks) alive(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, locksTimeout)
	defer cancel()
	if err := l.conn.Ping(limited); err != nil {
		l.close(ctx)
		return unavailable(errors.Join(errors.New("connection of locks is gone"), err))
	}
	return nil
}

func (l *Locks) drop(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		l.close(ctx)
	}
}

// close ends what is done under the locks before the server may give them to another. They
// are given back first: the server would notice the end of the connection a moment later.
func (l *Locks) close(ctx context.Context) {
	close(l.lost)
	clear(l.held)
	clear(l.shared)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = l.conn.Exec(limited, "select pg_advisory_unlock_all()") // fails at once where the connection is broken
	_ = l.conn.Close(limited)
	l.conn = nil
}
