// Package pgx replaces a driver for PostgreSQL. The local server keeps its state in SQLite; ParseConfig returns an error.
package pgx

import "errors"

// ConnConfig configures a connection.
type ConnConfig struct{}

// ParseConfig returns an error.
func ParseConfig(string) (*ConnConfig, error) {
	return nil, errors.New("PostgreSQL is not available in the local server")
}

// Conn is a connection.
type Conn struct{}

// TypeMap returns an empty one.
func (*Conn) TypeMap() *TypeMap { return &TypeMap{} }

// TypeMap assigns types of PostgreSQL to those of Go.
type TypeMap struct{}

// RegisterDefaultPgType does nothing.
func (*TypeMap) RegisterDefaultPgType(any, string) {}
