package s3

import "context"

// PutMatching writes an object in the place of the one with that ETag.
func PutMatching(ctx context.Context, b *Bucket, name, etag string, record []byte) (bool, error) {
	return b.putMatching(ctx, name, etag, record)
}
