// Package export copies everything that an organization has into archives that
// anyone can read: rows as JSON, files as they are. Each part is an archive of
// its own and is written by one activity, as a stream; an attempt that died
// begins its part again, and the parts before it stay.
package export

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/policies/disclosure"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// Bucket is the bucket of exports.
type Bucket interface {
	CreateMultipart(ctx context.Context, key string) (upload string, err error)
	PutPart(ctx context.Context, key, upload string, number int, body *bytes.Reader) (etag string, err error)
	CompleteMultipart(ctx context.Context, key, upload string, etags []string) (etag string, err error)
	AbortAll(ctx context.Context, prefix string) error
	Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error
	Remove(ctx context.Context, key string) error
}

// Content is where published bytes lie. What is opened has the given ETag.
type Content interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Workflows starts the workflow of an export, or finds it started.
type Workflows interface {
	StartExport(ctx context.Context, org tenancy.OrgID, export uuid.UUID) error
}

// Config bounds what is written. An archive's directory is in memory while it is
// written, so entries are bounded as bytes are.
type Config struct {
	PartBytes          int64 `env:"SATCHEL_EXPORT_PART_BYTES" envDefault:"4294967296"` // bytes of one archive of an export
	PartEntries        int   `env:"SATCHEL_EXPORT_PART_ENTRIES" envDefault:"20000"`    // files in one archive of an export
	ConcurrentArchives int   `env:"SATCHEL_EXPORTS_AT_ONCE" envDefault:"2"`            // archives that one worker writes at once; each holds 16 MiB of memory
}

// Check refuses bounds under which no export would end.
func (c Config) Check() error {
	if c.PartBytes < 1 || c.PartEntries < 1 || c.ConcurrentArchives < 1 {
		return fmt.Errorf("SATCHEL_EXPORT_PART_BYTES, SATCHEL_EXPORT_PART_ENTRIES and SATCHEL_EXPORTS_AT_ONCE are %d, %d and %d: no export would end; use 1 or more",
			c.PartBytes, c.PartEntries, c.ConcurrentArchives)
	}
	return nil
}

// Activities are the activities of this package.
type Activities struct {
	db        *tenancy.DB
	bucket    Bucket
	content   Content
	workflows Workflows
	config    Config
	writing   chan struct{} // a place for each archive that is written at once
	page      int           // length of one list of a sweep
}

// New makes the activities.
func New(db *tenancy.DB, bucket Bucket, content Content, w Workflows, c Config) *Activities {
	return &Activities{db: db, bucket: bucket, content: content, workflows: w, config: c, writing: make(chan struct{}, max(1, c.ConcurrentArchives)), page: 500}
}

// WriteExportPartInput names a part of an organization's export. The first holds
// the rows, the others the files.
type WriteExportPartInput struct {
	Org    tenancy.OrgID
	Export uuid.UUID
	Part   int
}

// WriteExportPartResult counts the files in the part and says whether it is the
// last.
type WriteExportPartResult struct {
	Files int64
	End   bool
}

// errBusy sends a part back into the queue: exports share their worker's slots with
// the sweeps, and must not take all of them.
var errBusy = fault.New(fault.Limited, "exports_busy", "Other exports are being written.").After(5 * time.Second)

// WriteExportPart writes one archive. One that is there already succeeds.
func (a *Activities) WriteExportPart(ctx context.Context, in WriteExportPartInput) (WriteExportPartResult, error) {
	select {
	case a.writing <- struct{}{}:
		defer func() { <-a.writing }()
	default:
		return WriteExportPartResult{}, errBusy
	}
	defer queue.Heartbeat(ctx)()
	if err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error { return exports.Lock(ctx, tx, in.Export) }); err != nil {
		return WriteExportPartResult{}, err
	}
	q := a.db.Single(in.Org)
	part, err := exports.GetPart(ctx, q, in.Export, in.Part)
	if fault.KindOf(err) == fault.NotFound {
		part, err = a.write(ctx, in)
	}
	return WriteExportPartResult{Files: part.Files, End: part.End}, err
}

// write writes the archive under a key of this attempt's own, so that an attempt
// which is thought dead and is not cannot change what another one wrote. The row
// names the one that stays.
func (a *Activities) write(ctx context.Context, in WriteExportPartInput) (exports.Part, error) {
	prefix := fmt.Sprintf("%s%06d-", exports.Prefix(in.Org, in.Export), in.Part)
	if err := a.bucket.AbortAll(ctx, prefix); err != nil {
		return exports.Part{}, fmt.Errorf("clear the attempt before: %w", err)
	}
	key := prefix + tenancy.NewID().String() + ".zip"
	z, err := newArchive(ctx, a.bucket, key)
	if err != nil {
		return exports.Part{}, err
	}
	part, err := a.fill(ctx, in, z)
	if err == nil {
		err = z.close(&part)
	}
	if err != nil {
		z.discard(ctx)
		return part, err
	}
	kept := part
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		kept, err = exports.AddPart(ctx, tx, in.Export, part)
		return err
	})
	if err != nil || kept.Key != key {
		// A commit whose answer was lost may have kept it: the row says.
		if known, readErr := exports.GetPart(context.WithoutCancel(ctx), a.db.Single(in.Org), in.Export, in.Part); readErr == nil && known.Key == key {
			return known, nil
		}
		_ = a.bucket.Remove(context.WithoutCancel(ctx), key) // what stays is found by FinishExport, the sweep or the reconciler
	}
	return kept, err
}

// fill puts the part's content into the archive.
func (a *Activities) fill(ctx context.Context, in WriteExportPartInput, z *archive) (exports.Part, error) {
	part := exports.Part{Number: in.Part, Key: z.out.key}
	q := a.db.Single(in.Org)
	request, err := exports.RequestOf(ctx, q, in.Export)
	if err != nil {
		return part, err
	}
	list := files.ListLive
	if request != uuid.Nil {
		list = ofRequest(request)
	}
	if in.Part == 1 && request != uuid.Nil {
		if err := writeRequest(ctx, q, z, request); err != nil {
			return part, err
		}
		next, err := list(ctx, q, uuid.Nil, 1)
		part.End = len(next) == 0
		return part, err
	}
	if in.Part == 1 {
		if err := mayLeave(ctx, q, disclosure.Target{}); err != nil {
			return part, err
		}
		if err := writeRows(ctx, q, z); err != nil {
			return part, err
		}
		next, err := files.ListLive(ctx, q, uuid.Nil, 1)
		part.End = len(next) == 0
		return part, err
	}
	before, err := exports.GetPart(ctx, q, in.Export, in.Part-1)
	if err != nil {
		return part, fmt.Errorf("find where the part before ended: %w", err)
	}
	w := fileWriter{Activities: a, ctx: ctx, org: in.Org, q: q, archive: z, part: &part, list: list}
	part.Last = before.Last
	return part, w.all()
}

// mayLeave asks whether the target may be in an export.
func mayLeave(ctx context.Context, q tenancy.Queries, t disclosure.Target) error {
	d, err := disclosure.Check(ctx, q, disclosure.Export, t)
	if err != nil {
		return err
	}
	return d.Refusal()
}

// FinishExportInput names an export all of whose parts are there.
type FinishExportInput struct {
	Org    tenancy.OrgID
	Export uuid.UUID
}

// FinishExportResult is the summary of the export.
type FinishExportResult struct {
	Parts     []Part    `json:"parts"`
	Files     int64     `json:"files"`
	Missing   int64     `json:"missing"`
	Bytes     int64     `json:"bytes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Part is one archive as the operation's result names it.
type Part struct {
	Number int    `json:"number"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Files  int64  `json:"files"`
}

// FinishExport removes what lost attempts left, and makes the export readable.
func (a *Activities) FinishExport(ctx context.Context, in FinishExportInput) (FinishExportResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.db.Single(in.Org)
	parts, err := exports.Parts(ctx, q, in.Export)
	if err != nil {
		return FinishExportResult{}, err
	}
	var result FinishExportResult
	kept := map[string]bool{}
	for _, p := range parts {
		kept[p.Key] = true
		result.Parts = append(result.Parts, Part{Number: p.Number, Size: p.Size, SHA256: p.SHA256, Files: p.Files})
		result.Files, result.Missing, result.Bytes = result.Files+p.Files, result.Missing+p.Missing, result.Bytes+p.Size
	}
	if err := a.clear(ctx, in.Org, in.Export, kept); err != nil {
		return result, err
	}
	e, err := exports.Finish(ctx, q, in.Export)
	if err != nil {
		return result, err
	}
	result.ExpiresAt = e.ExpiresAt.UTC()
	return result, nil
}

// DiscardExportInput names a failed export.
type DiscardExportInput struct {
	Org    tenancy.OrgID
	Export uuid.UUID
}

// DiscardExportResult is empty: nothing is left.
type DiscardExportResult struct{}

// DiscardExport takes the export out of reach and removes what was written.
func (a *Activities) DiscardExport(ctx context.Context, in DiscardExportInput) (DiscardExportResult, error) {
	defer queue.Heartbeat(ctx)()
	if _, err := exports.End(ctx, a.db.Single(in.Org), in.Export, exports.Failed); err != nil {
		return DiscardExportResult{}, err
	}
	return DiscardExportResult{}, a.clearAll(ctx, in.Org, in.Export)
}

// clearAll removes everything of an export that ended.
func (a *Activities) clearAll(ctx context.Context, org tenancy.OrgID, export uuid.UUID) error {
	if err := a.clear(ctx, org, export, nil); err != nil {
		return err
	}
	return exports.MarkCleaned(ctx, a.db.Single(org), export)
}

// clear removes every object of an export but those that are kept, and every
// multipart upload.
func (a *Activities) clear(ctx context.Context, org tenancy.OrgID, export uuid.UUID, kept map[string]bool) error {
	prefix := exports.Prefix(org, export)
	if err := a.bucket.AbortAll(ctx, prefix); err != nil {
		return fmt.Errorf("end multipart uploads: %w", err)
	}
	err := a.bucket.Each(ctx, prefix, func(key string, _ time.Time) error {
		if kept[key] {
			return nil
		}
		return a.bucket.Remove(ctx, key)
	})
	if err != nil {
		return fmt.Errorf("remove objects: %w", err)
	}
	return nil
}
