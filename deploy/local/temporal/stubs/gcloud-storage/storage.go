// Package storage replaces the client of Google Cloud Storage, which the server links for its archive of closed
// workflows. The local server has no archive (config.Archival is "disabled"); NewClient returns an error.
package storage

import (
	"context"
	"errors"

	"google.golang.org/api/option"
)

var errStub = errors.New("Google Cloud Storage is not available in the local server")

// ScopeFullControl is the permission that the server asks for.
const ScopeFullControl = ""

// The parts of a query and of its answers.
type (
	Query       struct{ Prefix string }
	BucketAttrs struct{}
	ObjectAttrs struct{ Name string }
)

// Client would connect to the service.
type Client struct{}

// NewClient returns an error.
func NewClient(context.Context, ...option.ClientOption) (*Client, error) { return nil, errStub }

// Bucket returns a handle whose calls return errors.
func (*Client) Bucket(string) *BucketHandle { return &BucketHandle{} }

// BucketHandle refuses all calls.
type BucketHandle struct{}

// Attrs returns an error.
func (*BucketHandle) Attrs(context.Context) (*BucketAttrs, error) { return nil, errStub }

// Object returns a handle whose calls return errors.
func (*BucketHandle) Object(string) *ObjectHandle { return &ObjectHandle{} }

// Objects returns an iterator whose calls return errors.
func (*BucketHandle) Objects(context.Context, *Query) *ObjectIterator { return &ObjectIterator{} }

// ObjectIterator refuses all calls.
type ObjectIterator struct{}

// Next returns an error.
func (*ObjectIterator) Next() (*ObjectAttrs, error) { return nil, errStub }

// ObjectHandle refuses all calls.
type ObjectHandle struct{}

// Attrs returns an error.
func (*ObjectHandle) Attrs(context.Context) (*ObjectAttrs, error) { return nil, errStub }

// NewReader returns an error.
func (*ObjectHandle) NewReader(context.Context) (*Reader, error) { return nil, errStub }

// NewWriter returns a writer whose calls return errors.
func (*ObjectHandle) NewWriter(context.Context) *Writer { return &Writer{} }

// Reader refuses all calls.
type Reader struct{}

// Read returns an error.
func (*Reader) Read([]byte) (int, error) { return 0, errStub }

// Close does nothing.
func (*Reader) Close() error { return nil }

// Writer refuses all calls.
type Writer struct{}

// Write returns an error.
func (*Writer) Write([]byte) (int, error) { return 0, errStub }

// CloseWithError returns an error.
func (*Writer) CloseWithError(error) error { return errStub }

// Close returns an error.
func (*Writer) Close() error { return errStub }
