package pipelinetest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/finalize"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/internal/s3test"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// ErrCrash is a process that dies at the call that the test named.
var ErrCrash = errors.New("the process dies here")

// Activities is the steps that end a version, on a real database and store and
// without Temporal, so that each window between two side effects can be hit.
type Activities struct {
	Bench

	Env       *testsuite.TestActivityEnvironment
	Failing   string // the next call at which a bucket fails: "after copy", "before remove", "before remove prefix"
	Finalizer *finalize.Activities
	Cleaner   finalize.Cleaner
	Workflows *NoWorkflows
}

// NewActivities makes them.
func NewActivities(t *testing.T) *Activities {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	a := &Activities{Bench: newBench(t, s3test.New(t)), Env: suite.NewTestActivityEnvironment(), Workflows: &NoWorkflows{}}
	a.Cleaner = finalize.NewCleaner(a.DB, finalize.Objects{
		Staging:    fragile{wiring.Bucket{Bucket: a.Store.Staging}, &a.Failing},
		Clean:      fragile{wiring.Bucket{Bucket: a.Store.Clean}, &a.Failing},
		Quarantine: fragile{wiring.Bucket{Bucket: a.Store.Quarantine}, &a.Failing},
	})
	a.Finalizer = finalize.New(a.Cleaner, a.Workflows)
	a.Env.RegisterActivity(a.Finalizer)
	a.Checker = wiring.NewChecker(a.DB, a.Store, a.Workflows, a.Cleaner)
	a.Checker.Rowless = time.Nanosecond // a test does not wait until bytes are old
	return a
}

// Delay lets the objects of deleted versions stay.
func (a *Activities) Delay(d time.Duration) {
	a.Cleaner = a.Cleaner.Delayed(finalize.RemovalConfig{Delay: d})
	a.Checker.Clearer, a.Checker.Delay = a.Cleaner, d
}

// Scanned is a version that only waits for its publication.
func (a *Activities) Scanned(t *testing.T) files.Created {
	t.Helper()
	return a.ScannedAs(t, "notes.txt", []byte("the bytes"))
}

// ScannedAs is the same under a name and with content.
func (a *Activities) ScannedAs(t *testing.T, name string, content []byte) files.Created {
	t.Helper()
	return a.ScannedVersion(t, uuid.Nil, name, content)
}

// ScannedVersion is the same of a file that is there.
func (a *Activities) ScannedVersion(t *testing.T, file uuid.UUID, name string, content []byte) files.Created {
	t.Helper()
	ticket := a.ReceiveVersion(t, file, name, content)
	v, err := files.GetVersion(context.Background(), a.Single(a.Org), ticket.Version)
	require.NoError(t, err)
	require.NoError(t, files.Scanned(context.Background(), a.Single(a.Org), ticket.Version, files.Verdict{Verdict: verdict.Clean, Engine: "fake", SHA256: v.Sha256}))
	return ticket
}

// Publish runs PublishVersion.
func (a *Activities) Publish(version uuid.UUID) (files.Status, error) {
	result, err := execute[finalize.PublishVersionResult](a.Env, a.Finalizer.PublishVersion, finalize.PublishVersionInput{Org: a.Org, Version: version})
	return result.Status, err
}

// Withdraw runs WithdrawVersion.
func (a *Activities) Withdraw(version uuid.UUID, to files.Status) (files.Status, error) {
	in := finalize.WithdrawVersionInput{Org: a.Org, Version: version, Status: to, Reason: "some_rule"}
	result, err := execute[finalize.WithdrawVersionResult](a.Env, a.Finalizer.WithdrawVersion, in)
	return result.Status, err
}

// Quarantine runs QuarantineVersion.
func (a *Activities) Quarantine(version uuid.UUID) (files.Status, error) {
	in := finalize.QuarantineVersionInput{Org: a.Org, Version: version, Reason: "infected:X"}
	result, err := execute[finalize.QuarantineVersionResult](a.Env, a.Finalizer.QuarantineVersion, in)
	return result.Status, err
}

func execute[R any](env *testsuite.TestActivityEnvironment, activity, in any) (result R, err error) {
	value, err := env.ExecuteActivity(activity, in)
	if err == nil {
		err = value.Get(&result)
	}
	return result, err
}

// fragile is a bucket that fails at the named call, once.
type fragile struct {
	wiring.Bucket
	failing *string
}

func (f fragile) crash(at string) error {
	if *f.failing == at {
		*f.failing = ""
		return ErrCrash
	}
	return nil
}

func (f fragile) CopyFrom(ctx context.Context, from, srcKey, etag, key string) (string, error) {
	copied, err := f.Bucket.CopyFrom(ctx, from, srcKey, etag, key)
	if crash := f.crash("after copy"); crash != nil {
		return "", crash
	}
	return copied, err
}

func (f fragile) Remove(ctx context.Context, key string) error {
	if err := f.crash("before remove"); err != nil {
		return err
	}
	return f.Bucket.Remove(ctx, key)
}

func (f fragile) RemovePrefix(ctx context.Context, prefix string) error {
	if err := f.crash("before remove prefix"); err != nil {
		return err
	}
	return f.Bucket.RemovePrefix(ctx, prefix)
}

// NoWorkflows is a Temporal in which nothing runs; it counts what was to start.
type NoWorkflows struct {
	Started  []uuid.UUID // versions
	Advanced int         // admissions
	Exports  []uuid.UUID
}

// MaxRunning is the limit of the admission.
func (*NoWorkflows) MaxRunning() int { return 3 }

// StartAdmitted counts an admission.
func (n *NoWorkflows) StartAdmitted(context.Context, tenancy.OrgID) error {
	n.Advanced++
	return nil
}

// StartAdmittedBehind counts one too.
func (n *NoWorkflows) StartAdmittedBehind(context.Context, tenancy.OrgID, uuid.UUID) error {
	n.Advanced++
	return nil
}

// Running says that nothing runs.
func (*NoWorkflows) Running(context.Context, tenancy.OrgID, uuid.UUID) (bool, error) {
	return false, nil
}

// StartUpload counts a version.
func (n *NoWorkflows) StartUpload(_ context.Context, _ tenancy.OrgID, _, version uuid.UUID) error {
	n.Started = append(n.Started, version)
	return nil
}

// StartExport counts an export.
func (n *NoWorkflows) StartExport(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	n.Exports = append(n.Exports, id)
	return nil
}
