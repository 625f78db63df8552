// Package mysql replaces the driver for MySQL. The local server keeps its state in SQLite; to connect returns an error.
package mysql

import (
	"crypto/tls"
	"database/sql/driver"
	"errors"
)

var errStub = errors.New("MySQL is not available in the local server")

// MySQLError is an answer of MySQL.
type MySQLError struct{ Number uint16 }

func (*MySQLError) Error() string { return errStub.Error() }

// MySQLDriver refuses to connect.
type MySQLDriver struct{}

// Open returns an error.
func (MySQLDriver) Open(string) (driver.Conn, error) { return nil, errStub }

// OpenConnector returns an error.
func (MySQLDriver) OpenConnector(string) (driver.Connector, error) { return nil, errStub }

// RegisterTLSConfig returns an error.
func RegisterTLSConfig(string, *tls.Config) error { return errStub }

// Config configures a connection.
type Config struct {
	User, Passwd, Addr, DBName, Net string
	Params                          map[string]string
	RejectReadOnly                  bool
}

// NewConfig returns an empty one.
func NewConfig() *Config { return &Config{} }

// FormatDSN returns no address.
func (*Config) FormatDSN() string { return "" }
