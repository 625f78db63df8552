package erasures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/tenancy"
	"satchel/tenancy/erasures/erasuresdb"
)

// ItemState is how far a version of an erasure is.
type ItemState string

// The states in which something is to be done about it.
const (
	ItemPlanned   ItemState = "planned"
	ItemEnded     ItemState = "ended"     // its row says that it is deleted: no hold covered it
	ItemDestroyed ItemState = "destroyed" // its data key is gone
)

// Open is a version that is not erased yet.
type Open struct {
	File, Version uuid.UUID
	State         ItemState
	Encrypted     bool // it is known that it had a data key
}

// Files pages through the files of an erasure with something left to do, by their ids.
func Files(ctx context.Context, q tenancy.Queries, id, after uuid.UUID, n int) ([]uuid.UUID, error) {
	found, err := erasuresdb.New(q).ItemFiles(ctx, erasuresdb.ItemFilesParams{ID: id, After: after, Most: int64(n)})
	return found, wrap("list files of erasure", err)
}

func wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Items lists the versions of these files with something left to do.
func Items(ctx context.Context, q tenancy.Queries, id uuid.UUID, files []uuid.UUID) ([]Open, error) {
	rows, err := erasuresdb.New(q).ItemList(ctx, erasuresdb.ItemListParams{ID: id, Files: files})
	found := make([]Open, len(rows))
	for i, r := range rows {
		found[i] = Open{File: r.FileID, Version: r.VersionID, State: ItemState(r.State), Encrypted: r.Encrypted}
	}
	return found, wrap("list versions of erasure", err)
}

// KeepIfDecided leaves a file as it is where something goes before the erasure, and says so; and whether it
// waited in the trash for a hold, from where it comes back. What was in the trash before stays there.
func KeepIfDecided(ctx context.Context, tx *tenancy.Tx, id, file uuid.UUID) (kept, waited bool, err error) {
	q := erasuresdb.New(tx)
	reason, err := q.FileKept(ctx, erasuresdb.FileKeptParams{ID: id, FileID: file})
	if err != nil || reason == "" {
		return false, false, wrap("look for what goes before the erasure", err)
	}
	if err := q.ItemKeep(ctx, erasuresdb.ItemKeepParams{ID: id, FileID: file, Reason: reason}); err != nil {
		return false, false, wrap("keep file", err)
	}
	waited, err = q.FileWaited(ctx, erasuresdb.FileWaitedParams{ID: id, FileID: file})
	return true, waited, wrap("look whether the file waited for a hold", err)
}

// End notes, in the transaction that ended the versions of a file, that all of them are to go,
// those too that came since the inventory. It forgets the zips that name the file, and takes
// the packages of requests for access that name it out of reach. Documents that were made from the file stay, and
// are noted.
func End(ctx context.Context, tx *tenancy.Tx, id, file uuid.UUID) error {
	q := erasuresdb.New(tx)
	if err := q.ItemEnd(ctx, erasuresdb.ItemEndParams{ID: id, FileID: file}); err != nil {
		return wrap("note the end of versions", err)
	}
	if err := q.DerivedNote(ctx, erasuresdb.DerivedNoteParams{ID: id, FileID: file}); err != nil {
		return wrap("note what was made of the file", err)
	}
	if err := q.ZipForget(ctx, file); err != nil {
		return wrap("forget zips", err)
	}
	if err := q.DraftsForget(ctx, file); err != nil {
		return wrap("forget drafts of documents", err)
	}
	n, err := q.PackagesEnd(ctx, file)
	return countExports(ctx, tx, id, n, wrap("end packages of requests for access", err))
}

func countExports(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, n int64, err error) error {
	if err != nil || n == 0 {
		return err
	}
	return MarkExports(ctx, tx, id, n)
}

// EndGone is End for a file that was deleted by another way since it was listed.
func EndGone(ctx context.Context, tx *tenancy.Tx, id, file uuid.UUID) error {
	q := erasuresdb.New(tx)
	if err := q.ItemEndGone(ctx, erasuresdb.ItemEndGoneParams{ID: id, FileID: file}); err != nil {
		return wrap("note the end of versions", err)
	}
	if err := q.DraftsForget(ctx, file); err != nil {
		return wrap("forget drafts of documents", err)
	}
	n, err := q.PackagesEndAll(ctx)
	return countExports(ctx, tx, id, n, wrap("end packages of requests for access", err))
}

// Generations lists the documents that are being made from a file's text.
func Generations(ctx context.Context, q tenancy.Queries, file uuid.UUID) ([]uuid.UUID, error) {
	found, err := erasuresdb.New(q).SourceOpen(ctx, file)
	return found, wrap("look for documents made from the file", err)
}

// Block notes which hold covers a file; false when none does any more.
func Block(ctx context.Context, tx *tenancy.Tx, id, file uuid.UUID) (bool, error) {
	q := erasuresdb.New(tx)
	hold, err := q.FileHold(ctx, file)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, wrap("look for the hold", err)
	}
	return true, wrap("note the hold", q.ItemBlock(ctx, erasuresdb.ItemBlockParams{ID: id, FileID: file, HoldID: hold}))
}

// MarkEncrypted notes which versions had a data key, before it is destroyed.
func MarkEncrypted(ctx context.Context, q tenancy.Queries, id uuid.UUID, versions []uuid.UUID) error {
	return wrap("note which versions are encrypted", erasuresdb.New(q).ItemEncrypted(ctx, erasuresdb.ItemEncryptedParams{ID: id, Versions: versions}))
}

// MarkDestroyed notes that the data keys of versions are gone.
func MarkDestroyed(ctx context.Context, q tenancy.Queries, id uuid.UUID, versions []uuid.UUID) error {
	return wrap("note destroyed keys", erasuresdb.New(q).ItemDestroyed(ctx, erasuresdb.ItemDestroyedParams{ID: id, Versions: versions}))
}

// MarkPurged notes that the objects and rows of a file are gone.
func MarkPurged(ctx context.Context, q tenancy.Queries, id, file uuid.UUID) error {
	return wrap("note the purge", erasuresdb.New(q).ItemPurged(ctx, erasuresdb.ItemPurgedParams{ID: id, FileID: file}))
}

// Purged pages through the versions that are purged and not verified, by their ids.
func Purged(ctx context.Context, q tenancy.Queries, id, after uuid.UUID, n int) ([]Open, error) {
	rows, err := erasuresdb.New(q).ItemPage(ctx, erasuresdb.ItemPageParams{ID: id, After: after, Most: int64(n)})
	found := make([]Open, len(rows))
	for i, r := range rows {
		found[i] = Open{File: r.FileID, Version: r.VersionID}
	}
	return found, wrap("list purged versions", err)
}

// RowsLeft counts what the database still says of versions and their files.
func RowsLeft(ctx context.Context, q tenancy.Queries, versions, files []uuid.UUID) (int64, error) {
	n, err := erasuresdb.New(q).RowsLeft(ctx, erasuresdb.RowsLeftParams{Versions: versions, Files: files})
	return n, wrap("count rows that are left", err)
}

// CacheWaits says whether the cache in front of the content host was not told yet, or could not be told,
// that versions and files are gone.
func CacheWaits(ctx context.Context, q tenancy.Queries, versions, files []uuid.UUID) (bool, error) {
	waits, err := erasuresdb.New(q).EdgeWaits(ctx, erasuresdb.EdgeWaitsParams{Versions: versions, Files: files})
	return waits, wrap("ask what the cache was told", err)
}

// MarkVerified notes that nothing of versions lists.
func MarkVerified(ctx context.Context, q tenancy.Queries, id uuid.UUID, versions []uuid.UUID) error {
	return wrap("note the verification", erasuresdb.New(q).ItemVerified(ctx, erasuresdb.ItemVerifiedParams{ID: id, Versions: versions}))
}

// Exports lists the exports of the organization of which objects may be there and in which
// something of what the erasure erased may be; with ended, those alone that are out of reach.
func Exports(ctx context.Context, q tenancy.Queries, id uuid.UUID, ended bool) ([]uuid.UUID, error) {
	found, err := erasuresdb.New(q).ExportList(ctx, erasuresdb.ExportListParams{ID: id, Ended: ended})
	return found, wrap("list exports", err)
}

// MarkExports counts exports that were removed.
func MarkExports(ctx context.Context, q tenancy.Queries, id uuid.UUID, n int64) error {
	return wrap("count removed exports", erasuresdb.New(q).ErasureExports(ctx, erasuresdb.ErasureExportsParams{ID: id, N: n}))
}

// Restore keeps an erasure as certified that a restore of the database lost, or took back. It
// says false where it is certified already.
func Restore(ctx context.Context, q tenancy.Queries, c Certificate) (bool, error) {
	requested, err := time.Parse(time.RFC3339, c.RequestedAt)
	if err != nil {
		return false, wrap("read certificate", err)
	}
	certified, err := time.Parse(time.RFC3339, c.CertifiedAt)
	if err != nil {
		return false, wrap("read certificate", err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		return false, wrap("write certificate", err)
	}
	n, err := erasuresdb.New(q).ErasureRestore(ctx, erasuresdb.ErasureRestoreParams{
		ID: c.ID, Scope: string(c.Scope), TargetID: c.Target, Basis: string(c.Basis), RequestedAt: requested, Exports: c.Exports, At: &certified, Certificate: b,
	})
	return n > 0, wrap("restore erasure", err)
}

// Reopen keeps an erasure as one that goes on, of which the restored database has something that a
// hold keeps. It says false where the erasure is there.
func Reopen(ctx context.Context, q tenancy.Queries, c Certificate) (bool, error) {
	requested, err := time.Parse(time.RFC3339, c.RequestedAt)
	if err != nil {
		return false, wrap("read certificate", err)
	}
	db, versions, encrypted := erasuresdb.New(q), make([]uuid.UUID, len(c.Items)), []uuid.UUID{}
	for n, i := range c.Items {
		versions[n] = i.Version
		if i.Method == CryptographicErase {
			encrypted = append(encrypted, i.Version)
		}
	}
	n, err := db.ErasureReopen(ctx, erasuresdb.ErasureReopenParams{ID: c.ID, Scope: string(c.Scope), TargetID: c.Target, Basis: string(c.Basis), RequestedAt: requested})
	if err == nil && n > 0 {
		err = db.ItemReopen(ctx, erasuresdb.ItemReopenParams{ID: c.ID, Versions: versions, Encrypted: encrypted})
	}
	return n > 0, wrap("begin erasure again", err)
}
