// Package erasure erases what a request names, a version at a time: its row is ended, which a
// hold refuses; the ledger is told; its data key is destroyed; its objects and rows are
// removed; and when nothing of it lists, the erasure is certified. Each step is noted in the
// row of the version, so a process that dies goes on where it was.
package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"satchel/files"
	"satchel/generation/drafts"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/exports"
)

// Objects are the objects of versions.
type Objects interface {
	// RemoveVersion removes every object that a version may have left anywhere, and its key.
	RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Keys destroys data keys.
type Keys interface {
	// DropKey destroys the key of the version of an object; one that is not there succeeds.
	DropKey(ctx context.Context, object string) error
}

// Bucket is a bucket in which something of a version may be.
type Bucket interface {
	Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error
	Pending(ctx context.Context, prefix string) ([]string, error) // keys of uploads in parts that were not ended
	AbortAll(ctx context.Context, prefix string) error
	Remove(ctx context.Context, key string) error
}

// Archive is the bucket of the ledger and of certificates: what is in it stays. PutNew leaves
// what is there already as it is, and succeeds.
type Archive interface {
	PutNew(ctx context.Context, key string, body *bytes.Reader, contentType string) error
	ListAfter(ctx context.Context, prefix, after string, n int) ([]string, error)
	Read(ctx context.Context, key string, most int64) ([]byte, error)
}

// Workflows is Temporal as these activities know it.
type Workflows interface {
	// CancelUpload asks the workflow of a version to end clean.
	CancelUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
	// StartErasure starts the workflow of an erasure, or finds it started.
	StartErasure(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
}

// Parts are the dependencies of an erasure.
type Parts struct {
	DB       *tenancy.DB
	Objects  Objects
	Keys     Keys
	KeyStore Bucket   // in which the data keys lie, each by its organization and version
	Buckets  []Bucket // in which versions lie
	Exports  Bucket
	Packages Bucket // of rosters
	Inbox    Bucket // in which packages of rosters are put; nil: there is none
	// InboxFolder is the key prefix of a source in the inbox.
	InboxFolder func(org tenancy.OrgID, source uuid.UUID) string
	Archive     Archive
	Signer      *audit.Signer
	Workflows   Workflows
}

// Activities are the activities of this package.
type Activities struct {
	parts Parts
	page  int // length of one list
}

// New makes the activities.
func New(p Parts) *Activities { return &Activities{parts: p, page: 100} }

// Input names an erasure.
type Input struct {
	Org     tenancy.OrgID
	Erasure uuid.UUID
}

// BeginErasureInput names the erasure, as the inputs of all steps do.
type BeginErasureInput Input

// EraseVersionsInput names the erasure.
type EraseVersionsInput Input

// SettleErasureInput names the erasure.
type SettleErasureInput Input

// VerifyErasureInput names the erasure.
type VerifyErasureInput Input

// CertifyErasureInput names the erasure.
type CertifyErasureInput Input

// BeginErasureResult holds the state.
type BeginErasureResult struct{ State erasures.State }

// BeginErasure lists what is to be erased.
func (a *Activities) BeginErasure(ctx context.Context, in BeginErasureInput) (result BeginErasureResult, err error) {
	err = a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		result.State, err = erasures.Begin(ctx, tx, in.Erasure)
		return err
	})
	return result, err
}

// EraseVersionsResult counts the files that this attempt went through.
type EraseVersionsResult struct{ Files int64 }

// EraseVersions erases what no hold covers, a page of files at a time. A file that fails does
// not keep those behind it; the activity fails with it in the end, and a later attempt goes on.
func (a *Activities) EraseVersions(ctx context.Context, in EraseVersionsInput) (result EraseVersionsResult, err error) {
	defer queue.Heartbeat(ctx)()
	q := a.parts.DB.Single(in.Org)
	var after uuid.UUID
	for {
		page, listErr := erasures.Files(ctx, q, in.Erasure, after, a.page)
		if listErr != nil || len(page) == 0 {
			return result, errors.Join(err, listErr)
		}
		pageErr := a.erase(ctx, Input(in), page)
		if ctx.Err() != nil || fault.KindOf(pageErr) == fault.Unavailable {
			return result, errors.Join(err, pageErr)
		}
		if err == nil {
			err = pageErr
		}
		result.Files += int64(len(page))
		after = page[len(page)-1]
	}
}

// erase takes a page of files through all steps.
func (a *Activities) erase(ctx context.Context, in Input, page []uuid.UUID) (err error) {
	q := a.parts.DB.Single(in.Org)
	items, listErr := erasures.Items(ctx, q, in.Erasure, page)
	if listErr != nil {
		return listErr
	}
	if err := a.noteKeys(ctx, in, items); err != nil {
		return err
	}
	for _, file := range page {
		err = first(err, a.end(ctx, in, file))
	}
	if items, listErr = erasures.Items(ctx, q, in.Erasure, page); listErr != nil {
		return first(err, listErr)
	}
	if destroyErr := a.destroy(ctx, in, items); destroyErr != nil {
		return first(err, destroyErr)
	}
	if items, listErr = erasures.Items(ctx, q, in.Erasure, page); listErr != nil {
		return first(err, listErr)
	}
	return first(err, a.purge(ctx, in, items))
}

func first(err, next error) error {
	if err != nil {
		return err
	}
	return next
}

// tries is how often a file is ended again of which a hold was released in the same moment.
const tries = 3

// end ends the versions of a file in their rows, or notes why not. The statement that does it
// is refused by a hold that is in force then.
func (a *Activities) end(ctx context.Context, in Input, file uuid.UUID) error {
	for range tries {
		var open []uuid.UUID
		err := a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
			open, err = a.endFile(ctx, tx, in, file)
			return err
		})
		if !errors.Is(err, tenancy.ErrOnHold) {
			for _, version := range open {
				if err := a.parts.Workflows.CancelUpload(ctx, in.Org, version); err != nil { // it ends by itself at its next step
					activity.GetLogger(ctx).Warn("cancel workflow of erased version failed", "error", err)
				}
			}
			return err
		}
		// What waits for a hold is used by no one: it is in the trash, where its shares end.
		var blocked bool
		err = a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
			if open, err = files.TrashFor(ctx, tx, file, code(in)); err != nil {
				return err
			}
			blocked, err = erasures.Block(ctx, tx, in.Erasure, file)
			return err
		})
		if err != nil || blocked {
			return err
		}
	}
	return nil // it is planned still, and is looked at again
}

func code(in Input) string { return "erasure:" + in.Erasure.String() }

// endFile ends the versions of a file, and gives those whose workflows are to be cancelled.
func (a *Activities) endFile(ctx context.Context, tx *tenancy.Tx, in Input, file uuid.UUID) (open []uuid.UUID, err error) {
	err = files.Lock(ctx, tx, file)
	if errors.Is(err, files.ErrNotFound) {
		return nil, erasures.EndGone(ctx, tx, in.Erasure, file)
	}
	if err != nil {
		return nil, err
	}
	if kept, waited, err := erasures.KeepIfDecided(ctx, tx, in.Erasure, file); err != nil || kept {
		if err == nil && waited {
			err = files.RestoreFor(ctx, tx, file, code(in))
		}
		return nil, err
	}
	if open, err = EndVersions(ctx, tx, file, code(in)); err != nil {
		return nil, err
	}
	return open, erasures.End(ctx, tx, in.Erasure, file)
}

// EndVersions ends every version of a file, and what is being made of its text. A hold
// refuses it.
func EndVersions(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, why string) (open []uuid.UUID, err error) {
	if open, err = files.TrashFor(ctx, tx, file, why); err != nil {
		return nil, err
	}
	versions, err := files.Unpublish(ctx, tx, file)
	if err != nil {
		return nil, err
	}
	for _, version := range versions {
		if err := files.Withdraw(ctx, tx, version, files.Deleted, "erased"); err != nil {
			return nil, err
		}
	}
	made, err := erasures.Generations(ctx, tx, file)
	if err != nil {
		return nil, err
	}
	for _, id := range made {
		if err := drafts.End(ctx, tx, id, drafts.Cancelled, "source_erased"); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// destroy destroys the data keys of versions whose rows are ended. Before, the ledger is told:
// whatever dies from then on, a database that is restored finds there that they must go.
func (a *Activities) destroy(ctx context.Context, in Input, items []erasures.Open) error {
	entry := erasures.Entry{Erasure: in.Erasure, Organization: in.Org.String(), Scope: erasures.File}
	var versions []uuid.UUID
	var ended []erasures.Open
	for _, i := range items {
		if i.State != erasures.ItemEnded {
			continue
		}
		versions, ended = append(versions, i.Version), append(ended, i)
		if n := len(entry.Files); n == 0 || entry.Files[n-1].File != i.File {
			entry.Files = append(entry.Files, erasures.EntryFile{File: i.File})
		}
		f := &entry.Files[len(entry.Files)-1]
		f.Versions = append(f.Versions, i.Version)
	}
	if len(versions) == 0 {
		return nil
	}
	for _, e := range entry.Split(erasures.MostVersions) {
		if err := WriteLedger(ctx, a.parts.Archive, a.parts.Signer, in.Org, e); err != nil {
			return err
		}
	}
	if err := a.noteKeys(ctx, in, ended); err != nil {
		return err
	}
	var encrypted []uuid.UUID
	for _, i := range ended {
		if i.Encrypted {
			encrypted = append(encrypted, i.Version)
		}
	}
	err := each(ctx, encrypted, func(ctx context.Context, _ int, version uuid.UUID) error {
		return a.parts.Keys.DropKey(ctx, files.ContentKey(in.Org, version))
	})
	if err != nil {
		return err
	}
	return erasures.MarkDestroyed(ctx, a.parts.DB.Single(in.Org), in.Erasure, versions)
}

// noteKeys notes which versions have a data key, of those of which it is not known.
func (a *Activities) noteKeys(ctx context.Context, in Input, items []erasures.Open) error {
	var versions, encrypted []uuid.UUID
	var places []int
	for n, i := range items {
		if !i.Encrypted && (i.State == erasures.ItemPlanned || i.State == erasures.ItemEnded) {
			versions, places = append(versions, i.Version), append(places, n)
		}
	}
	err := each(ctx, versions, func(ctx context.Context, n int, version uuid.UUID) (err error) {
		items[places[n]].Encrypted, err = listed(ctx, a.parts.KeyStore, files.StagingKey(in.Org, version))
		return err
	})
	if err != nil {
		return err
	}
	for n, version := range versions {
		if items[places[n]].Encrypted {
			encrypted = append(encrypted, version)
		}
	}
	if len(encrypted) == 0 {
		return nil
	}
	return erasures.MarkEncrypted(ctx, a.parts.DB.Single(in.Org), in.Erasure, encrypted)
}

// atOnce is how many requests to the store are on their way.
const atOnce = 8

// each does something for each version, several at once.
func each(ctx context.Context, versions []uuid.UUID, do func(ctx context.Context, n int, version uuid.UUID) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for n, version := range versions {
		g.Go(func() error { return do(ctx, n, version) })
	}
	return g.Wait()
}

// purge removes the objects of versions whose keys are gone, and then the rows of their files.
// They do not wait for removable_at: an erasure reaches backups by the keys.
func (a *Activities) purge(ctx context.Context, in Input, items []erasures.Open) error {
	var versions, gone []uuid.UUID
	for _, i := range items {
		if i.State != erasures.ItemDestroyed {
			continue
		}
		versions = append(versions, i.Version)
		if n := len(gone); n == 0 || gone[n-1] != i.File {
			gone = append(gone, i.File)
		}
	}
	err := each(ctx, versions, func(ctx context.Context, _ int, version uuid.UUID) error {
		return a.parts.Objects.RemoveVersion(ctx, in.Org, version)
	})
	if err != nil {
		return err
	}
	for _, file := range gone {
		err := a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
			if err := erasures.MarkPurged(ctx, tx, in.Erasure, file); err != nil {
				return err
			}
			err := files.Purge(ctx, tx, file)
			if errors.Is(err, files.ErrNotFound) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SettleErasureResult holds the state.
type SettleErasureResult struct{ State erasures.State }

// SettleErasure removes the copies of the organization in which what was erased may be, and
// says what follows.
func (a *Activities) SettleErasure(ctx context.Context, in SettleErasureInput) (result SettleErasureResult, err error) {
	defer queue.Heartbeat(ctx)()
	if err := a.removeExports(ctx, Input(in)); err != nil {
		return result, err
	}
	err = a.parts.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		result.State, err = erasures.Settle(ctx, tx, in.Erasure)
		return err
	})
	return result, err
}

// removeExports takes every export out of reach in which something may be of what was erased, and
// removes it. One that is begun later does not find what is erased. An attempt to write a part may
// be under way still: the verification looks again before the row says that nothing is left.
func (a *Activities) removeExports(ctx context.Context, in Input) error {
	q := a.parts.DB.Single(in.Org)
	list, err := erasures.Exports(ctx, q, in.Erasure, false)
	if err != nil {
		return err
	}
	for _, id := range list {
		ended, err := exports.End(ctx, q, id, exports.Removed)
		if err != nil {
			return err
		}
		if ended {
			if err := erasures.MarkExports(ctx, q, in.Erasure, 1); err != nil {
				return err
			}
		}
		if err := a.clearExport(ctx, exports.Prefix(in.Org, id)); err != nil {
			return err
		}
	}
	return nil
}

func (a *Activities) clearExport(ctx context.Context, prefix string) error {
	if err := a.parts.Exports.AbortAll(ctx, prefix); err != nil {
		return fmt.Errorf("end multipart uploads of export: %w", err)
	}
	err := a.parts.Exports.Each(ctx, prefix, func(key string, _ time.Time) error { return a.parts.Exports.Remove(ctx, key) })
	if err != nil {
		return fmt.Errorf("remove export: %w", err)
	}
	return nil
}
