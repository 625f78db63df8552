package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/minio/crc64nvme"
	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"satchel/internal/envelope"
	"satchel/internal/s3"
)

// Checks are all that is asked of a store, in order.
func Checks() []Check {
	return []Check{
		{Name: "buckets", For: "nothing works without them", Do: "Make the buckets (docs/operating.md), and let the account list them. No program creates them.", run: buckets},
		{Name: "objects", For: "each file", Do: "The account has to read and write the staging bucket.", run: objects},
		{Name: "ranges", For: "downloads that go on, inspection of heads, encrypted reads", Do: "Use a store that answers Range with the bytes asked for, and nothing before it that changes them.", run: ranges},
		{Name: "conditional-read", For: "people get the bytes that were scanned and no others", Do: "Use a store that honors If-Match at GET. Nothing replaces this.", run: conditionalRead},
		{Name: "missing", For: "reconciliation and restores tell a lost object from an outage", Do: "Use a store that answers 404 NoSuchKey for an object that is not there. Some do so only where the account may list the bucket.", run: missing},
		{Name: "checksum", For: "bytes that change on their way to the store are refused", Do: "Use a store that verifies x-amz-checksum-sha256.", run: checksum},
		{Name: "checksum-crc64", For: "encrypted bytes that change on their way to the store are refused", Do: "Use a store that verifies x-amz-checksum-crc64nvme.", run: checksumCRC64},
		{Name: "checksum-kept", For: "satchel admin restore-check --fast; without it that reads each object whole", Do: "Leave --fast out after a restore.", Optional: true, run: checksumKept},
		{Name: "create-only", For: "one data key a version, signed checkpoints that are not replaced", Do: "Use a store that honors If-None-Match: * at PUT, also for requests at the same moment.", run: createOnly},
		{Name: "conditional-replace", For: "data keys that are wrapped again are not lost", Do: "Use a store that honors If-Match at PUT, also for requests at the same moment.", run: conditionalReplace},
		{Name: "copy", For: "publication: what was scanned becomes what is read, on the server", Do: "Use a store that honors x-amz-copy-source-if-match.", run: copied},
		{Name: "metadata", For: "encrypted bytes are never given out as they lie there", Do: "Use a store that keeps x-amz-meta headers, and copies them with the object.", run: metadata},
		{Name: "multipart", For: "files above 16 MiB", Do: "Use a store with multipart uploads whose parts come in any order.", run: multipart},
		{Name: "multipart-abort", For: "uploads that were given up leave nothing behind", Do: "Use a store that removes parts at AbortMultipartUpload and refuses new ones.", run: multipartAbort},
		{Name: "multipart-list", For: "the sweep finds parts of uploads that a killed process left", Do: "Use a store with ListMultipartUploads and a prefix; else set a life cycle rule that aborts what is older than two days.", Optional: true, run: multipartList},
		{Name: "listing", For: "reconciliation, erasures, deletion of organizations", Do: "Use a store that lists in the order of the keys' bytes, at once after a write.", run: listing},
		{Name: "listing-pages", For: "organizations with more than 1,000 objects", Do: "Use a store whose ListObjectsV2 goes on by its token, and begins behind start-after.", run: listingPages},
		{Name: "removal", For: "deletion that may be repeated", Do: "The account has to remove objects of the staging bucket; one that is not there is no error.", run: removal},
		{Name: "keys-not-versioned", For: "erasure: a destroyed data key is gone", Do: "Turn versioning off for SATCHEL_S3_KEYS_BUCKET, in a new bucket where it was on once.", run: keysNotVersioned},
		{Name: "rights", For: "a program that is taken over cannot write what people read", Do: "Give each program an account of its own, as deploy/buckets.sh does.", run: rights},
	}
}

// said is an error's cause in the words of the store.
func said(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code != "" {
		text += fmt.Sprintf(" (%s: %s)", answer.Code, answer.Message)
	}
	return text
}

// wrong is what a store said or did that it must not.
func wrong(format string, args ...any) error { return fmt.Errorf(format, args...) }

// want says that the store answered otherwise than it has to.
func want(err, expected error, what string) error {
	if errors.Is(err, expected) {
		return nil
	}
	if err == nil {
		return wrong("%s: the store did it and did not refuse", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (b *bench) put(ctx context.Context, key, body string) (string, error) {
	return b.work.Put(ctx, key, strings.NewReader(body), int64(len(body)), "text/plain")
}

// holds says whether an object is that text.
func holds(ctx context.Context, in *s3.Bucket, key, etag string, offset, length int64, text string) error {
	body, err := in.Open(ctx, key, etag, offset, length)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	got, err := io.ReadAll(io.LimitReader(body, 32<<20))
	if err != nil {
		return fmt.Errorf("read object: %w", err)
	}
	if string(got) != text {
		return wrong("the store gave %d bytes that are not those that were asked for", len(got))
	}
	return nil
}

func buckets(ctx context.Context, b *bench) error {
	needed := []*s3.Bucket{b.store.Staging, b.store.Clean, b.store.Exports}
	if b.account != API {
		needed = append(needed, b.store.Quarantine, b.store.Audit)
	}
	var failed error
	for _, in := range append(needed, b.store.Keys) {
		if err := in.Ping(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", in.Name(), err))
		}
	}
	return failed
}

func objects(ctx context.Context, b *bench) error {
	key := b.key("objects/ein Aufsatz ä+%&=?#.pdf") // what the names of spaces and people bring
	etag, err := b.put(ctx, key, "hello, school")
	if err != nil {
		return err
	}
	o, err := b.work.Stat(ctx, key)
	if err != nil {
		return err
	}
	if etag == "" || o.ETag != etag || o.Size != 13 {
		return wrong("an object of 13 bytes that was written with ETag %q has %d bytes and ETag %q", etag, o.Size, o.ETag)
	}
	return holds(ctx, b.work, key, etag, 0, -1, "hello, school")
}

func ranges(ctx context.Context, b *bench) error {
	key := b.key("ranges")
	etag, err := b.put(ctx, key, "hello, school")
	if err != nil {
		return err
	}
	for _, r := range []struct {
		offset, length int64
		text           string
	}{{7, -1, "school"}, {0, 5, "hello"}, {7, 3, "sch"}, {12, 100, "l"}} {
		if err := holds(ctx, b.work, key, etag, r.offset, r.length, r.text); err != nil {
			return err
		}
	}
	return nil
}

func conditionalRead(ctx context.Context, b *bench) error {
	key := b.key("conditional")
	first, err := b.put(ctx, key, "what was scanned")
	if err != nil {
		return err
	}
	second, err := b.put(ctx, key, "other bytes")
	if err != nil {
		return err
	}
	if first == second {
		return wrong("two contents have one ETag, %s", first)
	}
	if err := want(holds(ctx, b.work, key, first, 0, -1, "what was scanned"), s3.ErrChanged, "a read of an ETag that is no longer there"); err != nil {
		return err
	}
	if err := want(holds(ctx, b.work, key, first, 2, 3, "at "), s3.ErrChanged, "a read of a range of it"); err != nil {
		return err
	}
	return holds(ctx, b.work, key, second, 0, -1, "other bytes")
}

func missing(ctx context.Context, b *bench) error {
	key := b.key("none")
	_, err := b.work.Open(ctx, key, "", 0, -1)
	if err := want(err, s3.ErrMissing, "a read of an object that was never written"); err != nil {
		return err
	}
	_, err = b.work.Stat(ctx, key)
	return want(err, s3.ErrMissing, "a question about an object that was never written")
}

func checksum(ctx context.Context, b *bench) error {
	sum := sha256.Sum256([]byte(hashed))
	return checked(ctx, b, "checksum", "SHA-256", func(key, text string) (string, error) {
		return b.work.PutWithSHA256(ctx, key, strings.NewReader(text), int64(len(text)), sum[:])
	})
}

func checksumCRC64(ctx context.Context, b *bench) error {
	sum := binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum([]byte(hashed)))
	return checked(ctx, b, "checksum-crc64", "CRC-64", func(key, text string) (string, error) {
		return b.work.PutWithCRC64(ctx, key, strings.NewReader(text), int64(len(text)), sum)
	})
}

const hashed, changed = "what was hashed", "what was bashed"

// checked says whether bytes are refused that do not have the checksum that put sends along.
func checked(ctx context.Context, b *bench, name, kind string, put func(key, text string) (etag string, err error)) error {
	key := b.key(name)
	if _, err := put(key, changed); err == nil {
		return wrong("bytes with another %s than was said were stored", kind)
	}
	if _, err := b.work.Stat(ctx, key); !errors.Is(err, s3.ErrMissing) {
		return want(err, s3.ErrMissing, "bytes that were refused")
	}
	etag, err := put(key, hashed)
	if err != nil {
		return err
	}
	if _, err := put(key, changed); err == nil {
		return wrong("bytes with another %s than was said replaced an object", kind)
	}
	return holds(ctx, b.work, key, etag, 0, -1, hashed)
}

func checksumKept(ctx context.Context, b *bench) error {
	key, sum := b.key("checksum-kept"), sha256.Sum256([]byte("what was hashed"))
	if _, err := b.work.PutWithSHA256(ctx, key, strings.NewReader("what was hashed"), 15, sum[:]); err != nil {
		return err
	}
	kept, err := b.work.SHA256(ctx, key)
	if err != nil {
		return err
	}
	if kept != hex.EncodeToString(sum[:]) {
		return wrong("the store says %q of an object whose SHA-256 it was given", kept)
	}
	return nil
}

// atOnce is how many write the same record: a store that looks first and writes then lets two win.
const atOnce = 12

// races lets several do the same at once and counts who could.
func races(ctx context.Context, do func(ctx context.Context, n int) (bool, error)) (int64, error) {
	var won atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for n := range atOnce {
		g.Go(func() error {
			did, err := do(ctx, n)
			if did {
				won.Add(1)
			}
			return err
		})
	}
	err := g.Wait()
	return won.Load(), err
}

func createOnly(ctx context.Context, b *bench) error {
	records, name := s3.RecordsOf(b.store.Keys, s3.ErrMissing), b.key("create-only")
	if added, err := records.Add(ctx, name, []byte("one")); err != nil || !added {
		return errors.Join(err, unless(added, "a record that is not there is not added"))
	}
	if added, err := records.Add(ctx, name, []byte("two")); err != nil || added {
		return errors.Join(err, unless(!added, "a record that is there is written over"))
	}
	if err := holds(ctx, b.store.Keys, name, "", 0, -1, "one"); err != nil {
		return err
	}
	if err := b.work.PutNew(ctx, b.key("new"), bytes.NewReader([]byte("one")), ""); err != nil {
		return err
	}
	if err := b.work.PutNew(ctx, b.key("new"), bytes.NewReader([]byte("two")), ""); err != nil {
		return err
	}
	if err := holds(ctx, b.work, b.key("new"), "", 0, -1, "one"); err != nil {
		return err
	}
	won, err := races(ctx, func(ctx context.Context, n int) (bool, error) {
		return records.Add(ctx, b.key("create-race"), fmt.Appendf(nil, "writer %d", n))
	})
	if err != nil {
		return err
	}
	return unless(won == 1, "%d of %d writers at once were told that theirs is the record", won, atOnce)
}

func unless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return wrong(format, args...)
}

func conditionalReplace(ctx context.Context, b *bench) error {
	records, name := s3.RecordsOf(b.store.Keys, s3.ErrMissing), b.key("replace")
	if _, err := records.Add(ctx, name, []byte("one")); err != nil {
		return err
	}
	replaced, err := records.Replace(ctx, name, []byte("one"), []byte("two"))
	if err := errors.Join(err, unless(replaced, "a record is not replaced by who read it")); err != nil {
		return err
	}
	replaced, err = records.Replace(ctx, b.key("replace-none"), []byte("one"), []byte("two"))
	if err := errors.Join(err, unless(!replaced, "a record that is not there is replaced")); err != nil {
		return err
	}
	stale, err := b.put(ctx, b.key("replace-stale"), "one")
	if err != nil {
		return err
	}
	if _, err := b.put(ctx, b.key("replace-stale"), "two"); err != nil {
		return err
	}
	replaced, err = b.work.PutMatching(ctx, b.key("replace-stale"), stale, []byte("three"))
	if err := errors.Join(err, unless(!replaced, "an object is replaced by an ETag that it had before")); err != nil {
		return err
	}
	if err := holds(ctx, b.work, b.key("replace-stale"), "", 0, -1, "two"); err != nil {
		return err
	}
	o, err := b.store.Keys.Stat(ctx, name)
	if err != nil {
		return err
	}
	won, err := races(ctx, func(ctx context.Context, n int) (bool, error) {
		return b.store.Keys.PutMatching(ctx, name, o.ETag, fmt.Appendf(nil, "writer %d", n))
	})
	if err != nil {
		return err
	}
	return unless(won == 1, "%d of %d writers at once replaced the same record", won, atOnce)
}

func copied(ctx context.Context, b *bench) error {
	from, to := b.key("copy/from"), b.key("copy/to")
	scanned, err := b.put(ctx, from, "clean")
	if err != nil {
		return err
	}
	etag, err := b.copies.CopyFrom(ctx, b.work.Name(), from, scanned, to)
	if err != nil {
		return err
	}
	if err := holds(ctx, b.copies, to, etag, 0, -1, "clean"); err != nil {
		return err
	}
	if _, err := b.put(ctx, from, "swapped afterwards"); err != nil {
		return err
	}
	_, err = b.copies.CopyFrom(ctx, b.work.Name(), from, scanned, to)
	if err := want(err, s3.ErrChanged, "a copy of an ETag that is no longer there"); err != nil {
		return err
	}
	_, err = b.copies.CopyFrom(ctx, b.work.Name(), b.key("copy/none"), scanned, b.key("copy/nothing"))
	if err := want(err, s3.ErrMissing, "a copy of an object that was never written"); err != nil {
		return err
	}
	return holds(ctx, b.copies, to, etag, 0, -1, "clean")
}

// oneKey is the same data key for every object.
type oneKey struct{ key *envelope.Key }

func (k oneKey) Find(context.Context, string) (*envelope.Key, string, error) {
	return k.key, "content", nil
}
func (k oneKey) New(context.Context, string) (*envelope.Key, string, func(context.Context) error, error) {
	return k.key, "content", func(context.Context) error { return nil }, nil
}
func (oneKey) Demanded(string) (bool, []string)            { return false, nil }
func (oneKey) Make(context.Context, string) error          { return nil }
func (oneKey) Share(context.Context, string, string) error { return nil }
func (oneKey) Drop(context.Context, string) error          { return nil }

// metadata writes an encrypted object and looks at it without the key: its mark has to be there.
func metadata(ctx context.Context, b *bench) error {
	key, err := envelope.NewKey(make([]byte, envelope.KeySize), [16]byte{}, [16]byte{})
	if err != nil {
		return err
	}
	sealed := *b.store
	staging, clean, quarantine := *b.store.Staging, *b.store.Clean, *b.store.Quarantine
	sealed.Staging, sealed.Clean, sealed.Quarantine = &staging, &clean, &quarantine
	sealed.Encrypt(oneKey{key})
	from, to := b.key("metadata/from"), b.key("metadata/to")
	etag, err := sealed.Staging.Put(ctx, from, strings.NewReader("a grade"), 7, "")
	if err != nil {
		return err
	}
	if _, err := b.copies.CopyFrom(ctx, b.work.Name(), from, etag, to); err != nil {
		return err
	}
	for in, name := range map[*s3.Bucket]string{b.work: from, b.copies: to} {
		body, err := in.Open(ctx, name, "", 0, -1)
		if err == nil {
			_ = body.Close()
		}
		if err := want(err, s3.ErrErased, "a read of encrypted bytes without their key, at "+name); err != nil {
			return err
		}
	}
	return holds(ctx, sealed.Staging, from, etag, 0, -1, "a grade")
}

// keysNotVersioned: a store without versioning may not know the question.
func keysNotVersioned(ctx context.Context, b *bench) error {
	versioned, err := b.store.Keys.Versioned(ctx)
	switch {
	case err != nil && refused(err):
		return errSkipped{"the account may not ask for the versioning of " + b.store.Keys.Name() + ": look yourself"}
	case err != nil:
		return err
	}
	return unless(!versioned, "the bucket %s keeps earlier versions: a data key that was destroyed is still there", b.store.Keys.Name())
}
