// Package exports keeps the rows of exports, the copies of everything that an
// organization has: the state of each, and the size and hash of each part.
package exports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/exports/exportsdb"
)

// State is the state of an export.
type State string

// The states.
const (
	Running State = "running"
	Ready   State = "ready"
	Failed  State = "failed"
	Removed State = "removed" // after its time
)

// Term is how long an export is kept.
const Term = 7 * 24 * time.Hour

// What a caller can meet.
var (
	ErrNotFound   = fault.New(fault.NotFound, "export_not_found", "There is no such export, or no such part of it.")
	ErrRemoved    = fault.New(fault.NotFound, "export_removed", "The export was removed, as every one is after seven days. Ask for a new one.")
	ErrNotReady   = fault.New(fault.Conflict, "export_not_ready", "The export is still being made. Its operation tells how far it is.")
	ErrFailed     = fault.New(fault.Conflict, "export_failed", "The export failed. Its operation tells why; ask for a new one.")
	ErrNotRunning = fault.New(fault.Conflict, "export_not_running", "The export is no longer being made.")
)

// Export is one export's row.
type Export struct {
	ID        uuid.UUID
	State     State
	CreatedAt time.Time
	ExpiresAt *time.Time
}

// Part is one archive of an export. Parts are numbered from 1 on.
type Part struct {
	Number  int
	Key     string
	ETag    string
	Size    int64
	SHA256  string
	Entries int
	Files   int64
	Missing int64 // published, and not in the store
	Last    uuid.UUID
	End     bool
}

// Prefix is where the objects of an export lie. The organization leads, as in
// every bucket.
func Prefix(org tenancy.OrgID, export uuid.UUID) string {
	return org.String() + "/" + export.String() + "/"
}

// Begin makes an export's row. While another of the organization is being made
// it gives that one's id and begun is false. An organization whose deletion has
// begun, or that is not set up yet, has nothing to export.
func Begin(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (running uuid.UUID, begun bool, err error) {
	q := exportsdb.New(tx)
	ready, err := q.OrganizationMayExport(ctx)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, false, tenancy.ErrNoOrganization
	case err != nil:
		return uuid.Nil, false, fmt.Errorf("read status: %w", err)
	case !ready:
		return uuid.Nil, false, tenancy.ErrWrongStatus
	}
	inserted, err := q.ExportInsert(ctx, id)
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("insert export: %w", err)
	}
	if inserted == 1 {
		return id, true, nil
	}
	running, err = q.ExportRunning(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotRunning // it ended in between: the next request begins
	}
	return running, false, err
}

// ErrBusy refuses a package while another export is being made: one organization makes one
// at a time.
var ErrBusy = fault.New(fault.Conflict, "export_running", "Another export of the organization is being made. Try again when it is ready.")

// BeginOf makes the row of the package of a request for access.
func BeginOf(ctx context.Context, tx *tenancy.Tx, id, request uuid.UUID) error {
	q := exportsdb.New(tx)
	ready, err := q.OrganizationMayExport(ctx)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return tenancy.ErrNoOrganization
	case err != nil:
		return fmt.Errorf("read status: %w", err)
	case !ready:
		return tenancy.ErrWrongStatus
	}
	n, err := q.ExportInsertOf(ctx, exportsdb.ExportInsertOfParams{ID: id, RequestID: request})
	if err != nil {
		return fmt.Errorf("insert package: %w", err)
	}
	if n == 0 {
		return ErrBusy
	}
	return nil
}

// RequestOf is the request for access whose package the export is; uuid.Nil: it is a copy of
// the whole organization.
func RequestOf(ctx context.Context, q tenancy.Queries, id uuid.UUID) (uuid.UUID, error) {
	request, err := exportsdb.New(q).ExportRequest(ctx, id)
	return request, found("read export", err)
}

// Get reads an export.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Export, error) {
	e, err := exportsdb.New(q).ExportGet(ctx, id)
	return Export{ID: e.ID, State: State(e.State), CreatedAt: e.CreatedAt, ExpiresAt: e.ExpiresAt}, found("read export", err)
}

// GetPart reads one part, of a ready export or one that is being made.
func GetPart(ctx context.Context, q tenancy.Queries, id uuid.UUID, number int) (Part, error) {
	p, err := exportsdb.New(q).PartGet(ctx, exportsdb.PartGetParams{ExportID: id, Number: number})
	return readPart(p), found("read part of export", err)
}

// Parts reads all parts that are there.
func Parts(ctx context.Context, q tenancy.Queries, id uuid.UUID) ([]Part, error) {
	rows, err := exportsdb.New(q).PartList(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read parts: %w", err)
	}
	parts := make([]Part, len(rows))
	for i, r := range rows {
		parts[i] = readPart(exportsdb.PartGetRow(r))
	}
	return parts, nil
}

func readPart(r exportsdb.PartGetRow) Part {
	return Part{Number: r.Number, Key: r.Key, ETag: r.Etag, Size: r.Size, SHA256: r.Sha256, Entries: r.Entries, Files: r.Files,
		Missing: r.Missing, Last: r.Last, End: r.IsLast}
}

// AddPart records a written part. When two attempts record the same part, the
// first one stays and is returned. An export that has ended takes no parts.
func AddPart(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, p Part) (Part, error) {
	if err := Lock(ctx, tx, id); err != nil {
		return p, err
	}
	err := exportsdb.New(tx).PartInsert(ctx, exportsdb.PartInsertParams{
		ExportID: id, Number: p.Number, ObjectKey: p.Key, ObjectEtag: p.ETag, Size: p.Size, Sha256: p.SHA256, Entries: p.Entries,
		Files: p.Files, Missing: p.Missing, LastVersion: p.Last, IsLast: p.End,
	})
	if err != nil {
		return p, fmt.Errorf("insert part: %w", err)
	}
	return GetPart(ctx, tx, id, p.Number)
}

// Lock says that a running export makes progress, and refuses one that is being
// made no more. The organization's deletion does not begin before the
// transaction ends.
func Lock(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	q := exportsdb.New(tx)
	stays, err := q.OrganizationStays(ctx)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !stays {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("hold organization: %w", err)
	}
	touched, err := q.ExportTouch(ctx, id)
	if err != nil {
		return fmt.Errorf("hold export: %w", err)
	}
	if touched == 0 {
		return ErrNotRunning
	}
	return nil
}

// Finish makes an export readable for its term, counted from the first call. It
// gives the row.
func Finish(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Export, error) {
	if err := exportsdb.New(q).ExportFinish(ctx, exportsdb.ExportFinishParams{ID: id, Term: Term}); err != nil {
		return Export{}, fmt.Errorf("finish export: %w", err)
	}
	e, err := Get(ctx, q, id)
	if err == nil && e.State != Ready {
		err = ErrNotRunning
	}
	return e, err
}

// End takes an export out of reach, Failed or Removed. It says false when it was
// already.
func End(ctx context.Context, q tenancy.Queries, id uuid.UUID, to State) (bool, error) {
	ended, err := exportsdb.New(q).ExportEnd(ctx, exportsdb.ExportEndParams{ID: id, State: string(to)})
	if err != nil {
		return false, fmt.Errorf("end export: %w", err)
	}
	return ended == 1, nil
}

// MarkCleaned notes that the store holds nothing of an export that ended.
func MarkCleaned(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if err := exportsdb.New(q).ExportCleaned(ctx, id); err != nil {
		return fmt.Errorf("note that the export is cleaned: %w", err)
	}
	return nil
}

// CheckReady reads a part that may be downloaded, or says why it may not.
func CheckReady(ctx context.Context, q tenancy.Queries, id uuid.UUID, number int) (Part, Export, error) {
	e, err := Get(ctx, q, id)
	if err != nil {
		return Part{}, e, err
	}
	switch e.State {
	case Ready:
		p, err := GetPart(ctx, q, id, number)
		return p, e, err
	case Running:
		return Part{}, e, ErrNotReady
	case Removed:
		return Part{}, e, ErrRemoved
	case Failed:
	}
	return Part{}, e, ErrFailed
}

// found turns "no row" into ErrNotFound, and says of another error what was being
// done.
func found(doing string, err error) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
