// Package kafka replaces the client of Kafka, to which versitygw can report what happens to objects. The local stack has
// no listener: to write is an error.
package kafka

import (
	"context"
	"errors"
	"time"
)

var errUnavailable = errors.New("Kafka is not available in the local store")

// Balancer chooses a partition.
type Balancer any

// LeastBytes is a balancer.
type LeastBytes struct{}

// WriterConfig names where to write.
type WriterConfig struct {
	Brokers      []string
	Topic        string
	Balancer     Balancer
	BatchTimeout time.Duration
}

// Message is one report.
type Message struct{ Key, Value []byte }

// Writer writes nothing.
type Writer struct{}

// NewWriter makes one.
func NewWriter(WriterConfig) *Writer { return &Writer{} }

// WriteMessages fails.
func (*Writer) WriteMessages(context.Context, ...Message) error { return errUnavailable }

// Close does nothing.
func (*Writer) Close() error { return nil }
