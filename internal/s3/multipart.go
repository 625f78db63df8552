package s3

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"satchel/internal/envelope"
)

// Part is one confirmed part of a multipart upload.
type Part struct {
	Number int
	ETag   string
}

// CreateMultipart starts a multipart upload and gives its id.
func (b *Bucket) CreateMultipart(ctx context.Context, key string) (string, error) {
	k, _, err := b.findToWrite(ctx, key)
	if err != nil {
		return "", err
	}
	var opts minio.PutObjectOptions
	if k != nil {
		mark(&opts)
	}
	id, err := b.core.NewMultipartUpload(ctx, b.name, key, opts)
	if err != nil {
		return "", fmt.Errorf("begin multipart upload: %w", classify(err))
	}
	return id, nil
}

// PutPart stores one part, which is at that place of the object. All parts but the last hold
// at least 5 MiB and, where the object is encrypted, whole segments.
func (b *Bucket) PutPart(ctx context.Context, key, upload string, number int, at envelope.Span, body io.Reader, size int64) (string, error) {
	k, role, err := b.findToWrite(ctx, key)
	if err != nil {
		return "", err
	}
	if k != nil {
		body = k.Seal(role, at, body, size).Body()
		if size, err = at.Size(size); err != nil {
			return "", fmt.Errorf("put part: %w", err)
		}
	}
	part, err := b.core.PutObjectPart(ctx, b.name, key, upload, number, body, size, minio.PutObjectPartOptions{DisableContentSha256: true})
	if err != nil {
		return "", fmt.Errorf("put part: %w", classify(err))
	}
	return part.ETag, nil
}

// CompleteMultipart makes the parts one object and gives its ETag.
func (b *Bucket) CompleteMultipart(ctx context.Context, key, upload string, parts []Part) (string, error) {
	list := make([]minio.CompletePart, len(parts))
	for i, p := range parts {
		list[i] = minio.CompletePart{PartNumber: p.Number, ETag: p.ETag}
	}
	info, err := b.core.CompleteMultipartUpload(ctx, b.name, key, upload, list, minio.PutObjectOptions{})
	if err != nil {
		return "", fmt.Errorf("join parts: %w", classify(err))
	}
	return info.ETag, nil
}

// AbortMultipart ends a multipart upload and frees its parts; one that is not there is
// content.
func (b *Bucket) AbortMultipart(ctx context.Context, key, upload string) error {
	err := classify(b.core.AbortMultipartUpload(ctx, b.name, key, upload))
	if err != nil && !errors.Is(err, ErrMissing) {
		return fmt.Errorf("abort multipart upload: %w", err)
	}
	return nil
}

// PendingUpload is a multipart upload that was begun and neither joined nor aborted.
type PendingUpload struct{ Key, Upload string }

// ListPending gives the multipart uploads under a prefix that are still open.
func (b *Bucket) ListPending(ctx context.Context, prefix string) ([]PendingUpload, error) {
	var found []PendingUpload
	var keyMarker, idMarker string
	for {
		page, err := b.core.ListMultipartUploads(ctx, b.name, prefix, keyMarker, idMarker, "", 1000)
		if err != nil {
			return nil, fmt.Errorf("list multipart uploads: %w", classify(err))
		}
		for _, u := range page.Uploads {
			found = append(found, PendingUpload{Key: u.Key, Upload: u.UploadID})
		}
		if !page.IsTruncated {
			return found, nil
		}
		keyMarker, idMarker = page.NextKeyMarker, page.NextUploadIDMarker
	}
}
