package files

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// Change is what PATCH may change; nil leaves a field as it is.
type Change struct {
	Name, Description, Category *string
	// Moves takes the file into Folder, or to the top of Space.
	Moves         bool
	Space, Folder uuid.UUID
	// FromType and ToType are media types: the versions of the first become of the
	// second, when a text gets the name of another kind of text.
	FromType, ToType string
}

// Update renames, describes or categorizes a file.
func Update(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, c Change) error {
	if c.Moves {
		if err := seePlace(ctx, filesdb.New(tx), c.Space, c.Folder); err != nil {
			return err
		}
	}
	n, err := filesdb.New(tx).FileUpdate(ctx, filesdb.FileUpdateParams{ID: file, Name: c.Name, Description: c.Description, Category: c.Category,
		Moves: c.Moves, SpaceID: orNil(c.Space), FolderID: orNil(c.Folder)})
	if err := expectOneRow(n, placeFault("change file", err), ErrInTrash); err != nil {
		return err
	}
	if c.FromType != c.ToType {
		if err := filesdb.New(tx).VersionRetype(ctx, filesdb.VersionRetypeParams{FileID: file, FromType: c.FromType, ToType: c.ToType}); err != nil {
			return fmt.Errorf("change media type: %w", err)
		}
	}
	return record(ctx, tx, "file.change", file, "")
}

// Trash puts a file into the trash and names its versions that are being
// processed, whose workflows must be cancelled. Uploads that are still open
// expire at once. Trashing twice changes nothing.
func Trash(ctx context.Context, tx *tenancy.Tx, file uuid.UUID) (open []uuid.UUID, err error) {
	return TrashFor(ctx, tx, file, "")
}

// Lock keeps a file as it is until the transaction ends.
func Lock(ctx context.Context, tx *tenancy.Tx, file uuid.UUID) error {
	_, err := filesdb.New(tx).FileLock(ctx, file)
	return orNotFound(err)
}

// TrashFor is Trash with a reason that is no person's: the audit log has it as its code.
func TrashFor(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, why string) (open []uuid.UUID, err error) {
	q := filesdb.New(tx)
	if _, err := q.FileLock(ctx, file); err != nil {
		return nil, orNotFound(err)
	}
	n, err := q.FileTrash(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("trash file: %w", err)
	}
	versions, err := q.FileVersions(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	for _, v := range versions {
		switch {
		case v.Status == Uploading: // no one wants the rest of these bytes
			if err := q.UploadAbandon(ctx, v.ID); err != nil {
				return nil, fmt.Errorf("expire upload: %w", err)
			}
		case !Final(v.Status):
			open = append(open, v.ID)
		}
	}
	if n == 0 {
		return open, nil
	}
	return open, record(ctx, tx, "file.trash", file, why)
}

// DescribeVersion says what a version changed.
func DescribeVersion(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, text string) error {
	n, err := filesdb.New(tx).VersionDescribe(ctx, filesdb.VersionDescribeParams{ID: version, ChangeDescription: text})
	return expectOneRow(n, err, ErrNotFound)
}

// Restore takes a file out of the trash. Only a file with something published
// comes back: anything else was given up when it was trashed. Where its name was taken
// meanwhile, c refuses it or gives it a number.
func Restore(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, c OnConflict) error {
	q := filesdb.New(tx)
	f, err := q.FileLock(ctx, file)
	if err != nil {
		return orNotFound(err)
	}
	if f.CurrentID == nil {
		return ErrNotInTrash
	}
	var name *string
	if c == ConflictRenames {
		free, err := q.FileNameBack(ctx, file)
		if err != nil {
			return fmt.Errorf("find free name: %w", err)
		}
		name = &free
	}
	return restore(ctx, tx, file, name, "")
}

// RestoreFor takes a file out of the trash with a reason that is no person's: the audit log has it as its code.
// A file that was never published comes back too, to wait as it did before.
func RestoreFor(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, why string) error {
	return restore(ctx, tx, file, nil, why)
}

func restore(ctx context.Context, tx *tenancy.Tx, file uuid.UUID, name *string, why string) error {
	n, err := filesdb.New(tx).FileRestore(ctx, filesdb.FileRestoreParams{ID: file, Name: name})
	if err := expectOneRow(n, placeFault("restore file", err), ErrNotInTrash); err != nil {
		return err
	}
	return record(ctx, tx, "file.restore", file, why)
}

// Unpublish ends every published and every quarantined version of a trashed file and names
// all its versions, whose objects must go. The quota is free from here on. A hold refuses it:
// from the commit on the objects go, so the row decides about each of them before.
func Unpublish(ctx context.Context, tx *tenancy.Tx, file uuid.UUID) ([]uuid.UUID, error) {
	q := filesdb.New(tx)
	f, err := q.FileLock(ctx, file)
	if err != nil {
		return nil, orNotFound(err)
	}
	if f.TrashedAt == nil {
		return nil, ErrNotInTrash
	}
	versions, err := q.FileVersions(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	ids := make([]uuid.UUID, 0, len(versions))
	for _, v := range versions {
		ids = append(ids, v.ID)
		if _, err := q.VersionUnpublish(ctx, v.ID); err != nil {
			return nil, fmt.Errorf("unpublish version: %w", err)
		}
	}
	return ids, nil
}

// PurgePage removes the rows of up to n files of an organization that is being
// deleted, with everything that hangs on them, and says how many. Their objects
// must be gone.
func PurgePage(ctx context.Context, tx *tenancy.Tx, n int) (int64, error) {
	q := filesdb.New(tx)
	if err := q.VersionPagePurge(ctx, int64(n)); err != nil {
		return 0, fmt.Errorf("purge versions: %w", err)
	}
	purged, err := q.FilePagePurge(ctx, int64(n))
	if err != nil {
		return 0, fmt.Errorf("purge files: %w", err)
	}
	return purged, nil
}
