package files

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// LostInRestore is the reason of a version whose bytes were not there after a restore.
const LostInRestore = "lost_in_restore"

// KeptAsLost says whether a version has ended because a check after a restore did not find its
// bytes. The check may have been wrong, or the bytes come back with another copy: nothing of
// such a version is removed until somebody deletes it.
func KeptAsLost(status Status, reason string) bool {
	return reason == LostInRestore && (status == Quarantined || status == Failed)
}

// DelayRemoval lets the objects of a deleted version stay for a while, counted from the first
// call. It says whether they have to stay still.
func DelayRemoval(ctx context.Context, q tenancy.Queries, version uuid.UUID, delay time.Duration) (waits bool, err error) {
	waits, err = filesdb.New(q).VersionDelayRemoval(ctx, filesdb.VersionDelayRemovalParams{ID: version, Delay: delay})
	if err != nil {
		return false, fmt.Errorf("delay removal: %w", orNotFound(err))
	}
	return waits, nil
}

// AdoptContent ties a published version to the object that holds its bytes now. It says false
// where the version is not published any more.
func AdoptContent(ctx context.Context, q tenancy.Queries, version uuid.UUID, etag string) (bool, error) {
	n, err := filesdb.New(q).RestoredContent(ctx, filesdb.RestoredContentParams{ID: version, Etag: etag})
	return n > 0, err
}

// AdoptStaged ties a version that is in process, or waits, to the object that holds the bytes
// that arrived.
func AdoptStaged(ctx context.Context, q tenancy.Queries, version uuid.UUID, etag string) (bool, error) {
	n, err := filesdb.New(q).RestoredStaging(ctx, filesdb.RestoredStagingParams{ID: version, Etag: etag})
	return n > 0, err
}

// Lost locks a published version away whose bytes are gone. The row stays, so that people see
// what they had. It says false where the version is not published any more.
func Lost(ctx context.Context, tx *tenancy.Tx, version uuid.UUID) (bool, error) {
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, version); err != nil {
		return false, err
	}
	n, err := q.RestoredLost(ctx, filesdb.RestoredLostParams{ID: version, Reason: LostInRestore})
	if err != nil || n == 0 {
		return false, err
	}
	if err := deleteRenditions(ctx, q, version); err != nil {
		return false, fmt.Errorf("delete renditions: %w", err)
	}
	return true, record(ctx, tx, "file.quarantine", version, LostInRestore)
}

// FoundContent publishes a version again that was lost and whose bytes are there. It says false
// where the version is not lost any more.
func FoundContent(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, etag string) (bool, error) {
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, version); err != nil {
		return false, err
	}
	n, err := q.RestoredFoundContent(ctx, filesdb.RestoredFoundContentParams{ID: version, Etag: etag, Reason: LostInRestore})
	return n > 0, err
}

// FoundStaged takes a version into process again that was lost before it was published, and
// whose bytes are there.
func FoundStaged(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, etag string) (bool, error) {
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, version); err != nil {
		return false, err
	}
	n, err := q.RestoredFoundStaging(ctx, filesdb.RestoredFoundStagingParams{ID: version, Etag: etag, Reason: LostInRestore})
	return n > 0, err
}

// Picture is a rendition, or a picture that was made on demand.
type Picture = filesdb.RestoredPicturesRow

// PictureKey is where its object lies.
func PictureKey(org tenancy.OrgID, p Picture) string {
	if p.OnDemand {
		return TransformationKey(org, p.VersionID, p.Name)
	}
	return RenditionKey(org, p.VersionID, p.Name)
}

// Pictures reads all pictures of the versions.
func Pictures(ctx context.Context, q tenancy.Queries, versions []uuid.UUID) ([]Picture, error) {
	return filesdb.New(q).RestoredPictures(ctx, versions)
}

// AdoptPicture ties a picture to the object that holds it now.
func AdoptPicture(ctx context.Context, q tenancy.Queries, p Picture, etag string) error {
	if p.OnDemand {
		return filesdb.New(q).RestoredTransformation(ctx, filesdb.RestoredTransformationParams{VersionID: p.VersionID, Key: p.Name, Etag: etag})
	}
	return filesdb.New(q).RestoredRendition(ctx, filesdb.RestoredRenditionParams{VersionID: p.VersionID, Name: p.Name, Etag: etag})
}

// ForgetPicture removes the row of a picture whose object is gone. One that was made on
// demand is made again at the next request.
func ForgetPicture(ctx context.Context, q tenancy.Queries, p Picture) error {
	if p.OnDemand {
		return filesdb.New(q).RestoredTransformationLost(ctx, filesdb.RestoredTransformationLostParams{VersionID: p.VersionID, Key: p.Name})
	}
	return filesdb.New(q).RestoredRenditionLost(ctx, filesdb.RestoredRenditionLostParams{VersionID: p.VersionID, Name: p.Name})
}
