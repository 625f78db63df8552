package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/minio/crc64nvme"
	"github.com/minio/minio-go/v7"

	"satchel/internal/envelope"
	"satchel/internal/fault"
)

// Keys gives the data keys of the versions that objects belong to, by the objects' keys in
// the store. role is what an object is to its version.
type Keys interface {
	// Find gives the key; none when the version is not encrypted.
	Find(ctx context.Context, object string) (key *envelope.Key, role string, err error)
	// Demanded says whether an object must not be written in plain text when there is no key,
	// unless one of the originals lies in plain text.
	Demanded(object string) (demanded bool, originals []string)
	// Make gives the version of a new object a key, where it has to have one.
	Make(ctx context.Context, object string) error
	// New is Make for an object of which no one else knows. The key is durable once keep has returned nil; where the
	// object has to have none, key and keep are nil.
	New(ctx context.Context, object string) (key *envelope.Key, role string, keep func(context.Context) error, err error)
	// Share gives the version of one object the key of another's.
	Share(ctx context.Context, from, to string) error
	// Drop removes the key of the version.
	Drop(ctx context.Context, object string) error
}

// ErrAltered says that bytes in the store are not those that were encrypted there.
var ErrAltered = fault.New(fault.Conflict, "object_altered", "The stored bytes were changed since they were encrypted, and are not given out.")

// ErrErased says that the key of the bytes is gone.
var ErrErased = fault.New(fault.NotFound, "key_destroyed", "The key of these bytes was destroyed. They cannot be read again.")

// ErrNoKey refuses to write in plain text what has no key any more.
var ErrNoKey = fault.New(fault.Conflict, "key_missing", "These bytes cannot be stored: their file has no key. It was erased meanwhile, or its upload began before encryption was on. Send the file as a new one if it is still wanted.")

// Encrypt lets the buckets of versions' bytes encrypt and decrypt with keys, where a version
// has one. Sizes, offsets and lengths are those of the plain text, but for those that
// listings give; ETags and checksums are those of what lies in the store.
func (s *Store) Encrypt(k Keys) {
	for _, b := range []*Bucket{s.Staging, s.Clean, s.Quarantine} {
		b.keys = k
		b.versions = []*Bucket{s.Clean, s.Staging, s.Quarantine}
	}
}

// marker is an object's metadata that says that it is encrypted, and goes with it when it is
// copied. The key decides whether an object is decrypted; the marker keeps cipher text from
// being given for plain text when there is no key any more.
const marker, markerForm = "Satchel-Encryption", "1"

func marked(o minio.ObjectInfo) bool {
	for name, value := range o.UserMetadata {
		if strings.EqualFold(strings.TrimPrefix(strings.ToLower(name), "x-amz-meta-"), marker) {
			return value == markerForm
		}
	}
	return false
}

func mark(o *minio.PutObjectOptions) {
	if o.UserMetadata == nil {
		o.UserMetadata = map[string]string{}
	}
	o.UserMetadata[marker] = markerForm
}

func (b *Bucket) find(ctx context.Context, key string) (*envelope.Key, string, error) {
	if b.keys == nil {
		return nil, "", nil
	}
	k, role, err := b.keys.Find(ctx, key)
	if err != nil {
		return nil, "", fmt.Errorf("find data key: %w", err)
	}
	return k, role, nil
}

// findToWrite is find for an object that is written. A version whose key was destroyed, while a
// request that writes was under way, gets no plain text afterwards.
func (b *Bucket) findToWrite(ctx context.Context, key string) (*envelope.Key, string, error) {
	k, role, err := b.find(ctx, key)
	if err != nil || k != nil || b.keys == nil {
		return k, role, err
	}
	demanded, originals := b.keys.Demanded(key)
	if !demanded {
		return nil, role, nil
	}
	for _, original := range originals {
		for _, in := range b.versions {
			info, err := in.core.StatObject(ctx, in.name, original, minio.StatObjectOptions{})
			switch err = classify(err); {
			case errors.Is(err, ErrMissing):
				continue
			case err != nil:
				return nil, "", fmt.Errorf("stat object: %w", err)
			case !marked(info):
				return nil, role, nil
			}
			return nil, "", ErrNoKey
		}
	}
	return nil, "", ErrNoKey
}

// sealed says whether what lies in the store of an object is cipher text. The key says so too:
// a copy that was made without its metadata has no marker.
func (b *Bucket) sealed(ctx context.Context, info minio.ObjectInfo) (bool, error) {
	if marked(info) {
		return true, nil
	}
	k, _, err := b.find(ctx, info.Key)
	return k != nil, err
}

// KeyMissing says whether an object is encrypted and has no key. It asks for the key of each
// object, also of one that has no marker: a key that cannot be opened is an error then.
func (b *Bucket) KeyMissing(ctx context.Context, key string) (bool, error) {
	info, err := b.core.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return false, fmt.Errorf("stat object: %w", classify(err))
	}
	k, _, err := b.find(ctx, key)
	return err == nil && k == nil && marked(info), err
}

// Prepare sees to it that what will be written under the key of a new version can be
// encrypted: its data key is durable when Prepare returns.
func (b *Bucket) Prepare(ctx context.Context, key string) error {
	if b.keys == nil {
		return nil
	}
	if err := b.keys.Make(ctx, key); err != nil {
		return fmt.Errorf("make data key: %w", err)
	}
	return nil
}

// PutWithKey is Prepare and PutWithSHA256 of an object of which no one else knows, side by side: the data key and the
// bytes are both durable when it returns nil. When it fails, either of them, both or neither may be stored, which
// nothing names: remove both. It returns when neither is being stored any more, so that a removal comes after them.
// keyTime bounds the storing of the key.
func (b *Bucket) PutWithKey(ctx context.Context, key string, body io.ReadSeeker, size int64, sum []byte, keyTime time.Duration) (string, error) {
	if b.keys == nil {
		return b.PutWithSHA256(ctx, key, body, size, sum)
	}
	keyCtx, cancel := context.WithTimeout(ctx, keyTime)
	defer cancel()
	k, role, keep, err := b.keys.New(keyCtx, key)
	switch {
	case err != nil:
		return "", fmt.Errorf("make data key: %w", err)
	case k == nil:
		return b.PutWithSHA256(ctx, key, body, size, sum)
	}
	kept := make(chan error, 1)
	go func() { kept <- keep(keyCtx) }()
	etag, err := b.putSealed(ctx, k, role, key, body, size, put(""), true)
	if keyErr := <-kept; keyErr != nil {
		return "", fmt.Errorf("make data key: %w", keyErr)
	}
	return etag, err
}

// DropKey removes the data key of the version of an object, in which nothing is to be read
// again.
func (b *Bucket) DropKey(ctx context.Context, key string) error {
	if b.keys == nil {
		return nil
	}
	if err := b.keys.Drop(ctx, key); err != nil {
		return fmt.Errorf("destroy data key: %w", err)
	}
	return nil
}

// whole is the span of an object that is stored at once.
var whole = envelope.Span{Last: true}

// checksumHeader is how the store is told what it has to get of an encrypted object. A
// CRC-64 finds what changes on the way, as in objects that are joined, and costs a
// thirtieth of a SHA-256. Against who can write to the store it does not help, nor need it:
// each segment is authenticated when it is read.
const checksumHeader = "x-amz-checksum-crc64nvme"

// putSealed stores an object whole, encrypted. With check, the store refuses other bytes
// than those that were encrypted.
func (b *Bucket) putSealed(ctx context.Context, k *envelope.Key, role, key string, body io.Reader, size int64, opts minio.PutObjectOptions, check bool) (string, error) {
	s := k.Seal(role, whole, body, size)
	mark(&opts)
	defer s.Close()
	if check {
		h := crc64nvme.New()
		if err := s.Repeatable().Sum(h); err != nil {
			return "", err
		}
		opts.UserMetadata[checksumHeader] = encodeSum(h.Sum(nil))
	}
	info, err := b.core.PutObject(ctx, b.name, key, s.Body(), envelope.SealedSize(size), "", "", opts)
	if err != nil {
		return "", fmt.Errorf("put object: %w", classify(err))
	}
	return info.ETag, nil
}

// PutWithCRC64 stores an object as it is, which the store refuses unless the bytes that reach it
// have this CRC-64/NVME, and gives its ETag.
func (b *Bucket) PutWithCRC64(ctx context.Context, key string, body io.Reader, size int64, sum []byte) (string, error) {
	opts := put("")
	opts.UserMetadata = map[string]string{checksumHeader: encodeSum(sum)}
	info, err := b.core.PutObject(ctx, b.name, key, body, size, "", "", opts)
	if err != nil {
		return "", fmt.Errorf("put object: %w", classify(err))
	}
	return info.ETag, nil
}

// openSealed reads a range of the plain text. Only the segments that hold it are read.
func (b *Bucket) openSealed(ctx context.Context, k *envelope.Key, role, key string, opts minio.GetObjectOptions, offset, length int64) (io.ReadCloser, error) {
	if length == 0 {
		return nil, errEmptyRange
	}
	r := envelope.Locate(offset, length)
	if err := setRange(&opts, r.Offset, r.Length); err != nil {
		return nil, err
	}
	body, info, _, err := b.core.GetObject(ctx, b.name, key, opts)
	if err != nil {
		return nil, fmt.Errorf("open object: %w", classify(err))
	}
	return opened{k.Open(role, body, r, info.Size)}, nil
}

// opened tells bytes that were altered from a store that fails.
type opened struct{ *envelope.Opener }

func (o opened) Read(p []byte) (int, error) {
	n, err := o.Opener.Read(p)
	return n, altered(err)
}

func (o opened) WriteTo(w io.Writer) (int64, error) {
	n, err := o.Opener.WriteTo(w)
	return n, altered(err)
}

func altered(err error) error {
	if errors.Is(err, envelope.ErrAltered) {
		return ErrAltered.Because(err)
	}
	return err
}

// plainSize is the size of the plain text of an object.
func (b *Bucket) plainSize(ctx context.Context, info minio.ObjectInfo) (int64, error) {
	sealed, err := b.sealed(ctx, info)
	if err != nil || !sealed {
		return info.Size, err
	}
	size, err := envelope.PlainSize(info.Size)
	if err != nil && !marked(info) { // no cipher text: it is refused when it is opened
		return info.Size, nil
	}
	return size, altered(err)
}
