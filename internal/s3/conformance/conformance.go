// Package conformance is what Satchel needs of an S3 store, as checks that run against a real
// one: the tests of the adapter on versitygw, and `satchel admin store-check` on an operator's
// store. Stores differ in what they take for granted: one that ignores a condition, or keeps no
// checksum, answers 200 and loses bytes later.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/s3"
)

// Account is whose keys the store was opened with.
type Account string

// Accounts. Unknown leaves the rights unchecked.
const (
	Unknown Account = ""
	API     Account = "api"
	Worker  Account = "worker"
)

// State is the outcome of a check.
type State string

// States. An absent ability is one that Satchel works without.
const (
	OK      State = "ok"
	Failed  State = "failed"
	Absent  State = "absent"
	Skipped State = "skipped"
)

// Result is what one check found.
type Result struct {
	Check  string `json:"check"`
	State  State  `json:"state"`
	For    string `json:"for"`
	Says   string `json:"says,omitempty"`
	Do     string `json:"do,omitempty"`
	Millis int64  `json:"milliseconds"`
}

// Check is one thing that is asked of a store.
type Check struct {
	Name     string
	For      string // what breaks without it
	Do       string // where it fails
	Optional bool
	run      func(ctx context.Context, b *bench) error
}

// errSkipped ends a check that the account cannot make.
type errSkipped struct{ why string }

func (e errSkipped) Error() string { return e.why }

// root is the prefix of everything that checks write.
const root = "store-check/"

// bench is where checks work.
type bench struct {
	store   *s3.Store
	account Account
	work    *s3.Bucket // the account may write and remove here
	copies  *s3.Bucket // and here, as publication does
	prefix  string     // of this run
	pages   int        // objects that are more than one answer of a listing
}

func (b *bench) key(name string) string { return b.prefix + name }

// Options of a run.
type Options struct {
	Account Account
	Each    func(Result) // is told each result as it comes
}

// patience bounds one check.
const patience = 2 * time.Minute

// Run makes all checks below a prefix of its own and removes what they wrote. The store is not
// one that encrypts. The error says what could not be removed.
func Run(ctx context.Context, store *s3.Store, o Options) ([]Result, error) {
	b := newBench(store, o.Account)
	var found []Result
	for _, c := range Checks() {
		r := b.make(ctx, c)
		found = append(found, r)
		if o.Each != nil {
			o.Each(r)
		}
	}
	return found, b.clean(ctx)
}

// Passed says whether a store with these results can be used.
func Passed(results []Result) bool {
	for _, r := range results {
		if r.State == Failed {
			return false
		}
	}
	return true
}

func newBench(store *s3.Store, account Account) *bench {
	b := &bench{store: store, account: account, work: store.Staging, copies: store.Clean, prefix: root + uuid.NewString() + "/", pages: 1005}
	if account == API {
		b.copies = store.Staging // it may not write what people read
	}
	return b
}

func (b *bench) make(ctx context.Context, c Check) Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun := time.Now()
	err := c.run(ctx, b)
	r := Result{Check: c.Name, State: OK, For: c.For, Millis: time.Since(begun).Milliseconds()}
	var skipped errSkipped
	switch {
	case err == nil:
		return r
	case errors.As(err, &skipped):
		r.State, r.Says = Skipped, skipped.why
		return r
	case c.Optional:
		r.State = Absent
	default:
		r.State = Failed
	}
	r.Says, r.Do = said(err), c.Do
	return r
}

// leftover is how old the objects of a run are that was killed and did not remove them.
const leftover = 24 * time.Hour

// clean removes what this run wrote, and what earlier runs left, also when the caller gave up.
func (b *bench) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var failed error
	seen := map[string]bool{}
	for _, in := range []*s3.Bucket{b.work, b.copies, b.store.Keys} {
		if seen[in.Name()] {
			continue
		}
		seen[in.Name()] = true
		failed = errors.Join(failed, b.cleanBucket(ctx, in))
	}
	if failed != nil {
		return fmt.Errorf("remove what the checks wrote below %s: %w", root, failed)
	}
	return nil
}

func (b *bench) cleanBucket(ctx context.Context, in *s3.Bucket) error {
	var err error
	pending, _ := in.ListPending(ctx, b.prefix) // a store without it has failed that check
	for _, p := range pending {
		err = errors.Join(err, in.AbortMultipart(ctx, p.Key, p.Upload))
	}
	var names []string // listed whole first: a listing that loses its place would leave some
	err = errors.Join(err, in.List(ctx, root, func(o s3.Object) error {
		if ours := len(o.Key) >= len(b.prefix) && o.Key[:len(b.prefix)] == b.prefix; ours || time.Since(o.Modified) > leftover {
			names = append(names, o.Key)
		}
		return nil
	}))
	if noBucket(err) {
		return nil
	}
	return errors.Join(err, each(ctx, names, in.Remove))
}
