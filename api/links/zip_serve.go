package links

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/api/delivery/zipped"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// serveZip sends a zip, or a stretch of it.
func (r *Links) serveZip(c *gin.Context, link signed.Link) error {
	ctx, grant, err := r.zipGrant(c.Request.Context(), link)
	if err != nil {
		return err
	}
	request.SetActor(c, tenancy.Actor{Org: link.Organization, User: link.Actor, Key: link.Key})
	z, layout := grant.Zip, layoutOf(grant.Entries)
	source := &zipSource{links: r, ctx: ctx, org: link.Organization, entries: grant.Entries, reader: grant.Reader}
	defer source.drop()
	request.MarkDownload(c)
	return delivery.Serve(c.Writer, c.Request, zipObject{layout, source}, delivery.Content{
		Key: z.ID.String(), Tag: "z-" + z.ID.String(), Name: z.Name + ".zip", Type: "application/zip", Size: layout.Size(), Modified: z.CreatedAt, Embeddable: true,
		OnStart: grant.OnStart, OnEnd: grant.OnEnd, AskedByPiece: true,
	})
}

// zipObject reads a zip as if it were stored.
type zipObject struct {
	layout *zipped.Layout
	source *zipSource
}

// Open opens a stretch, or all that follows.
func (z zipObject) Open(_ context.Context, _, _ string, offset, length int64) (io.ReadCloser, error) {
	if length < 0 {
		length = z.layout.Size() - offset
	}
	return z.layout.Open(z.source.ctx, z.source, offset, length) //nolint:contextcheck // the context of the request, with the actor that Serve does not know
}

// How many entries are asked about at once, and for how long the answer is taken for true.
const (
	windowSize = 64
	windowLife = time.Second
)

// zipSource gives the bytes of entries to whom may read them at that moment.
type zipSource struct {
	links   *Links
	ctx     context.Context //nolint:containedctx // of the request, with its actor
	org     tenancy.OrgID
	entries []files.ZipEntry
	reader  ZipReader

	readable map[uuid.UUID]bool // of the window
	first    int                // of the window
	asked    time.Time
	sums     map[uuid.UUID]uint32 // that are known
	ahead    chan opened          // the entry after the one that is read; nil for none
}

// opened is an entry that was opened before its turn.
type opened struct {
	entry int
	body  io.ReadCloser
	err   error
}

// Open gives the bytes of an entry. Who lost the file since the zip was made gets nothing
// of it: the zip ends there, and its row says why.
func (s *zipSource) Open(ctx context.Context, i int, offset int64) (io.ReadCloser, error) {
	if err := s.window(ctx, i); err != nil {
		return nil, err
	}
	e := s.entries[i]
	if !s.readable[e.VersionID] {
		if err := s.reader.Refused(ctx, e); err != nil {
			return nil, err
		}
		return nil, errCut
	}
	body, err := s.take(ctx, i, offset)
	if err != nil {
		return nil, fmt.Errorf("open entry of zip: %w", err)
	}
	s.prepare(i + 1)
	return body, nil
}

// take gives what was opened ahead when it is this, and else opens it.
func (s *zipSource) take(ctx context.Context, i int, offset int64) (io.ReadCloser, error) {
	if s.ahead != nil && offset == 0 {
		next := <-s.ahead
		s.ahead = nil
		if next.entry == i && next.err == nil {
			return next.body, nil
		}
		next.close()
	}
	return s.open(ctx, s.entries[i], offset)
}

// open gives the bytes of an entry: of the store, or of what is said about a record.
func (s *zipSource) open(ctx context.Context, e files.ZipEntry, offset int64) (io.ReadCloser, error) {
	if e.Statement != "" {
		return io.NopCloser(strings.NewReader(e.Statement[offset:])), nil
	}
	return s.links.Clean.Open(ctx, files.ContentKey(s.org, e.VersionID), e.ObjectEtag, offset, e.Size-offset)
}

// prepare opens the next entry while one is sent, if the answer that is known lets it
// leave: of small files, most of the time is the store's first byte. Its turn asks again.
func (s *zipSource) prepare(i int) {
	s.drop()
	if i >= len(s.entries) || i >= s.first+windowSize || !s.readable[s.entries[i].VersionID] {
		return
	}
	e, ahead := s.entries[i], make(chan opened, 1)
	s.ahead = ahead
	go func() {
		body, err := s.open(s.ctx, e, 0)
		ahead <- opened{i, body, err}
	}()
}

// drop closes what was opened ahead and is not read.
func (s *zipSource) drop() {
	if s.ahead == nil {
		return
	}
	next := <-s.ahead
	s.ahead = nil
	next.close()
}

func (o opened) close() {
	if o.body != nil {
		_ = o.body.Close()
	}
}

// window asks which of the next entries may be read, which records that they are. It asks
// again once the answer is a second old: what is revoked in the middle of a zip does not
// leave with it.
func (s *zipSource) window(ctx context.Context, i int) error {
	if s.readable != nil && i >= s.first && i < s.first+windowSize && time.Since(s.asked) < windowLife {
		return nil
	}
	next := s.entries[i:min(i+windowSize, len(s.entries))]
	asked := time.Now() // before the answer, which is older than its arrival
	readable, err := s.reader.Window(ctx, next)
	if err != nil {
		return err
	}
	s.readable, s.first, s.asked = readable, i, asked
	return nil
}

var errCut = fault.New(fault.Conflict, "zip_cut", "A file of this zip cannot be read any more. GET the zip to see which, and ask for a new one.")

// CRC is known of what was scanned by this release. Of older files it is computed once.
func (s *zipSource) CRC(ctx context.Context, i int) (uint32, error) {
	if said := s.entries[i].Statement; said != "" {
		return crc32.ChecksumIEEE([]byte(said)), nil
	}
	all := s.links.Contents.DB.Single(s.org)
	if s.sums == nil {
		ids := make([]uuid.UUID, len(s.entries))
		for n, e := range s.entries {
			ids[n] = e.VersionID
		}
		sums, err := files.Checksums(ctx, all, ids)
		if err != nil {
			return 0, err
		}
		s.sums = sums
	}
	e := s.entries[i]
	if sum, ok := s.sums[e.VersionID]; ok {
		return sum, nil
	}
	sum, err := s.compute(ctx, i)
	if err != nil {
		return 0, err
	}
	s.sums[e.VersionID] = sum
	return sum, files.SetChecksum(ctx, all, e.VersionID, sum)
}

func (s *zipSource) compute(ctx context.Context, i int) (uint32, error) {
	body, err := s.Open(ctx, i, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, body)
	if err != nil {
		return 0, fmt.Errorf("read entry of zip: %w", err)
	}
	if n != s.entries[i].Size {
		return 0, fmt.Errorf("an entry is shorter than its row says: %w", io.ErrUnexpectedEOF)
	}
	return sum.Sum32(), nil
}
