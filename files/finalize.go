package files

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// ListInProcess reads a version that a pipeline step is about to work on, and tells
// a step that comes too late that it is.
func ListInProcess(ctx context.Context, q tenancy.Queries, version uuid.UUID) (Version, error) {
	v, err := GetVersion(ctx, q, version)
	if err != nil {
		return v, err
	}
	if v.Status != Processing || v.TrashedAt != nil {
		return v, ErrVersionEnded
	}
	return v, nil
}

// TouchVersion says that a version's workflow is alive, so that the sweep asks again
// only after another silence.
func TouchVersion(ctx context.Context, q tenancy.Queries, version uuid.UUID) error {
	return filesdb.New(q).VersionTouch(ctx, version)
}

// Expire ends an upload that is past its time. It says false, and changes
// nothing, when the upload has moved on since someone looked.
func Expire(ctx context.Context, tx *tenancy.Tx, upload uuid.UUID) (bool, error) {
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, upload); err != nil {
		return false, err
	}
	n, err := q.UploadExpire(ctx, upload)
	if err != nil || n == 0 {
		return false, err
	}
	return true, Withdraw(ctx, tx, upload, Expired, "expired")
}

// Revoke takes a published version back into quarantine, because a later look
// at the same bytes found something. It says false when the version is not
// published any more.
func Revoke(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, reason string, v Verdict) (bool, error) {
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, version); err != nil {
		return false, err
	}
	n, err := q.VersionRevoke(ctx, filesdb.VersionRevokeParams{
		ID: version, StatusReason: reason, ScanVerdict: v.Verdict, ScanSignature: v.Signature, ScanEngine: v.Engine, ScanDatabase: v.Database,
	})
	if err != nil || n == 0 {
		return false, err
	}
	if err := deleteRenditions(ctx, q, version); err != nil {
		return false, fmt.Errorf("delete renditions: %w", err)
	}
	return true, record(ctx, tx, "file.revoke", version, reason)
}

// Purge removes the rows of a trashed file whose objects are gone. Versions go
// first: their deletion settles the quota.
func Purge(ctx context.Context, tx *tenancy.Tx, file uuid.UUID) error {
	q := filesdb.New(tx)
	f, err := q.FileLock(ctx, file)
	if err != nil {
		return orNotFound(err)
	}
	if f.TrashedAt == nil {
		return ErrNotInTrash
	}
	if err := q.VersionPurge(ctx, file); err != nil {
		return fmt.Errorf("purge versions: %w", err)
	}
	n, err := q.FilePurge(ctx, file)
	if err := expectOneRow(n, err, ErrNotInTrash); err != nil {
		return err
	}
	return record(ctx, tx, "file.purge", file, "")
}

// VersionRow is what the reconciler reads of a version.
type VersionRow = filesdb.VersionPageRow

// ListVersions reads the organization's versions in the order of their ids.
func ListVersions(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int64) ([]VersionRow, error) {
	return filesdb.New(q).VersionPage(ctx, filesdb.VersionPageParams{ID: after, Limit: n})
}

// LiveObject is a published version of a file that is not in the trash.
type LiveObject = filesdb.VersionLiveRow

// ListLive reads what people can read now, in the order of the versions' ids.
func ListLive(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int64) ([]LiveObject, error) {
	return filesdb.New(q).VersionLive(ctx, filesdb.VersionLiveParams{ID: after, Limit: n})
}

// Renditions lists the renditions of a version.
func Renditions(ctx context.Context, q tenancy.Queries, version uuid.UUID) ([]Rendition, error) {
	rows, err := filesdb.New(q).RenditionList(ctx, version)
	found := make([]Rendition, len(rows))
	for i, r := range rows {
		found[i] = Rendition(r)
	}
	return found, err
}
