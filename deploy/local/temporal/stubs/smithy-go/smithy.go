// Package smithy replaces the errors of AWS' services. The local server does not use AWS and receives none.
package smithy

// APIError is an answer of a service.
type APIError interface {
	error
	ErrorCode() string
}
