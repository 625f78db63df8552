// Package amqp091 replaces the client of RabbitMQ, to which versitygw can report what happens to objects. The local stack
// has no listener: to connect is an error.
package amqp091

import (
	"errors"
	"time"
)

var errUnavailable = errors.New("RabbitMQ is not available in the local store")

// Publishing is one report.
type Publishing struct {
	Timestamp   time.Time
	ContentType string
	Body        []byte
	MessageId   string
}

// Connection is never made.
type Connection struct{}

// Dial fails.
func Dial(string) (*Connection, error) { return nil, errUnavailable }

// Channel fails.
func (*Connection) Channel() (*Channel, error) { return nil, errUnavailable }

// Close does nothing.
func (*Connection) Close() error { return nil }

// Channel is never made.
type Channel struct{}

// Publish fails.
func (*Channel) Publish(_, _ string, _, _ bool, _ Publishing) error { return errUnavailable }

// Close does nothing.
func (*Channel) Close() error { return nil }
