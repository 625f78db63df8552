package tenancy

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// again reads the credentials before each new connection, so that a password or a client
// certificate is replaced while the program runs. What cannot be read changes nothing: the
// connection is tried with those of before. Another role is not taken: the guard has not looked
// at it, and one that row-level security does not bind would be used unseen.
func (c Config) again(urlOf func(Config) string) func(context.Context, *pgx.ConnConfig) error {
	if c.Fresh == nil {
		return nil
	}
	var last atomic.Pointer[pgx.ConnConfig]
	take := func(to, from *pgx.ConnConfig) {
		if from != nil {
			to.Password, to.TLSConfig, to.Fallbacks = from.Password, from.TLSConfig, from.Fallbacks
		}
	}
	return func(ctx context.Context, to *pgx.ConnConfig) error {
		take(to, last.Load())
		now, err := c.Fresh()
		if err != nil {
			slog.WarnContext(ctx, "settings of the database not read; those that were read before stay", "error", err)
			return nil
		}
		parsed, err := pgx.ParseConfig(urlOf(now))
		switch {
		case err != nil: // it holds a password
			err = errors.New("not a valid connection string")
		case parsed.User != to.User:
			err = errors.New("it names another role, which needs a restart of the program")
		case !samePlace(parsed, to):
			err = errors.New("it names another server or database, which needs a restart of the program")
		}
		if err != nil {
			slog.WarnContext(ctx, "settings of the database not taken; those that were read before stay", "error", err)
			return nil
		}
		last.Store(parsed)
		take(to, parsed)
		return nil
	}
}

// samePlace says whether both name the same servers and database. TLS checks the name of the server, and a
// role is looked at where it was connected to first.
func samePlace(a, b *pgx.ConnConfig) bool {
	if a.Host != b.Host || a.Port != b.Port || a.Database != b.Database || len(a.Fallbacks) != len(b.Fallbacks) {
		return false
	}
	for i, f := range a.Fallbacks {
		if f.Host != b.Fallbacks[i].Host || f.Port != b.Fallbacks[i].Port {
			return false
		}
	}
	return true
}

// kept makes a connection that is kept, for notifications and locks.
func (d *DB) kept(ctx context.Context, parameters map[string]string) (*pgx.Conn, error) {
	config := d.session.Copy()
	for name, value := range parameters {
		config.RuntimeParams[name] = value
	}
	if d.again != nil {
		if err := d.again(ctx, config); err != nil {
			return nil, err
		}
	}
	return pgx.ConnectConfig(ctx, config)
}
