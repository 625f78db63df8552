package jobs

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
)

// Temporal keeps the builds of workers in a workflow, of which it answers one question at a time, and it bounds how
// often it is asked (50 times a second in a namespace by default). Beyond that it says "too many requests issued to
// Worker Deployment". Nothing was changed then, so the call is sent again, later each time.
const (
	busyFirst    = 250 * time.Millisecond
	busyMost     = 4 * time.Second
	busyPatience = time.Minute
)

// whenFree calls until Temporal is not too busy for it, for busyPatience. Every call that it is given may be repeated.
func whenFree(ctx context.Context, call func(context.Context) error) error {
	end := time.Now().Add(busyPatience)
	for pause := busyFirst; ; pause = min(2*pause, busyMost) {
		err := call(ctx)
		var busy *serviceerror.ResourceExhausted
		if !errors.As(err, &busy) || time.Now().Add(pause).After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}
