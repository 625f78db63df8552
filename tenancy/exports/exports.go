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
	ID        uuid.UUID  `db:"id"`
	State     State      `db:"state"`
	CreatedAt time.Time  `db:"created_at"`
	ExpiresAt *time.Time `db:"expires_at"`
}

// Part is one archive of an export. Parts are numbered from 1 on.
type Part struct {
	Number  int       `db:"number"`
	Key     string    `db:"object_key"`
	ETag    string    `db:"object_etag"`
	Size    int64     `db:"size"`
	SHA256  string    `db:"sha256"`
	Entries int       `db:"entries"`
	Files   int64     `db:"files"`
	Missing int64     `db:"missing"` // published, and not in the store
	Last    uuid.UUID `db:"last_version"`
	End     bool      `db:"is_last"`
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
	var ready bool
	err = tx.QueryRow(ctx, "select status <> 'provisioning' and deletion_begun_at is null from organizations where id = app.org() for share").Scan(&ready)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, false, tenancy.ErrNoOrganization
	case err != nil:
		return uuid.Nil, false, fmt.Errorf("read status: %w", err)
	case !ready:
		return uuid.Nil, false, tenancy.ErrWrongStatus
	}
	tag, err := tx.Exec(ctx, "insert into exports (organization_id, id) values (app.org(), $1) on conflict (organization_id) where state = 'running' do nothing", id)
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("insert export: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return id, true, nil
	}
	err = tx.QueryRow(ctx, "select id from exports where state = 'running'").Scan(&running)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotRunning // it ended in between: the next request begins
	}
	return running, false, err
}

// Get reads an export.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Export, error) {
	return one[Export](ctx, q, "select id, state, created_at, expires_at from exports where id = $1", id)
}

const partColumns = "select number, object_key, object_etag, size, sha256, entries, files, missing, last_version, is_last from export_parts "

// GetPart reads one part, of a ready export or one that is being made.
func GetPart(ctx context.Context, q tenancy.Queries, id uuid.UUID, number int) (Part, error) {
	return one[Part](ctx, q, partColumns+"where export_id = $1 and number = $2", id, number)
}

// Parts reads all parts that are there.
func Parts(ctx context.Context, q tenancy.Queries, id uuid.UUID) ([]Part, error) {
	rows, err := q.Query(ctx, partColumns+"where export_id = $1 order by number", id)
	if err != nil {
		return nil, fmt.Errorf("read parts: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Part])
}

// AddPart records a written part. When two attempts record the same part, the
// first one stays and is returned. An export that has ended takes no parts.
func AddPart(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, p Part) (Part, error) {
	if err := Lock(ctx, tx, id); err != nil {
		return p, err
	}
	_, err := tx.Exec(ctx, `insert into export_parts (organization_id, export_id, number, object_key, object_etag, size, sha256, entries, files, missing, last_version, is_last)
		values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (organization_id, export_id, number) do nothing`,
		id, p.Number, p.Key, p.ETag, p.Size, p.SHA256, p.Entries, p.Files, p.Missing, p.Last, p.End)
	if err != nil {
		return p, fmt.Errorf("insert part: %w", err)
	}
	return GetPart(ctx, tx, id, p.Number)
}

// Lock says that a running export makes progress, and refuses one that is being
// made no more. The organization's deletion does not begin before the
// transaction ends.
func Lock(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	var stays bool
	err := tx.QueryRow(ctx, "select deletion_begun_at is null from organizations where id = app.org() for share").Scan(&stays)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !stays {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("hold organization: %w", err)
	}
	tag, err := tx.Exec(ctx, "update exports set updated_at = now() where id = $1 and state = 'running'", id)
	if err != nil {
		return fmt.Errorf("hold export: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotRunning
	}
	return nil
}

// Finish makes an export readable for its term, counted from the first call. It
// gives the row.
func Finish(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Export, error) {
	_, err := q.Exec(ctx, "update exports set state = 'ready', expires_at = now() + $2, updated_at = now() where id = $1 and state = 'running'", id, Term)
	if err != nil {
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
	tag, err := q.Exec(ctx, "update exports set state = $2, updated_at = now() where id = $1 and state in ('running', 'ready')", id, string(to))
	if err != nil {
		return false, fmt.Errorf("end export: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// MarkCleaned notes that the store holds nothing of an export that ended.
func MarkCleaned(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := q.Exec(ctx, "update exports set cleaned_at = now() where id = $1 and state in ('failed', 'removed') and cleaned_at is null", id)
	if err != nil {
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

func one[T any](ctx context.Context, q tenancy.Queries, sql string, args ...any) (T, error) {
	var none T
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return none, fmt.Errorf("read export: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return none, ErrNotFound
	}
	return found, err
}
