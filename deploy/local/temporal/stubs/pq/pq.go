// Package pq replaces a driver for PostgreSQL. The local server keeps its state in SQLite; to connect returns an error.
package pq

import (
	"database/sql/driver"
	"errors"
)

var errStub = errors.New("PostgreSQL is not available in the local server")

// Error is an answer of PostgreSQL.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Message }

// Driver refuses to connect.
type Driver struct{}

// Open returns an error.
func (*Driver) Open(string) (driver.Conn, error) { return nil, errStub }

// NewConnector returns an error.
func NewConnector(string) (driver.Connector, error) { return nil, errStub }
