package erasure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/exports"
)

// noExports demands that nothing of the exports that were ended lists.
func (a *Activities) noExports(ctx context.Context, in Input) error {
	q := a.parts.DB.Single(in.Org)
	list, err := erasures.Exports(ctx, q, in.Erasure, true)
	if err != nil {
		return err
	}
	for _, id := range list {
		prefix := exports.Prefix(in.Org, id)
		has, err := holdsAny(ctx, a.parts.Exports, prefix)
		if err != nil {
			return err
		}
		if has {
			return errors.Join(a.clearExport(ctx, prefix), errLeft)
		}
		if err := exports.MarkCleaned(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}

// VerifyErasureResult counts the versions of which this attempt found nothing.
type VerifyErasureResult struct{ Versions int64 }

// errLeft has the verification tried again: what it found is removed.
var errLeft = fault.New(fault.Unavailable, "copies_left", "Something of an erased version was there still. It was removed; the verification looks again.")

// errCache has the verification tried again. Purges that were given up are an operator's (docs/runbooks/purges-late.md).
var errCache = fault.New(fault.Unavailable, "cache_not_told", "The cache in front of the content host was not told of an erased version yet.")

// VerifyErasure lists every place in which something of the versions may be. What a request
// that was under way wrote since is removed, and looked for again.
func (a *Activities) VerifyErasure(ctx context.Context, in VerifyErasureInput) (result VerifyErasureResult, err error) {
	defer queue.Heartbeat(ctx)()
	if err := a.noExports(ctx, Input(in)); err != nil {
		return result, err
	}
	q := a.parts.DB.Single(in.Org)
	var after uuid.UUID
	for {
		page, err := erasures.Purged(ctx, q, in.Erasure, after, a.page)
		if err != nil || len(page) == 0 {
			return result, err
		}
		versions, gone := make([]uuid.UUID, len(page)), make([]uuid.UUID, len(page))
		for n, i := range page {
			versions[n], gone[n] = i.Version, i.File
		}
		err = each(ctx, versions, func(ctx context.Context, _ int, version uuid.UUID) error { return a.nothingLeft(ctx, in.Org, version) })
		if err != nil {
			return result, err
		}
		rows, err := erasures.RowsLeft(ctx, q, versions, gone)
		if err != nil {
			return result, err
		}
		if rows > 0 {
			return result, fmt.Errorf("%d rows of erased versions are left: %w", rows, errLeft)
		}
		waits, err := erasures.CacheWaits(ctx, q, versions, gone)
		if err != nil {
			return result, err
		}
		if waits {
			return result, errCache
		}
		if err := erasures.MarkVerified(ctx, q, in.Erasure, versions); err != nil {
			return result, err
		}
		result.Versions += int64(len(page))
		after = versions[len(versions)-1]
	}
}

func (a *Activities) nothingLeft(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	found, err := a.found(ctx, org, version)
	if err != nil || !found {
		return err
	}
	return errors.Join(a.parts.Objects.RemoveVersion(ctx, org, version), errLeft)
}

// found says whether a key or an object of a version is there. Every object of it, in every
// bucket, has a key that begins with the organization and the version, and so has its data key.
func (a *Activities) found(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error) {
	prefix := files.StagingKey(org, version)
	if has, err := listed(ctx, a.parts.KeyStore, prefix); err != nil || has {
		return has, err
	}
	for _, b := range a.parts.Buckets {
		if has, err := holdsAny(ctx, b, prefix); err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// holdsAny says whether a bucket has an object under a prefix, or parts of one.
func holdsAny(ctx context.Context, b Bucket, prefix string) (bool, error) {
	if has, err := listed(ctx, b, prefix); err != nil || has {
		return has, err
	}
	pending, err := b.Pending(ctx, prefix)
	if err != nil {
		return false, fmt.Errorf("list uploads in parts: %w", err)
	}
	return len(pending) > 0, nil
}

// errFound ends a listing at its first object.
var errFound = errors.New("there is one")

// listed says whether a bucket lists anything under a prefix.
func listed(ctx context.Context, b Bucket, prefix string) (bool, error) {
	err := b.Each(ctx, prefix, func(string, time.Time) error { return errFound })
	if errors.Is(err, errFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("list objects: %w", err)
	}
	return false, nil
}

// CertifyErasureResult is empty: the certificate is the row's.
type CertifyErasureResult struct{}

// CertifyErasure signs the certificate, and keeps a copy of it outside the database.
func (a *Activities) CertifyErasure(ctx context.Context, in CertifyErasureInput) (CertifyErasureResult, error) {
	if err := a.removePackages(ctx, Input(in)); err != nil {
		return CertifyErasureResult{}, err
	}
	var c erasures.Certificate
	err := a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		c, err = erasures.Certify(ctx, tx, in.Erasure, a.parts.Signer, time.Now(), func(person uuid.UUID) error {
			return WriteLedger(ctx, a.parts.Archive, a.parts.Signer, in.Org,
				erasures.Entry{Erasure: in.Erasure, Organization: in.Org.String(), Scope: erasures.Person, Person: &person})
		})
		return err
	})
	if err != nil {
		return CertifyErasureResult{}, err
	}
	return CertifyErasureResult{}, KeepCertificate(ctx, a.parts.Archive, in.Org, c)
}

// KeepCertificate puts a copy of a certificate into the bucket in which nothing is removed.
func KeepCertificate(ctx context.Context, to Archive, org tenancy.OrgID, c erasures.Certificate) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	if err := to.PutNew(ctx, erasures.CertificateKey(org, c.ID), bytes.NewReader(b), "application/json"); err != nil {
		return fmt.Errorf("keep copy of certificate: %w", err)
	}
	return nil
}

// WriteLedger signs an entry and adds it to the ledger of an organization.
func WriteLedger(ctx context.Context, to Archive, s *audit.Signer, org tenancy.OrgID, e erasures.Entry) error {
	e, err := erasures.SignEntry(s, e, time.Now())
	if err != nil {
		return err
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write ledger of erasures: %w", err)
	}
	if err := to.PutNew(ctx, erasures.LedgerKey(org, e.Erasure), bytes.NewReader(b), "application/json"); err != nil {
		return fmt.Errorf("write ledger of erasures: %w", err)
	}
	return nil
}
