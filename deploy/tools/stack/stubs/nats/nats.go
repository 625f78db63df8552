// Package nats replaces the client of NATS, to which versitygw can report what happens to objects. The local stack has no
// listener: to connect is an error.
package nats

import "errors"

var errUnavailable = errors.New("NATS is not available in the local store")

// Option is one of a connection.
type Option func()

// Conn is never made.
type Conn struct{}

// Connect fails.
func Connect(string, ...Option) (*Conn, error) { return nil, errUnavailable }

// Publish fails.
func (*Conn) Publish(string, []byte) error { return errUnavailable }

// Close does nothing.
func (*Conn) Close() {}
