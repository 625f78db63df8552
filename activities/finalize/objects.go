package finalize

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// Staging is the bucket in which bytes arrive.
type Staging interface {
	Name() string
	Remove(ctx context.Context, key string) error
	AbortAll(ctx context.Context, prefix string) error
	DropKey(ctx context.Context, key string) error
}

// CleanBucket is a bucket into which judged bytes are copied.
type CleanBucket interface {
	Name() string
	CopyFrom(ctx context.Context, bucket, srcKey, etag, key string) (string, error)
	Size(ctx context.Context, key string) (size int64, etag string, err error)
	Remove(ctx context.Context, key string) error
	RemovePrefix(ctx context.Context, prefix string) error
}

// Objects is everything of a version outside the database.
type Objects struct {
	Staging           Staging
	Clean, Quarantine CleanBucket
}

// RemoveVersion removes every object that a version may have left anywhere, and then the
// data key, which makes copies in backups unreadable. What is not there is no error.
func (o Objects) RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	if err := o.eraseUnpublished(ctx, org, version); err != nil {
		return err
	}
	if err := o.Quarantine.Remove(ctx, files.ContentKey(org, version)); err != nil {
		return fmt.Errorf("clear quarantine: %w", err)
	}
	return o.Staging.DropKey(ctx, files.StagingKey(org, version))
}

// eraseUnpublished removes the objects that a version has before publication.
func (o Objects) eraseUnpublished(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	if err := o.eraseStaged(ctx, org, version); err != nil {
		return err
	}
	if err := o.Clean.RemovePrefix(ctx, files.VersionPrefix(org, version)); err != nil {
		return fmt.Errorf("clear clean bucket: %w", err)
	}
	return nil
}

// eraseStaged removes what arrived, parts that were never joined included.
func (o Objects) eraseStaged(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	if err := o.Staging.AbortAll(ctx, files.StagingKey(org, version)); err != nil {
		return fmt.Errorf("abort multipart uploads: %w", err)
	}
	return o.eraseReceived(ctx, org, version)
}

// eraseReceived removes the staged object and the tail of an upload that was
// cut off once. A version whose bytes are complete has no loose parts.
func (o Objects) eraseReceived(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	for _, key := range files.StagedKeys(org, version) {
		if err := o.Staging.Remove(ctx, key); err != nil {
			return fmt.Errorf("clear staging: %w", err)
		}
	}
	return nil
}

// objectRef is where judged bytes lie before they move.
type objectRef struct{ bucket, key, etag string }

// copyObject copies an object into another bucket if it is still the one with the verdict. An
// earlier attempt may have done it already: each key is written by this package
// only, and only with the bytes of its version.
func copyObject(ctx context.Context, from objectRef, to CleanBucket, v files.Version) (string, error) {
	key := files.ContentKey(v.OrganizationID, v.ID)
	if size, etag, err := to.Size(ctx, key); err == nil && size == v.Size {
		return etag, nil
	}
	if _, err := to.CopyFrom(ctx, from.bucket, from.key, from.etag, key); err != nil {
		return "", err
	}
	size, etag, err := to.Size(ctx, key)
	if err != nil {
		return "", fmt.Errorf("look at the copy: %w", err)
	}
	if size != v.Size {
		return "", fmt.Errorf("the copy holds %d bytes instead of %d", size, v.Size)
	}
	return etag, nil
}

// staged is the location of a received version.
func (o Objects) staged(v files.Version) objectRef {
	return objectRef{o.Staging.Name(), files.StagingKey(v.OrganizationID, v.ID), v.StagingEtag}
}

// published is the location of a published version.
func (o Objects) published(v files.Version) objectRef {
	return objectRef{o.Clean.Name(), files.ContentKey(v.OrganizationID, v.ID), v.ObjectEtag}
}
