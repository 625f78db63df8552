// Package credentials replaces fixed credentials for AWS. The local server does not use AWS; Retrieve returns an error.
package credentials

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// StaticCredentialsProvider has no credentials.
type StaticCredentialsProvider struct{}

// NewStaticCredentialsProvider returns one.
func NewStaticCredentialsProvider(string, string, string) StaticCredentialsProvider {
	return StaticCredentialsProvider{}
}

// Retrieve returns an error.
func (StaticCredentialsProvider) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, errors.New("AWS is not available in the local server")
}
