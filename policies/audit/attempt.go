package audit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// Attempt is what one request came to do. It knows whether the action was
// recorded, and why it was refused, so that the edge can record a refusal that
// no transaction of the action lived to tell.
type Attempt struct {
	action  string
	refusal atomic.Pointer[fault.Fault]

	mu       sync.Mutex
	recorded []Event // and committed
}

// ErrTwice stops a request that has recorded the very same event already: one
// action is one row.
var ErrTwice = errors.New("this request has recorded the same event already")

func (a *Attempt) has(e Event) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.recorded, e)
}

func (a *Attempt) record(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recorded = append(a.recorded, e)
}

func (a *Attempt) done() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.recorded) > 0
}

type attemptKey struct{}

// Begin notes the action of a request. The edge calls it.
func Begin(ctx context.Context, action string) (context.Context, *Attempt) {
	a := &Attempt{action: action}
	return context.WithValue(ctx, attemptKey{}, a), a
}

// Apart is for what happens in a request besides what it came to do, such as a first
// sign-in: its events are not those of the attempt.
func Apart(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptKey{}, nil)
}

// Refused notes why the request was refused. Anyone who answers with a fault calls
// it; the first reason stays.
func Refused(ctx context.Context, f *fault.Fault) {
	if a, ok := ctx.Value(attemptKey{}).(*Attempt); ok {
		a.refusal.CompareAndSwap(nil, f)
	}
}

// noted are the kinds of refusals that the audit log records, and their
// results. Invalid requests attempt no action, and outages are retried by the
// caller, so neither is recorded.
var noted = map[fault.Kind]Result{
	fault.Denied: Denied, fault.NotFound: Denied,
	fault.Conflict: Failed, fault.OverQuota: Failed, fault.TooLarge: Failed,
}

// reading is recorded of a refused request that would only have read.
const reading = "access.refuse"

// Conclude records a refusal, once the request is answered, unless the action
// recorded itself. A request that only reads leaves a row when its role forbids
// it; what is merely not there, for a reader, is not an event.
func (a *Attempt) Conclude(ctx context.Context, q tenancy.Queries, objectID string, b *RefusalLimiter) error {
	f := a.refusal.Load()
	if f == nil || a.done() {
		return nil
	}
	result, ok := noted[f.Kind]
	action := a.action
	if action == "" {
		action, ok = reading, f.Kind == fault.Denied
	}
	if !ok {
		return nil
	}
	actor, _ := tenancy.ActorFrom(ctx)
	switch b.allow(actor, b.now()) {
	case drop:
		return nil
	case summarize:
		return Record(ctx, q, Event{Action: flood, Result: result, Code: "rest_of_minute"})
	case record:
	}
	return Record(ctx, q, Event{Action: action, ObjectID: objectID, Result: result, Code: f.Code})
}

// Known says whether the table has an action of this name.
func Known(name string) bool {
	return slices.ContainsFunc(Actions, func(a Action) bool { return a.Name == name })
}
