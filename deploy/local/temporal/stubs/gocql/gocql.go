// Package gocql replaces the driver for Cassandra. The local server keeps its state in SQLite; CreateSession returns an
// error, so no query can be made.
package gocql

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

var errStub = errors.New("Cassandra is not available in the local server")

// The errors of a session. None occurs.
var (
	ErrNotFound          = errors.New("not found")
	ErrTimeoutNoResponse = errors.New("no response")
	ErrConnectionClosed  = errors.New("connection closed")
	ErrNoConnections     = errors.New("no connections")
	ErrSessionClosed     = errors.New("session closed")
)

// The codes of a RequestError.
const (
	ErrCodeOverloaded = iota
	ErrCodeInvalid
)

// RequestError is an answer of Cassandra.
type RequestError interface {
	error
	Code() int
	Message() string
}

// RequestErrWriteTimeout is an answer of Cassandra.
type RequestErrWriteTimeout struct{}

func (*RequestErrWriteTimeout) Error() string { return errStub.Error() }

// Consistency is how many nodes confirm a call.
type Consistency int

// The levels of consistency.
const (
	Any Consistency = iota
	One
	Two
	Three
	Quorum
	All
	LocalQuorum
	EachQuorum
	LocalOne
)

// ParseConsistency returns Any.
func ParseConsistency(string) Consistency { return Any }

// ParseConsistencyWrapper returns an error.
func ParseConsistencyWrapper(string) (Consistency, error) { return Any, errStub }

// SerialConsistency is the same for conditional calls.
type SerialConsistency int

// UnmarshalText returns an error.
func (*SerialConsistency) UnmarshalText([]byte) error { return errStub }

// The parts of a cluster's configuration.
type (
	PasswordAuthenticator struct {
		Username, Password    string
		AllowedAuthenticators []string
	}
	ExponentialReconnectionPolicy struct {
		MaxRetries                   int
		InitialInterval, MaxInterval time.Duration
	}
	SslOptions struct {
		*tls.Config
		CertPath, KeyPath, CaPath string
		EnableHostVerification    bool
	}
	HostFilter                 struct{}
	HostSelectionPolicy        struct{}
	PoolConfig                 struct{ HostSelectionPolicy HostSelectionPolicy }
	SpeculativeExecutionPolicy any
	AddressTranslator          any
	AddressTranslatorFunc      func(net.IP, int) (net.IP, int)
)

// DataCentreHostFilter selects no hosts.
func DataCentreHostFilter(string) HostFilter { return HostFilter{} }

// RoundRobinHostPolicy has no effect.
func RoundRobinHostPolicy() HostSelectionPolicy { return HostSelectionPolicy{} }

// TokenAwareHostPolicy has no effect.
func TokenAwareHostPolicy(p HostSelectionPolicy) HostSelectionPolicy { return p }

// ClusterConfig configures a session.
type ClusterConfig struct {
	Authenticator                         PasswordAuthenticator
	AddressTranslator                     AddressTranslator
	Consistency                           Consistency
	SerialConsistency                     SerialConsistency
	DisableInitialHostLookup              bool
	HostFilter                            HostFilter
	Keyspace                              string
	PoolConfig                            PoolConfig
	Port, ProtoVersion, NumConns          int
	ReconnectionPolicy                    *ExponentialReconnectionPolicy
	SslOpts                               *SslOptions
	ConnectTimeout, Timeout, WriteTimeout time.Duration
}

// NewCluster returns an empty configuration.
func NewCluster(...string) *ClusterConfig { return &ClusterConfig{} }

// CreateSession returns an error.
func (*ClusterConfig) CreateSession() (*Session, error) { return nil, errStub }

// Session cannot be created.
type Session struct{}

// Query returns a query whose calls return errors.
func (*Session) Query(string, ...any) *Query { return &Query{} }

// NewBatch returns an empty batch.
func (*Session) NewBatch(BatchType) *Batch { return &Batch{} }

// ExecuteBatch returns an error.
func (*Session) ExecuteBatch(*Batch) error { return errStub }

// MapExecuteBatchCAS returns an error.
func (*Session) MapExecuteBatchCAS(*Batch, map[string]any) (bool, *Iter, error) {
	return false, nil, errStub
}

// AwaitSchemaAgreement returns an error.
func (*Session) AwaitSchemaAgreement(context.Context) error { return errStub }

// Close does nothing.
func (*Session) Close() {}

// BatchType is a kind of batch.
type BatchType int

// The kinds of batches.
const (
	LoggedBatch BatchType = iota
	UnloggedBatch
	CounterBatch
)

// Batch is a group of statements. Its methods have no effect.
type Batch struct{}

func (*Batch) Query(string, ...any)                 {}
func (b *Batch) WithContext(context.Context) *Batch { return b }
func (b *Batch) WithTimestamp(int64) *Batch         { return b }

// Query is a statement. The methods that return it have no effect, the others return errors.
type Query struct{}

func (q *Query) Bind(...any) *Query                                              { return q }
func (q *Query) Consistency(Consistency) *Query                                  { return q }
func (q *Query) Idempotent(bool) *Query                                          { return q }
func (q *Query) PageSize(int) *Query                                             { return q }
func (q *Query) PageState([]byte) *Query                                         { return q }
func (q *Query) SetSpeculativeExecutionPolicy(SpeculativeExecutionPolicy) *Query { return q }
func (q *Query) WithContext(context.Context) *Query                              { return q }
func (q *Query) WithTimestamp(int64) *Query                                      { return q }
func (*Query) Exec() error                                                       { return errStub }
func (*Query) Scan(...any) error                                                 { return errStub }
func (*Query) ScanCAS(...any) (bool, error)                                      { return false, errStub }
func (*Query) MapScan(map[string]any) error                                      { return errStub }
func (*Query) MapScanCAS(map[string]any) (bool, error)                           { return false, errStub }
func (*Query) Iter() *Iter                                                       { return &Iter{} }

// Iter is a result without rows, and Close returns an error.
type Iter struct{}

func (*Iter) Scan(...any) bool            { return false }
func (*Iter) MapScan(map[string]any) bool { return false }
func (*Iter) PageState() []byte           { return nil }
func (*Iter) Close() error                { return errStub }

// UUID is an identifier.
type UUID [16]byte

// String returns nothing: no row has one.
func (UUID) String() string { return "" }
