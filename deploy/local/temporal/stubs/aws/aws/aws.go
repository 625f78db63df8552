// Package aws replaces the core of AWS' SDK, which the server links for its archive in S3 and for Elasticsearch on AWS.
// The local server uses neither. No credentials can be obtained: config.LoadDefaultConfig returns an error.
package aws

import "context"

// Config configures a client.
type Config struct{ Credentials CredentialsProvider }

// Credentials identify a caller.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// CredentialsProvider obtains credentials.
type CredentialsProvider interface {
	Retrieve(ctx context.Context) (Credentials, error)
}

// ClientLogMode selects what a client logs.
type ClientLogMode uint64

// Retryer decides about a repetition.
type Retryer interface{ IsErrorRetryable(err error) bool }

// String returns a pointer to the value.
func String(v string) *string { return &v }

// Int32 returns a pointer to the value.
func Int32(v int32) *int32 { return &v }
