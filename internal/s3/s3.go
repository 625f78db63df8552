// Package s3 is the adapter to any S3 store, through minio-go. A Bucket offers
// the few operations that the platform's ports ask for; every read can be tied
// to the ETag that was judged.
package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"satchel/internal/fault"
	"satchel/internal/trust"
)

// Config is how a program reaches the store.
type Config struct {
	Endpoint   string `env:"SATCHEL_S3_ENDPOINT,required"`                                 // host and port of the store
	AccessKey  string `env:"SATCHEL_S3_ACCESS_KEY,required"`                               // access key; api and worker have accounts of their own
	SecretKey  string `env:"SATCHEL_S3_SECRET_KEY,required"`                               // secret key
	Region     string `env:"SATCHEL_S3_REGION" envDefault:"us-east-1"`                     // region of the buckets
	TLS        bool   `env:"SATCHEL_S3_TLS" envDefault:"false"`                            // whether the store is reached by https
	CA         string `env:"SATCHEL_S3_CA"`                                                // authorities in PEM that sign the store's certificate; empty: the machine's
	Staging    string `env:"SATCHEL_S3_STAGING_BUCKET" envDefault:"satchel-staging"`       // bucket of bytes that are not published yet
	Clean      string `env:"SATCHEL_S3_CLEAN_BUCKET" envDefault:"satchel-clean"`           // bucket of published bytes; the worker alone may write it
	Quarantine string `env:"SATCHEL_S3_QUARANTINE_BUCKET" envDefault:"satchel-quarantine"` // bucket of refused bytes
	Audit      string `env:"SATCHEL_S3_AUDIT_BUCKET" envDefault:"satchel-audit"`           // bucket of signed checkpoints; nothing in it may be overwritten
	Exports    string `env:"SATCHEL_S3_EXPORTS_BUCKET" envDefault:"satchel-exports"`       // bucket of exports, kept for seven days

	Keys          string `env:"SATCHEL_S3_KEYS_BUCKET" envDefault:"satchel-keys"` // bucket of the data keys of files, which keeps no earlier versions of an object, and whose backups live for at most 7 days
	KeysEndpoint  string `env:"SATCHEL_S3_KEYS_ENDPOINT"`                         // host and port of the store of that bucket; empty: SATCHEL_S3_ENDPOINT
	KeysAccessKey string `env:"SATCHEL_S3_KEYS_ACCESS_KEY"`                       // access key of an account that reaches that bucket alone; empty: SATCHEL_S3_ACCESS_KEY
	KeysSecretKey string `env:"SATCHEL_S3_KEYS_SECRET_KEY"`                       // its secret key

	// Wrap is put around what sends the requests; nil: nothing is.
	Wrap func(http.RoundTripper) http.RoundTripper

	// Fresh reads the configuration again, for the keys of the accounts; nil: those of the
	// start stay.
	Fresh func() (Config, error)
}

// Store is the platform's buckets. Bytes enter by Staging and leave only from
// Clean. Audit keeps what was signed about the audit logs, and Exports for a while
// the copies that organizations ask for of what they have. Keys has the data keys of what
// is encrypted, and may be of another store.
type Store struct {
	Staging, Clean, Quarantine, Audit, Exports, Keys *Bucket
}

// Bucket is one bucket.
type Bucket struct {
	core minio.Core
	name string
	keys Keys // of the objects that are encrypted; nil: none are

	versions []*Bucket // in which the own bytes of versions may lie; none without keys
}

// ErrChanged says that the object is no longer the one that was asked for: its
// ETag differs. It must never be taken for "not there".
var ErrChanged = fault.New(fault.Conflict, "object_changed", "The stored bytes are not the ones that were checked.")

// ErrMissing says that there is no such object.
var ErrMissing = fault.New(fault.NotFound, "object_missing", "The stored bytes are not there.")

// Open connects. It does not ask the store anything: readiness does.
func Open(c Config) (*Store, error) {
	roots, err := trust.Roots("SATCHEL_S3_CA", c.CA)
	if err != nil {
		return nil, err
	}
	if roots != nil && !c.TLS {
		return nil, errors.New("SATCHEL_S3_CA needs SATCHEL_S3_TLS=true")
	}
	var by http.RoundTripper = transport(roots)
	if c.Wrap != nil {
		by = c.Wrap(by)
	}
	connect := func(endpoint string, account func(Config) account) (*minio.Core, error) {
		return minio.NewCore(endpoint, &minio.Options{
			Creds: c.credentials(account), Secure: c.TLS, Region: c.Region,
			Transport: by, MaxRetries: 4,
		})
	}
	core, err := connect(c.Endpoint, Config.own)
	if err != nil {
		return nil, fmt.Errorf("SATCHEL_S3_ENDPOINT: %w", err)
	}
	keys := core
	if c.KeysEndpoint != "" || c.KeysAccessKey != "" {
		if keys, err = connect(cmp.Or(c.KeysEndpoint, c.Endpoint), Config.ofKeys); err != nil {
			return nil, fmt.Errorf("SATCHEL_S3_KEYS_ENDPOINT: %w", err)
		}
	}
	bucket := func(name string) *Bucket { return &Bucket{core: *core, name: name} }
	return &Store{Staging: bucket(c.Staging), Clean: bucket(c.Clean), Quarantine: bucket(c.Quarantine), Audit: bucket(c.Audit), Exports: bucket(c.Exports),
		Keys: &Bucket{core: *keys, name: c.Keys}}, nil
}

// Another gives a bucket of the same store that the platform does not own.
func (s *Store) Another(name string) *Bucket { return &Bucket{core: s.Staging.core, name: name} }

func transport(roots *x509.CertPool) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	t.Proxy = nil // a proxy variable of the environment must not see tenants' bytes
	t.MaxIdleConnsPerHost = 64
	t.ResponseHeaderTimeout = 2 * time.Minute // joining the parts of a large object is one answer
	t.DisableCompression = true
	return t
}

// Ping checks that the store answers and has the two buckets that every program
// uses. Buckets and their policies are created by the owner of the store.
func (s *Store) Ping(ctx context.Context) error {
	for _, b := range []*Bucket{s.Staging, s.Clean} {
		if err := b.Ping(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Ping checks that the store answers and has the bucket.
func (b *Bucket) Ping(ctx context.Context) error {
	ok, err := b.core.BucketExists(ctx, b.name)
	if err == nil && !ok {
		err = fmt.Errorf("bucket %s is missing", b.name)
	}
	return classify(err)
}

// Versioned says whether the bucket keeps earlier versions of its objects, or did once: those
// of then stay. A store that does not know the question keeps none.
func (b *Bucket) Versioned(ctx context.Context) (bool, error) {
	v, err := b.core.Client.GetBucketVersioning(ctx, b.name)
	if answer := minio.ToErrorResponse(err); answer.StatusCode == http.StatusNotImplemented || answer.Code == "VersioningNotConfigured" {
		return false, nil
	}
	return err == nil && v.Status != "", classify(err)
}

// Name gives the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Object is what the store says of an object.
type Object struct {
	Key      string
	Size     int64 // of the plain text; in a listing, of what lies in the store
	ETag     string
	Modified time.Time
}

// put uploads without hashing the payload for the signature, which says nothing
// about bytes that rest.
func put(contentType string) minio.PutObjectOptions {
	return minio.PutObjectOptions{ContentType: contentType, DisableContentSha256: true, SendContentMd5: false}
}

// Put stores an object whole and gives its ETag. A body that can seek is sent
// again by itself when the store fails in between.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error) {
	if err := b.Prepare(ctx, key); err != nil {
		return "", err
	}
	k, role, err := b.findToWrite(ctx, key)
	if err != nil {
		return "", err
	}
	if k != nil {
		return b.putSealed(ctx, k, role, key, body, size, put(contentType), false)
	}
	info, err := b.core.PutObject(ctx, b.name, key, body, size, "", "", put(contentType))
	if err != nil {
		return "", fmt.Errorf("put object: %w", classify(err))
	}
	return info.ETag, nil
}

// PutWithSHA256 stores an object whole, which the store refuses unless the bytes
// that reach it have this SHA-256, and gives its ETag. Where the object is encrypted the
// store is given a checksum of the cipher text instead. The body may be read twice.
func (b *Bucket) PutWithSHA256(ctx context.Context, key string, body io.ReadSeeker, size int64, sum []byte) (string, error) {
	k, role, err := b.findToWrite(ctx, key)
	if err != nil {
		return "", err
	}
	opts := put("")
	if k != nil {
		return b.putSealed(ctx, k, role, key, body, size, opts, true)
	}
	opts.UserMetadata = map[string]string{sha256Header: encodeSum(sum)}
	info, err := b.core.PutObject(ctx, b.name, key, body, size, "", "", opts)
	if err != nil {
		return "", fmt.Errorf("put object: %w", classify(err))
	}
	return info.ETag, nil
}

const sha256Header = "x-amz-checksum-sha256"

func encodeSum(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }

// PutNew stores an object that no one has stored before. One that is there
// stays as it is, and that succeeds.
func (b *Bucket) PutNew(ctx context.Context, key string, body *bytes.Reader, contentType string) error {
	opts := put(contentType)
	opts.SetMatchETagExcept("*")
	_, err := b.core.Client.PutObject(ctx, b.name, key, body, body.Size(), opts)
	if err = classify(err); err != nil && !errors.Is(err, ErrChanged) {
		return fmt.Errorf("put object: %w", err)
	}
	return nil
}

// Open reads an object from offset on, length bytes or all when length is
// negative. With an etag, it reads that object or fails with ErrChanged.
func (b *Bucket) Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	var opts minio.GetObjectOptions
	if etag != "" {
		if err := opts.SetMatchETag(etag); err != nil {
			return nil, err
		}
	}
	k, role, err := b.find(ctx, key)
	if err != nil {
		return nil, err
	}
	if k != nil {
		return b.openSealed(ctx, k, role, key, opts, offset, length)
	}
	if err := setRange(&opts, offset, length); err != nil {
		return nil, err
	}
	body, info, _, err := b.core.GetObject(ctx, b.name, key, opts)
	if err != nil {
		return nil, fmt.Errorf("open object: %w", classify(err))
	}
	if marked(info) {
		_ = body.Close()
		return nil, fmt.Errorf("open object: %w", ErrErased)
	}
	return body, nil
}

var errEmptyRange = errors.New("an empty range cannot be asked of S3")

func setRange(opts *minio.GetObjectOptions, offset, length int64) error {
	switch {
	case length == 0:
		return errEmptyRange
	case length > 0:
		return opts.SetRange(offset, offset+length-1)
	case offset > 0:
		return opts.SetRange(offset, 0)
	}
	return nil
}

// Stat describes an object.
func (b *Bucket) Stat(ctx context.Context, key string) (Object, error) {
	info, err := b.core.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return Object{}, fmt.Errorf("stat object: %w", classify(err))
	}
	size, err := b.plainSize(ctx, info)
	if err != nil {
		return Object{}, fmt.Errorf("stat object: %w", err)
	}
	return Object{Key: info.Key, Size: size, ETag: info.ETag, Modified: info.LastModified}, nil
}

// SHA256 gives the SHA-256, in hex, that the store keeps of an object and has checked when
// it was written; empty where it keeps none of the whole object, or one of cipher text, which
// no SHA-256 of a row may be compared with.
func (b *Bucket) SHA256(ctx context.Context, key string) (string, error) {
	info, err := b.core.StatObject(ctx, b.name, key, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return "", fmt.Errorf("stat object: %w", classify(err))
	}
	if info.ChecksumSHA256 == "" || strings.Contains(info.ChecksumSHA256, "-") { // a checksum of checksums has the number of parts behind it
		return "", nil
	}
	if sealed, err := b.sealed(ctx, info); err != nil || sealed {
		return "", err
	}
	sum, err := base64.StdEncoding.DecodeString(info.ChecksumSHA256)
	if err != nil {
		return "", fmt.Errorf("stat object: its SHA-256: %w", err)
	}
	return hex.EncodeToString(sum), nil
}

// CopyFrom copies an object of another bucket on the server, if its ETag is
// still the given one, and gives the copy's ETag. Between versions, the copy shares the
// data key.
func (b *Bucket) CopyFrom(ctx context.Context, bucket, srcKey, etag, key string) (string, error) {
	if b.keys != nil {
		if err := b.keys.Share(ctx, srcKey, key); err != nil {
			return "", fmt.Errorf("share data key: %w", err)
		}
	}
	dst := minio.CopyDestOptions{Bucket: b.name, Object: key}
	info, err := b.core.Client.CopyObject(ctx, dst, minio.CopySrcOptions{Bucket: bucket, Object: srcKey, MatchETag: etag})
	if err != nil {
		return "", fmt.Errorf("copy object: %w", classify(err))
	}
	return info.ETag, nil
}

// Remove deletes an object; one that is not there succeeds.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := b.core.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{})
	if err = classify(err); err != nil && !errors.Is(err, ErrMissing) {
		return fmt.Errorf("remove object: %w", err)
	}
	return nil
}

// List gives every object whose key starts with prefix.
func (b *Bucket) List(ctx context.Context, prefix string, visit func(Object) error) error {
	for o, err := range b.ListAfter(ctx, prefix, "") {
		if err != nil {
			return err
		}
		if err := visit(o); err != nil {
			return err
		}
	}
	return nil
}

// ListAfter gives the objects whose keys start with prefix and come after the given
// one, in the order of their keys. An error is the last that it gives.
func (b *Bucket) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return b.list(ctx, minio.ListObjectsOptions{Prefix: prefix, Recursive: true, StartAfter: after})
}

// ListFolder gives the objects of a folder, and its folders with a key that ends in a
// slash, in the order of their keys. The prefix ends in a slash, or is empty.
func (b *Bucket) ListFolder(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return b.list(ctx, minio.ListObjectsOptions{Prefix: prefix})
}

func (b *Bucket) list(ctx context.Context, options minio.ListObjectsOptions) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop() // ends the lister when the caller has seen enough
		for info := range b.core.Client.ListObjectsIter(ctx, b.name, options) {
			if info.Err != nil {
				yield(Object{}, fmt.Errorf("list objects: %w", classify(info.Err)))
				return
			}
			if !yield(Object{Key: info.Key, Size: info.Size, ETag: info.ETag, Modified: info.LastModified}, nil) {
				return
			}
		}
		// A lister whose context has ended may end as if it had come to the last key.
		if err := ctx.Err(); err != nil {
			yield(Object{}, fmt.Errorf("list objects: %w", err))
		}
	}
}

// RemovePrefix deletes every object whose key starts with prefix.
func (b *Bucket) RemovePrefix(ctx context.Context, prefix string) error {
	return b.List(ctx, prefix, func(o Object) error { return b.Remove(ctx, o.Key) })
}

// classify turns the store's answer into a fault. What is not known for certain
// to be final is worth another try.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	response := minio.ToErrorResponse(err)
	switch {
	case response.Code == "NoSuchKey" || response.Code == "NoSuchUpload":
		return ErrMissing.Because(err)
	case response.StatusCode == http.StatusNotFound && response.Code != "NoSuchBucket":
		return ErrMissing.Because(err)
	case response.StatusCode == http.StatusPreconditionFailed:
		return ErrChanged.Because(err)
	}
	return fault.New(fault.Unavailable, "store_unavailable", "The object store does not answer right now. Try again shortly.").Because(err)
}
