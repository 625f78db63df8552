package imports

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket is a bucket of an S3 store, or what lies below a prefix in it.
type Bucket struct {
	client         *minio.Client
	bucket, prefix string
}

// BucketOptions says where a bucket is. Without keys it is read without a signature.
type BucketOptions struct {
	Endpoint       string // host, or host:port
	Bucket, Prefix string
	Region         string
	Key, Secret    string
	Plain          bool // HTTP without TLS
}

// OpenBucket gives a bucket. No request is sent.
func OpenBucket(o BucketOptions) (*Bucket, error) {
	keys := credentials.NewStaticV4(o.Key, o.Secret, "")
	if o.Key == "" {
		keys = credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	}
	c, err := minio.New(o.Endpoint, &minio.Options{Creds: keys, Secure: !o.Plain, Region: o.Region})
	if err != nil {
		return nil, err
	}
	return &Bucket{c, o.Bucket, o.Prefix}, nil
}

// Name is the bucket's place.
func (b *Bucket) Name() string {
	return fmt.Sprintf("s3 %s %s %s", b.client.EndpointURL().Host, b.bucket, b.prefix)
}

// List lists the objects. A key that ends with a slash is a folder and no object.
func (b *Bucket) List(ctx context.Context, each func(Object) error) error {
	ctx, cancel := context.WithCancel(ctx) // ends the goroutine that lists
	defer cancel()
	for o := range b.client.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if o.Err != nil {
			return fmt.Errorf("list %s: %w", b.bucket, o.Err)
		}
		if strings.HasSuffix(o.Key, "/") {
			continue
		}
		at := strings.TrimPrefix(o.Key, b.prefix)
		if at == "" { // the prefix is the whole key
			at = o.Key[strings.LastIndexByte(o.Key, '/')+1:]
		}
		if err := each(Object{ID: o.Key, Path: at, Size: o.Size, Revision: o.ETag, Modified: o.LastModified}); err != nil {
			return err
		}
	}
	return nil
}

// Open reads an object, and fails if it is not the revision that was listed.
func (b *Bucket) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	var opts minio.GetObjectOptions
	if o.Revision != "" {
		if err := opts.SetMatchETag(o.Revision); err != nil {
			return nil, err
		}
	}
	return b.client.GetObject(ctx, b.bucket, o.ID, opts)
}
