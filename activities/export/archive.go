package export

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"go.temporal.io/sdk/activity"

	"satchel/tenancy/exports"
)

// Manifest is the name of the last entry of every part: a line of JSON for each
// other one.
const Manifest = "manifest.ndjson"

// ManifestEntry is one line of the manifest.
type ManifestEntry struct {
	Entry   string `json:"entry"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256,omitempty"`
	Problem string `json:"problem,omitempty"` // why the entry is not there
}

// archive is a zip that goes to the store while it is written.
type archive struct {
	zip      *zip.Writer
	out      *object
	manifest []ManifestEntry
	written  int
	bytes    int64 // of the entries as they are unpacked
}

func newArchive(ctx context.Context, bucket Bucket, key string) (*archive, error) {
	upload, err := bucket.CreateMultipart(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("begin archive: %w", err)
	}
	out := &object{ctx: ctx, bucket: bucket, key: key, upload: upload, sum: sha256.New()}
	return &archive{zip: zip.NewWriter(out), out: out}, nil
}

// add writes one entry and its line of the manifest, and returns that entry. What
// is packed already, as most files are, is stored as it is.
func (z *archive) add(name string, method uint16, at time.Time, write func(io.Writer) error) (ManifestEntry, error) {
	w, err := z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: at.UTC()})
	if err != nil {
		return ManifestEntry{}, fmt.Errorf("begin entry: %w", err)
	}
	sum, size := sha256.New(), counter(0)
	if err := write(io.MultiWriter(w, sum, &size)); err != nil {
		return ManifestEntry{}, err
	}
	entry := ManifestEntry{Entry: name, Size: int64(size), SHA256: hex.EncodeToString(sum.Sum(nil))}
	z.manifest = append(z.manifest, entry)
	z.written++
	z.bytes += entry.Size
	return entry, nil
}

// addMissing tells the manifest of an entry that should be here.
func (z *archive) addMissing(name string, size int64, problem string) {
	z.manifest = append(z.manifest, ManifestEntry{Entry: name, Size: size, Problem: problem})
}

// addLines writes an entry of JSON lines.
func (z *archive) addLines(name string, each func(write func(any) error) error) error {
	_, err := z.add(name, zip.Deflate, time.Now(), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return each(encoder.Encode)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// close ends the archive and tells the part what it has become.
func (z *archive) close(p *exports.Part) error {
	entries := z.manifest
	err := z.addLines(Manifest, func(write func(any) error) error {
		for _, l := range entries {
			if err := write(l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := z.zip.Close(); err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	if p.ETag, err = z.out.join(); err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	p.Size, p.SHA256, p.Entries = z.out.size, hex.EncodeToString(z.out.sum.Sum(nil)), z.written
	return nil
}

// discard frees the parts of an archive that comes to nothing, as well as it
// can: the next attempt does it too.
func (z *archive) discard(ctx context.Context) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = z.out.bucket.AbortAll(own, z.out.key)
}

// pieceSize is how much of an archive is in memory. S3 takes 10,000 pieces.
const pieceSize = 16 << 20

// object sends what is written to it to the store, a piece at a time.
type object struct {
	ctx         context.Context //nolint:containedctx // io.Writer has no room for one; it lives for one activity
	bucket      Bucket
	key, upload string
	piece       []byte
	etags       []string
	size        int64
	sum         hash.Hash
}

func (o *object) Write(p []byte) (int, error) {
	n := len(p)
	o.sum.Write(p)
	o.size += int64(n)
	for len(p) > 0 {
		if o.piece == nil {
			o.piece = make([]byte, 0, pieceSize)
		}
		room := min(len(p), pieceSize-len(o.piece))
		o.piece, p = append(o.piece, p[:room]...), p[room:]
		if len(o.piece) == pieceSize {
			if err := o.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (o *object) flush() error {
	etag, err := o.bucket.PutPart(o.ctx, o.key, o.upload, len(o.etags)+1, bytes.NewReader(o.piece))
	if err != nil {
		return err
	}
	o.etags, o.piece = append(o.etags, etag), o.piece[:0]
	if activity.IsActivity(o.ctx) {
		activity.RecordHeartbeat(o.ctx, o.size)
	}
	return nil
}

// join sends the last piece and makes all of them one object.
func (o *object) join() (string, error) {
	if len(o.piece) > 0 {
		if err := o.flush(); err != nil {
			return "", err
		}
	}
	return o.bucket.CompleteMultipart(o.ctx, o.key, o.upload, o.etags)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
