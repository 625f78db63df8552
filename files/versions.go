package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// What a caller who deletes a version can meet.
var (
	ErrShownVersion = fault.New(fault.Conflict, "only_version", "This is the version that the file shows, and no other one is published. Put the file into the trash, or send a new version first.")
	ErrVersionGone  = fault.New(fault.Conflict, "not_available", "This version was never published, or is no longer kept. Its status_reason says why.")
)

// Removal is why a version was deleted, as its status_reason and the audit log have it.
type Removal string

// The reasons.
const (
	ByPerson Removal = "deleted_by_person"
	ByCount  Removal = "more_versions_than_kept"
	ByAge    Removal = "replaced_too_long_ago"
)

// DeleteVersion ends a published version of a file for good: its bytes leave the quota
// with the commit, and the sweep removes its objects. Its row stays in the history. The
// version that the file shows goes only where another one is published, which is then
// shown. A version that was deleted already stays as it is.
func DeleteVersion(ctx context.Context, tx *tenancy.Tx, file, version uuid.UUID, why Removal) error {
	q := filesdb.New(tx)
	f, err := q.FileLock(ctx, file)
	if err != nil {
		return orNotFound(err)
	}
	if f.TrashedAt != nil {
		return ErrInTrash
	}
	v, err := q.VersionLock(ctx, version)
	switch {
	case err != nil:
		return orNotFound(err)
	case v.FileID != file:
		return ErrNotFound
	case v.Status == Deleted:
		return nil
	case !Final(v.Status):
		return ErrNotPublished
	case v.Status != Published:
		return ErrVersionGone
	}
	if f.CurrentID != nil && *f.CurrentID == version {
		other, err := q.FileOtherPublished(ctx, filesdb.FileOtherPublishedParams{FileID: file, ID: version})
		if err != nil {
			return fmt.Errorf("look for another version: %w", err)
		}
		if !other {
			return ErrShownVersion
		}
	}
	n, err := q.VersionRemove(ctx, filesdb.VersionRemoveParams{ID: version, StatusReason: string(why)})
	if err := expectOneRow(n, err, ErrVersionGone); err != nil {
		return fmt.Errorf("delete version: %w", err)
	}
	if err := deleteRenditions(ctx, q, version); err != nil {
		return fmt.Errorf("delete renditions: %w", err)
	}
	return record(ctx, tx, "file.delete_version", version, string(why))
}

// Difference is one thing in which two versions differ. A value that a version does not
// have is null.
type Difference struct {
	Field    string
	From, To json.RawMessage
}

// VersionFacts is what is known of a version by itself.
type VersionFacts = filesdb.VersionFactsRow

// Compare reads two versions of a file by their numbers, and says in what they differ. Only
// what is known of both is compared: the name of an old version may not be kept, and one
// that was not inspected has no media type.
func Compare(ctx context.Context, q tenancy.Queries, file uuid.UUID, from, to int32) (a, b VersionFacts, differences []Difference, err error) {
	rows, err := filesdb.New(q).VersionFacts(ctx, filesdb.VersionFactsParams{FileID: file, Numbers: []int32{from, to}})
	if err != nil {
		return a, b, nil, fmt.Errorf("read versions: %w", err)
	}
	found := 0
	for _, number := range []int32{from, to} {
		i := slices.IndexFunc(rows, func(r VersionFacts) bool { return r.Number == number })
		if i < 0 {
			return a, b, nil, ErrNotFound
		}
		if found++; found == 1 {
			a = rows[i]
		} else {
			b = rows[i]
		}
	}
	differences, err = differ(a, b)
	return a, b, differences, err
}

// differ lists the fields in the order in which people read them.
func differ(a, b VersionFacts) ([]Difference, error) {
	differences := []Difference{}
	for _, f := range []struct {
		name     string
		known    bool
		from, to any
	}{
		{"name", a.FileName != "" && b.FileName != "", a.FileName, b.FileName},
		{"mime_type", a.MimeType != "" && b.MimeType != "", a.MimeType, b.MimeType},
		{"size", true, a.Size, b.Size},
		{"sha256", a.Sha256 != "" && b.Sha256 != "", a.Sha256, b.Sha256},
		{"width", true, a.Width, b.Width},
		{"height", true, a.Height, b.Height},
		{"pages", true, a.Pages, b.Pages},
		{"duration_ms", true, a.DurationMs, b.DurationMs},
	} {
		from, err := json.Marshal(f.from)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", f.name, err)
		}
		to, err := json.Marshal(f.to)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", f.name, err)
		}
		if f.known && string(from) != string(to) {
			differences = append(differences, Difference{Field: f.name, From: from, To: to})
		}
	}
	return differences, nil
}

// PruneVersion deletes a version that the organization's retention removes, and leaves any
// other: its policies, or the file, may have changed since it was found.
func PruneVersion(ctx context.Context, tx *tenancy.Tx, file, version uuid.UUID) error {
	q := filesdb.New(tx)
	f, err := q.FileLock(ctx, file)
	if err != nil {
		return orNotFound(err)
	}
	why, err := q.VersionRetention(ctx, version)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (why == "" || f.TrashedAt != nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read retention of version: %w", err)
	}
	return DeleteVersion(ctx, tx, file, version, Removal(why))
}
