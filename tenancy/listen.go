package tenancy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// listenQuiet is how long a connection may be silent before it is checked:
	// a broken network reports no error.
	listenQuiet = 30 * time.Second
	listenRetry = time.Second
)

// Listen hears a notification channel on one connection of its own until ctx
// ends, and connects again when the connection breaks. heard gets each payload,
// and "" after every connect: something may have been missed, so look at
// everything. It must return quickly. Payloads carry ids only; they are hints,
// and the rows are read in their organization's own transaction.
func (d *DB) Listen(ctx context.Context, channel string, heard func(payload string)) error {
	for {
		err := d.listenOnce(ctx, channel, heard)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		slog.WarnContext(ctx, "listen for notifications interrupted; reconnecting", "channel", channel, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(listenRetry):
		}
	}
}

func (d *DB) listenOnce(ctx context.Context, channel string, heard func(string)) error {
	conn, err := d.kept(ctx, nil)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	heard("")
	for {
		payload, err := next(ctx, conn)
		if err != nil {
			return err
		}
		if payload != "" {
			heard(payload)
		}
	}
}

// next waits for one notification; after a quiet while it asks the server for a
// sign of life and gives "".
func next(ctx context.Context, conn *pgx.Conn) (string, error) {
	wait, cancel := context.WithTimeout(ctx, listenQuiet)
	defer cancel()
	n, err := conn.WaitForNotification(wait)
	if err == nil {
		return n.Payload, nil
	}
	if !errors.Is(wait.Err(), context.DeadlineExceeded) || ctx.Err() != nil {
		return "", fmt.Errorf("wait for notification: %w", err)
	}
	alive, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if err := conn.Ping(alive); err != nil {
		return "", fmt.Errorf("notification connection is gone: %w", err)
	}
	return "", nil
}
