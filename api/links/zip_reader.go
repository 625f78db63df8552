package links

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/amendments"
)

// Visitors authorizes what leaves by shares.
type Visitors interface {
	delivery.Authorizer
	// AuthorizeZip gives the zip that a link of a share names, when the share is open at
	// this moment. It is asked for HEAD and for each range too, and counts in OnStart.
	AuthorizeZip(ctx context.Context, link signed.Link) (ZipGrant, error)
	// Refused puts on record that an address of a share gave nothing.
	Refused(ctx context.Context, link signed.Link, err error)
}

// ZipGrant is a zip that may be asked for now.
type ZipGrant struct {
	Zip     files.Zip
	Entries []files.ZipEntry
	Reader  ZipReader

	// OnStart and OnEnd are those of delivery.Content.
	OnStart func() error
	OnEnd   func(sent int64)
}

// ZipReader is who reads a zip. What they may read is asked for while it is sent.
type ZipReader interface {
	// Window says of which of the entries the bytes may leave now, by their versions, and
	// records that they do.
	Window(ctx context.Context, next []files.ZipEntry) (map[uuid.UUID]bool, error)
	// Refused notes why an entry may not be read any more: the zip is cut there.
	Refused(ctx context.Context, e files.ZipEntry) error
}

// zipGrant asks who holds the link. The context is of the reader.
func (r *Links) zipGrant(ctx context.Context, link signed.Link) (context.Context, ZipGrant, error) {
	switch {
	case link.Actor != uuid.Nil && link.Share == uuid.Nil:
		ctx, actor, err := session{r}.member(ctx, link)
		if err != nil {
			return ctx, ZipGrant{}, err
		}
		z, entries, err := files.GetZip(ctx, r.DB.Single(actor.Org), link.Version)
		return ctx, ZipGrant{Zip: z, Entries: entries, Reader: &memberOfZip{db: r.DB, org: actor.Org, zip: z.ID, carried: Carried(entries)}}, err
	case link.Share != uuid.Nil && link.Actor == uuid.Nil && r.Shares != nil:
		grant, err := r.Shares.AuthorizeZip(ctx, link)
		return ctx, grant, err
	}
	return ctx, ZipGrant{}, signed.ErrInvalid
}

// memberOfZip reads a zip as the member of the context. Each read is in the audit log,
// once an hour.
type memberOfZip struct {
	db       *tenancy.DB
	org      tenancy.OrgID
	zip      uuid.UUID
	carried  map[uuid.UUID]string // what the zip says about records
	recorded int32                // up to which entry, of this stretch
}

// Window asks what the member reads.
func (m *memberOfZip) Window(ctx context.Context, next []files.ZipEntry) (readable map[uuid.UUID]bool, err error) {
	ids, of := make([]uuid.UUID, len(next)), make([]uuid.UUID, len(next))
	for n, e := range next {
		ids[n], of[n] = e.VersionID, e.FileID
	}
	err = m.db.InTx(ctx, m.org, func(tx *tenancy.Tx) (err error) {
		numbers, err := files.ReadableVersions(ctx, tx, ids)
		if err != nil {
			return err
		}
		// A statement may have come since the zip was made, which does not carry that one.
		said, err := amendments.StatementsOf(ctx, tx, of)
		if err != nil {
			return err
		}
		readable = make(map[uuid.UUID]bool, len(numbers))
		var reads []content.Version
		for _, e := range next {
			number, ok := numbers[e.VersionID]
			ok = ok && StatementText(said[e.FileID]) == m.carried[e.FileID]
			readable[e.VersionID] = ok
			if ok && e.Number >= m.recorded && e.Statement == "" {
				reads = append(reads, content.Version{File: e.FileID, ID: e.VersionID, Number: number})
			}
		}
		m.recorded = max(m.recorded, next[len(next)-1].Number+1)
		return content.RecordReads(ctx, tx, reads, time.Hour)
	})
	return readable, err
}

// Refused says why in the row of the zip, which the member reads.
func (m *memberOfZip) Refused(ctx context.Context, e files.ZipEntry) error {
	code, q := files.ErrNotFound.Code, m.db.Single(m.org)
	_, err := content.GetReadable(ctx, q, e.FileID, e.VersionID)
	if f := fault.Of(err); err == nil {
		code = ErrZipStatement.Code
	} else if f.Kind != fault.Internal {
		code = f.Code
	}
	return files.RefuseZipEntry(ctx, q, m.zip, e.Number, code)
}
