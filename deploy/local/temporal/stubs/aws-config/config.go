// Package config replaces the search for AWS' settings and credentials. The local server does not use AWS; each search
// returns an error.
package config

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var errStub = errors.New("AWS is not available in the local server")

// EnvConfig is what the environment says.
type EnvConfig struct{ Credentials aws.Credentials }

// NewEnvConfig returns an error.
func NewEnvConfig() (EnvConfig, error) { return EnvConfig{}, errStub }

// LoadOption configures the search.
type LoadOption struct{}

// WithRegion has no effect.
func WithRegion(string) LoadOption { return LoadOption{} }

// WithClientLogMode has no effect.
func WithClientLogMode(aws.ClientLogMode) LoadOption { return LoadOption{} }

// LoadDefaultConfig returns an error.
func LoadDefaultConfig(context.Context, ...LoadOption) (aws.Config, error) {
	return aws.Config{}, errStub
}
