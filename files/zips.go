package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// MaxZipFiles is how many files a zip holds.
const MaxZipFiles = 10_000

// zipLife is how long a zip can be downloaded, and gone on with.
const zipLife = 24 * time.Hour

// ErrNoZip is what a caller meets who names a zip that is not there, or not theirs.
var ErrNoZip = fault.New(fault.NotFound, "zip_not_found", "There is no such zip, or its day is over. Ask for a new one.")

// Zip is a zip that was asked for.
type Zip filesdb.ZipGetRow

// ZipEntry is one file of it. One with a statement is not a file of the store: it is the text that goes with
// the record of its FileID and VersionID.
type ZipEntry filesdb.ZipEntryListRow

// DeleteExpiredZips removes the zips whose time is over.
func DeleteExpiredZips(ctx context.Context, q tenancy.Queries) error {
	return filesdb.New(q).ZipDeleteExpired(ctx)
}

// InsertZip records a zip and what is in it.
func InsertZip(ctx context.Context, tx *tenancy.Tx, id, actor uuid.UUID, name string, entries []ZipEntry) (Zip, error) {
	q := filesdb.New(tx)
	made, err := q.ZipInsert(ctx, filesdb.ZipInsertParams{ID: id, Name: name, ActorID: actor, Life: zipLife})
	if err != nil {
		return Zip{}, fmt.Errorf("insert zip: %w", err)
	}
	return Zip{ID: id, Name: name, CreatedAt: made.CreatedAt, ExpiresAt: made.ExpiresAt}, insertZipEntries(ctx, q, id, entries)
}

// InsertShareZip records a zip for the visitors of a share, or finds the one that has the
// same in it.
func InsertShareZip(ctx context.Context, tx *tenancy.Tx, id, share uuid.UUID, name string, entries []ZipEntry) (Zip, error) {
	q, digest := filesdb.New(tx), digestOf(name, entries)
	row, err := q.ZipInsertOfShare(ctx, filesdb.ZipInsertOfShareParams{ID: id, Name: name, ShareID: share, Digest: digest[:], Life: zipLife})
	if err != nil {
		return Zip{}, fmt.Errorf("insert zip of share: %w", err)
	}
	made := Zip{ID: row.ID, Name: row.Name, ShareID: &share, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
	if row.ID != id {
		return made, nil
	}
	return made, insertZipEntries(ctx, q, id, entries)
}

// digestOf is of all that the bytes of a zip follow from. The length of each name keeps
// two lists apart.
func digestOf(name string, entries []ZipEntry) [sha256.Size]byte {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %s", len(name), name)
	for _, e := range entries {
		_, _ = fmt.Fprintf(h, " %s %d %d %s %s %d %s", e.VersionID, e.ModifiedAt.Unix(), len(e.Name), e.Name, e.ObjectEtag, len(e.Statement), e.Statement)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func insertZipEntries(ctx context.Context, q *filesdb.Queries, id uuid.UUID, entries []ZipEntry) error {
	rows := filesdb.ZipEntriesInsertParams{ZipID: id}
	for _, e := range entries {
		rows.FileIds, rows.VersionIds = append(rows.FileIds, e.FileID), append(rows.VersionIds, e.VersionID)
		rows.Names, rows.Sizes = append(rows.Names, e.Name), append(rows.Sizes, e.Size)
		rows.Modified, rows.Etags = append(rows.Modified, e.ModifiedAt), append(rows.Etags, e.ObjectEtag)
		rows.Statements = append(rows.Statements, e.Statement)
	}
	if err := q.ZipEntriesInsert(ctx, rows); err != nil {
		return fmt.Errorf("insert zip entries: %w", err)
	}
	return nil
}

// GetZip reads a zip with its entries, in their order: of the actor of q, or as the
// organization any, whose right is the caller's to ask.
func GetZip(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Zip, []ZipEntry, error) {
	db := filesdb.New(q)
	z, err := db.ZipGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Zip{}, nil, ErrNoZip
	}
	if err != nil {
		return Zip{}, nil, err
	}
	rows, err := db.ZipEntryList(ctx, id)
	entries := make([]ZipEntry, len(rows))
	for i, r := range rows {
		entries[i] = ZipEntry(r)
	}
	return Zip(z), entries, err
}

// RefuseZipEntry records why a zip was cut at an entry.
func RefuseZipEntry(ctx context.Context, q tenancy.Queries, zip uuid.UUID, number int32, code string) error {
	return filesdb.New(q).ZipEntryRefuse(ctx, filesdb.ZipEntryRefuseParams{ZipID: zip, Number: number, Refused: code})
}

// ReadableVersions are those of the versions whose bytes the actor of q may read now, each
// with its number.
func ReadableVersions(ctx context.Context, q tenancy.Queries, versions []uuid.UUID) (map[uuid.UUID]int32, error) {
	rows, err := filesdb.New(q).VersionsReadable(ctx, versions)
	readable := make(map[uuid.UUID]int32, len(rows))
	for _, r := range rows {
		readable[r.VersionID] = r.Number
	}
	return readable, err
}

// ByIDsForZip is ByIDs without what a zip needs nothing of: renditions, steps and tags.
func ByIDsForZip(ctx context.Context, q tenancy.Queries, ids []uuid.UUID) (map[uuid.UUID]View, error) {
	rows, err := filesdb.New(q).VersionViewsZipped(ctx, ids)
	views := make(map[uuid.UUID]View, len(rows))
	for _, r := range rows {
		views[r.FileID] = View{
			FileID: r.FileID, VersionID: r.VersionID, Name: r.Name, FolderID: r.FolderID, Status: r.Status, TrashedAt: r.TrashedAt, Size: r.Size, MimeType: r.MimeType,
			ObjectEtag: r.ObjectEtag, PublishedAt: r.PublishedAt,
		}
	}
	return views, err
}

// Checksums are the CRC-32 of those of the versions of which it is known.
func Checksums(ctx context.Context, q tenancy.Queries, versions []uuid.UUID) (map[uuid.UUID]uint32, error) {
	rows, err := filesdb.New(q).VersionCRCs(ctx, versions)
	sums := make(map[uuid.UUID]uint32, len(rows))
	for _, r := range rows {
		if r.Crc32 != nil {
			sums[r.ID] = uint32(*r.Crc32)
		}
	}
	return sums, err
}

// SetChecksum notes the CRC-32 of a version.
func SetChecksum(ctx context.Context, q tenancy.Queries, version uuid.UUID, sum uint32) error {
	return filesdb.New(q).VersionSetCRC(ctx, filesdb.VersionSetCRCParams{ID: version, Crc32: int64(sum)})
}

// BelowFolder lists the files in a folder and below it that the actor of q sees, at most
// so many, and the folders with their names.
func BelowFolder(ctx context.Context, q tenancy.Queries, folder uuid.UUID, most int) ([]uuid.UUID, map[uuid.UUID]FolderName, error) {
	db := filesdb.New(q)
	rows, err := db.FoldersBelow(ctx, folder)
	if err != nil {
		return nil, nil, fmt.Errorf("list folders: %w", err)
	}
	folders := make(map[uuid.UUID]FolderName, len(rows))
	for _, r := range rows {
		folders[r.ID] = FolderName{Parent: r.ParentID, Name: r.Name}
	}
	ids, err := db.FilesBelowFolder(ctx, filesdb.FilesBelowFolderParams{FolderID: folder, Most: int64(most)})
	return ids, folders, err
}

// FolderName is a folder and the one above it.
type FolderName struct {
	Parent *uuid.UUID
	Name   string
}
