// Package v4 replaces the signatures of requests to AWS. The local server makes none; a Signer returns an error.
package v4

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Signer refuses to sign.
type Signer struct{}

// NewSigner returns one.
func NewSigner() *Signer { return &Signer{} }

// SignHTTP returns an error.
func (*Signer) SignHTTP(context.Context, aws.Credentials, *http.Request, string, string, string, time.Time) error {
	return errors.New("AWS is not available in the local server")
}
