// Package stdlib replaces the adapter of pgx to database/sql. The local server keeps its state in SQLite; to connect
// returns an error.
package stdlib

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5"
)

var errStub = errors.New("PostgreSQL is not available in the local server")

// Option configures a connector.
type Option struct{}

// OptionAfterConnect has no effect.
func OptionAfterConnect(func(context.Context, *pgx.Conn) error) Option { return Option{} }

// Driver refuses to connect.
type Driver struct{}

// Open returns an error.
func (Driver) Open(string) (driver.Conn, error) { return nil, errStub }

// Connect returns an error.
func (Driver) Connect(context.Context) (driver.Conn, error) { return nil, errStub }

// Driver returns itself.
func (d Driver) Driver() driver.Driver { return d }

// GetConnector returns a connector that refuses.
func GetConnector(pgx.ConnConfig, ...Option) driver.Connector { return Driver{} }

// GetDefaultDriver returns a driver that refuses.
func GetDefaultDriver() driver.Driver { return Driver{} }
