// Package vault replaces the client of HashiCorp Vault, in which versitygw can keep accounts. The local store has its root
// account alone: to make a client is an error.
package vault

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/vault-client-go/schema"
)

var errUnavailable = errors.New("Vault is not available in the local store")

// ClientOption is one of a client.
type ClientOption func()

// RequestOption is one of a request.
type RequestOption func()

// TLSConfiguration names certificates.
type TLSConfiguration struct {
	ServerCertificate    ServerCertificateEntry
	ClientCertificate    ClientCertificateEntry
	ClientCertificateKey ClientCertificateKeyEntry
}

// ServerCertificateEntry is a certificate.
type ServerCertificateEntry struct{ FromBytes []byte }

// ClientCertificateEntry is a certificate.
type ClientCertificateEntry struct{ FromBytes []byte }

// ClientCertificateKeyEntry is a key.
type ClientCertificateKeyEntry struct{ FromBytes []byte }

// WithAddress does nothing.
func WithAddress(string) ClientOption { return nil }

// WithRequestTimeout does nothing.
func WithRequestTimeout(time.Duration) ClientOption { return nil }

// WithTLS does nothing.
func WithTLS(TLSConfiguration) ClientOption { return nil }

// WithMountPath does nothing.
func WithMountPath(string) RequestOption { return nil }

// WithNamespace does nothing.
func WithNamespace(string) RequestOption { return nil }

// IsErrorStatus is false: there are no answers.
func IsErrorStatus(error, int) bool { return false }

// Client is never made.
type Client struct {
	Auth    Auth
	Secrets Secrets
}

// New fails.
func New(...ClientOption) (*Client, error) { return nil, errUnavailable }

// SetToken fails.
func (*Client) SetToken(string) error { return errUnavailable }

// ResponseAuth holds a token.
type ResponseAuth struct{ ClientToken string }

// Response is an answer.
type Response[T any] struct {
	Auth *ResponseAuth
	Data T
}

// Auth signs in.
type Auth struct{}

// AppRoleLogin fails.
func (Auth) AppRoleLogin(context.Context, schema.AppRoleLoginRequest, ...RequestOption) (*Response[map[string]any], error) {
	return nil, errUnavailable
}

// Secrets reads and writes.
type Secrets struct{}

// KvV2Read fails.
func (Secrets) KvV2Read(context.Context, string, ...RequestOption) (*Response[schema.KvV2ReadResponse], error) {
	return nil, errUnavailable
}

// KvV2Write fails.
func (Secrets) KvV2Write(context.Context, string, schema.KvV2WriteRequest, ...RequestOption) (*Response[schema.KvV2WriteResponse], error) {
	return nil, errUnavailable
}

// KvV2WriteMetadata fails.
func (Secrets) KvV2WriteMetadata(context.Context, string, schema.KvV2WriteMetadataRequest, ...RequestOption) (*Response[map[string]any], error) {
	return nil, errUnavailable
}

// KvV2DeleteMetadataAndAllVersions fails.
func (Secrets) KvV2DeleteMetadataAndAllVersions(context.Context, string, ...RequestOption) (*Response[map[string]any], error) {
	return nil, errUnavailable
}

// KvV2List fails.
func (Secrets) KvV2List(context.Context, string, ...RequestOption) (*Response[schema.StandardListResponse], error) {
	return nil, errUnavailable
}
