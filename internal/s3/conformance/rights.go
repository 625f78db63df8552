package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"satchel/internal/s3"
)

// refused says whether the store does not let this account do that. An outage is no refusal.
func refused(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusForbidden || answer.Code == "AccessDenied")
}

// forbidden is something that an account must not be able to do.
type forbidden struct {
	what string
	try  func(ctx context.Context) error
}

// rights tries what the account must not do. What succeeds against expectation is taken back.
func rights(ctx context.Context, b *bench) error {
	var list []forbidden
	switch b.account {
	case API:
		list = []forbidden{
			b.writes(b.store.Clean), b.writes(b.store.Exports), b.lists(b.store.Quarantine), b.lists(b.store.Audit),
		}
	case Worker:
		list = []forbidden{{"remove from " + b.store.Audit.Name(), func(ctx context.Context) error {
			return b.store.Audit.Remove(ctx, b.key("never written"))
		}}}
	default:
		return errSkipped{"say with --as whose account this is, api or worker"}
	}
	// The keys are apart from the bytes, or one account opens all.
	list = append(list, b.lists(b.store.Another(b.store.Keys.Name())))
	var failed error
	for _, f := range list {
		switch err := f.try(ctx); {
		case err == nil:
			failed = errors.Join(failed, wrong("the account of the %s may %s", b.account, f.what))
		case !refused(err) && !noBucket(err):
			failed = errors.Join(failed, fmt.Errorf("whether the account of the %s may %s is not known: %w", b.account, f.what, err))
		}
	}
	return failed
}

// noBucket is the answer where the keys are in another store.
func noBucket(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && answer.Code == "NoSuchBucket"
}

func (b *bench) writes(in *s3.Bucket) forbidden {
	return forbidden{"write " + in.Name(), func(ctx context.Context) error {
		_, err := in.Put(ctx, b.key("forbidden"), strings.NewReader("x"), 1, "")
		if err == nil {
			return in.Remove(ctx, b.key("forbidden"))
		}
		return err
	}}
}

func (b *bench) lists(in *s3.Bucket) forbidden {
	return forbidden{"read " + in.Name(), func(ctx context.Context) error {
		return in.List(ctx, b.prefix, func(s3.Object) error { return nil })
	}}
}
