package tenancy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// listenQuiet is how long a connection may be silent before it is checked:
	// a broken network reports no error.
	listenQuiet = 30 * time.Second
	listenRetry = time.Second
)

// Channels are notification channels, each with what hears it.
type Channels map[string]func(payload string)

// Listen hears notification channels on one connection of its own until ctx
// ends, and connects again when the connection breaks. What hears gets each payload,
// and "" after every connect: something may have been missed, so look at
// everything. It must return quickly. Payloads carry ids only; they are hints,
// and the rows are read in their organization's own transaction.
//
// PostgreSQL wakes every listening connection of a database for every notification, whatever its
// channel, in a transaction of its own. So a process listens on one connection, and what it watches
// tells the database which changes are to notify; nil is for a process that waits for none.
func (d *DB) Listen(ctx context.Context, channels Channels, watched *Watched) error {
	if c := d.pools.clusters; c != nil {
		for _, name := range c.names {
			there := watched.elsewhere() // before anything is watched
			go func() { _ = c.further[name].Listen(ctx, channels, there) }()
		}
	}
	for {
		err := d.listenOnce(ctx, channels, watched)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		slog.WarnContext(ctx, "listen for notifications interrupted; reconnecting", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(listenRetry):
		}
	}
}

func (d *DB) listenOnce(ctx context.Context, channels Channels, watched *Watched) error {
	conn, err := d.kept(ctx, nil)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	for channel := range channels {
		if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	defer watched.lost()
	again, err := watched.hold(ctx, conn)
	if err != nil {
		return err
	}
	for _, heard := range channels {
		heard("")
	}
	for {
		n, err := next(ctx, conn, watched.news(), again)
		if err != nil {
			return err
		}
		if n != nil {
			if heard := channels[n.Channel]; heard != nil && n.Payload != "" {
				heard(n.Payload)
			}
		}
		if again, err = watched.hold(ctx, conn); err != nil {
			return err
		}
	}
}

// next waits for one notification, or for news, or until it is to be looked again; after a quiet
// while it asks the server for a sign of life. It gives nil where there is no notification.
func next(ctx context.Context, conn *pgx.Conn, news <-chan struct{}, again time.Duration) (*pgconn.Notification, error) {
	patience := listenQuiet
	if again > 0 {
		patience = again
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	heard := make(chan struct{})
	go func() {
		defer cancel() // what waits below ends, and the connection stays
		select {
		case <-news:
		case <-heard:
		}
	}()
	n, err := conn.WaitForNotification(wait)
	ended := wait.Err()
	close(heard)
	switch {
	case err == nil:
		return n, nil
	case ctx.Err() != nil || ended == nil:
		return nil, fmt.Errorf("wait for notification: %w", err)
	case again > 0 || errors.Is(ended, context.Canceled):
		return nil, nil //nolint:nilnil // nothing was heard
	}
	alive, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if err := conn.Ping(alive); err != nil {
		return nil, fmt.Errorf("notification connection is gone: %w", err)
	}
	return nil, nil //nolint:nilnil // nothing was heard
}
