package wiring

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"

	"satchel/activities/checkpoint"
	"satchel/activities/erasure"
	"satchel/activities/finalize"
	"satchel/activities/reconcile"
	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/keyring"
	"satchel/internal/s3"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// NewCleaner removes what versions leave in the store's buckets.
func NewCleaner(db *tenancy.DB, store *s3.Store, c finalize.RemovalConfig) (finalize.Cleaner, error) {
	return finalize.NewCleaner(db, finalize.Objects{Staging: Bucket{store.Staging}, Clean: Bucket{store.Clean}, Quarantine: Bucket{store.Quarantine}}).Delayed(c), c.Check()
}

// Bucket is a bucket as the activities know it, without the adapter's types.
type Bucket struct{ *s3.Bucket }

// Size describes an object.
func (b Bucket) Size(ctx context.Context, key string) (int64, string, error) {
	o, err := b.Stat(ctx, key)
	return o.Size, o.ETag, err
}

// AbortAll ends every multipart upload under a prefix.
func (b Bucket) AbortAll(ctx context.Context, prefix string) error {
	pending, err := b.ListPending(ctx, prefix)
	if err != nil {
		return err
	}
	for _, p := range pending {
		if err := b.AbortMultipart(ctx, p.Key, p.Upload); err != nil {
			return err
		}
	}
	return nil
}

// Each visits every object under a prefix.
func (b Bucket) Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error {
	return b.List(ctx, prefix, func(o s3.Object) error { return visit(o.Key, o.Modified) })
}

// listed is a bucket as the reconciler knows it.
type listed struct{ Bucket }

// List gives the objects under a prefix whose keys come after the given one.
func (b listed) List(ctx context.Context, prefix, after string) iter.Seq2[reconcile.Object, error] {
	return func(yield func(reconcile.Object, error) bool) {
		for o, err := range b.ListAfter(ctx, prefix, after) {
			if !yield(reconcile.Object(o), err) {
				return
			}
		}
	}
}

// Pending lists the keys of multipart uploads that were begun and not ended.
func (b Bucket) Pending(ctx context.Context, prefix string) ([]string, error) {
	pending, err := b.ListPending(ctx, prefix)
	keys := make([]string, len(pending))
	for i, p := range pending {
		keys[i] = p.Key
	}
	return keys, err
}

// Uploads is Temporal as the sweep and the reconciler know it.
type Uploads struct {
	*upload.Admission
	client client.Client
}

// NewUploads starts and finds the workflows of versions.
func NewUploads(c client.Client, admission *upload.Admission) Uploads { return Uploads{admission, c} }

func newFinalize(r finalize.Cleaner, admission *upload.Admission, metrics prometheus.Registerer) *finalize.Activities {
	return finalize.Measure(finalize.New(r, admission), metrics)
}

// StartUpload starts the workflow of a version, or finds it started.
func (u Uploads) StartUpload(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error {
	return u.Start(ctx, upload.UploadFileInput{Org: org, File: file, Version: version})
}

// Running says whether a version's workflow runs.
func (u Uploads) Running(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error) {
	return upload.Running(ctx, u.client, org, version)
}

func newSweep(db *tenancy.DB, u Uploads, r finalize.Cleaner, c sweep.Config) *sweep.Activities {
	return sweep.New(db, u, r, c)
}

func newReconcile(db *tenancy.DB, store *s3.Store, u Uploads, c finalize.Cleaner, removal finalize.RemovalConfig, signer *audit.Signer, l *erasure.Ledger, k *keyring.Ring, r prometheus.Registerer) *reconcile.Activities {
	checker := NewChecker(db, store, u, c)
	if k != nil { // files are encrypted, or were
		checker.Keys = DataKeys{store}
	}
	checker.Erasures = l
	checker.Delay, checker.Restored = removal.Delay, checkpoint.NewForks(db, checkpointBucket{store.Audit}, signer)
	return reconcile.New(checker, r)
}

// DataKeys are the keys of versions as the reconciler knows them. Their records are named as the folders of
// their versions.
type DataKeys struct{ *s3.Store }

// Each visits the versions of an organization that have one.
func (k DataKeys) Each(ctx context.Context, org tenancy.OrgID, after uuid.UUID, visit func(version uuid.UUID, since time.Time) error) error {
	prefix := org.String() + "/"
	for o, err := range k.Keys.ListAfter(ctx, prefix, prefix+after.String()) {
		if err != nil {
			return err
		}
		version, err := uuid.Parse(strings.TrimPrefix(o.Key, prefix))
		if err != nil {
			continue // no key of a version
		}
		if err := visit(version, o.Modified); err != nil {
			return err
		}
	}
	return nil
}

// Drop destroys one.
func (k DataKeys) Drop(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return k.Staging.DropKey(ctx, files.StagingKey(org, version))
}

// NewChecker compares the rows of an organization with its objects and workflows.
func NewChecker(db *tenancy.DB, store *s3.Store, w reconcile.Workflows, r reconcile.Clearer) reconcile.Checker {
	return reconcile.Checker{
		DB: db, Staging: listed{Bucket{store.Staging}}, Clean: listed{Bucket{store.Clean}}, Quarantine: listed{Bucket{store.Quarantine}},
		Exports: listed{Bucket{store.Exports}}, Workflows: w, Clearer: r,
	}
}
