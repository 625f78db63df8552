// Package fault is the closed list of ways in which a request or an activity
// can fail. Two tables translate it, one an edge: api/problem (kind to HTTP
// status) and workers/faults.go (kind to retryable or not). A verdict on a file
// (infected, held, unscannable) is a result and never a fault.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says who can do something about an error, and what. The zero value is Internal, so an error that
// no one classified is treated as our own failure and never as the caller's.
type Kind int

// The kinds. Adding one means adding a row to both translation tables, which
// their tests insist on.
const (
	Internal    Kind = iota // our bug, or something no one foresaw
	Invalid                 // the request cannot be right, anyone who sends it
	Denied                  // this caller may not do this
	NotFound                // there is no such thing for this caller
	Conflict                // the thing is in a state that forbids this
	OverQuota               // the organization has no room left
	TooLarge                // one file or request is above its limit
	Unavailable             // a part we depend on does not answer; try again
	Limited                 // too much at once or in a minute; try again after a while
)

// Kinds lists every kind, for the tests that walk the translation tables.
var Kinds = []Kind{Internal, Invalid, Denied, NotFound, Conflict, OverQuota, TooLarge, Unavailable, Limited}

var names = map[Kind]string{
	Internal: "internal", Invalid: "invalid", Denied: "denied", NotFound: "not_found",
	Conflict: "conflict", OverQuota: "over_quota", TooLarge: "too_large", Unavailable: "unavailable",
	Limited: "limited",
}

// String gives the kind's stable name.
func (k Kind) String() string { return names[k] }

// Fault is an error of a known kind with a stable code and a sentence that is
// safe to show to the person who caused it: no file names, no addresses, no
// internals.
type Fault struct {
	Kind Kind
	Code string // stable, snake_case: clients branch on it
	Text string // what happened and what to do next
	Rule string // the rule that was applied, where there is one

	// RetryAfter is how long to wait before trying again; zero says nothing.
	RetryAfter time.Duration

	err error
}

// New makes a fault. The text is shown to people.
func New(kind Kind, code, text string, args ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Text: fmt.Sprintf(text, args...)}
}

// Because attaches the cause, which is logged and never shown.
func (f *Fault) Because(err error) *Fault {
	g := *f
	g.err = err
	return &g
}

// Under names the rule that refused.
func (f *Fault) Under(rule string) *Fault {
	g := *f
	g.Rule = rule
	return &g
}

// After says how long to wait before trying again.
func (f *Fault) After(wait time.Duration) *Fault {
	g := *f
	g.RetryAfter = wait
	return &g
}

// Error gives the code, the text and the cause, for logs.
func (f *Fault) Error() string {
	if f.err != nil {
		return f.Code + ": " + f.Text + ": " + f.err.Error()
	}
	return f.Code + ": " + f.Text
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.err }

// Is lets errors.Is compare two faults by their code, so that a fault with a
// cause still equals the one it was made from.
func (f *Fault) Is(target error) bool {
	var t *Fault
	return errors.As(target, &t) && t.Code == f.Code && t.Kind == f.Kind
}

// Of finds the fault in err's chain. An error without one comes back as
// Internal with err as its cause: unknown is our failure.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{Kind: Internal, Code: "internal", Text: "Something failed on our side. Try again; if it stays, give support the request id.", err: err}
}

// KindOf is the kind of err's fault, Internal when there is none.
func KindOf(err error) Kind { return Of(err).Kind }
