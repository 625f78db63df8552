package files

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// View is a version as people see it, with its file.
type View filesdb.VersionView

// Effective is the state to show: the trash hides everything, and the version
// that the file answers with speaks for the file.
func (v View) Effective() Status {
	if v.TrashedAt != nil {
		return Deleted
	}
	return v.Status
}

// Get reads the version that a file answers with: its newest published one,
// else its newest.
func Get(ctx context.Context, q tenancy.Queries, file uuid.UUID) (View, error) {
	v, err := filesdb.New(q).VersionView(ctx, filesdb.VersionViewParams{FileID: file})
	return View(v), orNotFound(err)
}

// GetOf reads one version of a file by its id.
func GetOf(ctx context.Context, q tenancy.Queries, file, version uuid.UUID) (View, error) {
	v, err := filesdb.New(q).VersionView(ctx, filesdb.VersionViewParams{FileID: file, VersionID: &version})
	return View(v), orNotFound(err)
}

// GetNumber reads one version of a file by its number.
func GetNumber(ctx context.Context, q tenancy.Queries, file uuid.UUID, number int32) (View, error) {
	v, err := filesdb.New(q).VersionViewByNumber(ctx, filesdb.VersionViewByNumberParams{FileID: file, Number: number})
	return View(v), orNotFound(err)
}

// History reads all versions of a file, newest first.
func History(ctx context.Context, q tenancy.Queries, file uuid.UUID) ([]View, error) {
	rows, err := filesdb.New(q).VersionViews(ctx, file)
	views := make([]View, len(rows))
	for i, r := range rows {
		views[i] = View(r)
	}
	return views, err
}

// Filter narrows and orders a list. Zero values narrow nothing.
type Filter struct {
	Owner    uuid.UUID   // only this person's
	Students []uuid.UUID // and these people's; Owner's alone when empty
	Status   Status      // Deleted lists the trash, which is otherwise left out
	Category string
	Search   string // part of the name, any case
	Sort     Sort
	Limit    int
	After    Cursor
}

// Sort is the order of a list.
type Sort string

// The orders. Every one ends in the id, so that a cursor is exact.
const (
	Newest   Sort = "-created_at"
	Oldest   Sort = "created_at"
	ByName   Sort = "name"
	ByNameZA Sort = "-name"
)

// Cursor is the last row of the page before. The zero cursor starts a list.
type Cursor struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name,omitempty"`
}

var orders = map[Sort]struct{ by, after string }{
	Newest:   {"f.id desc", "f.id < @id"},
	Oldest:   {"f.id", "f.id > @id"},
	ByName:   {"f.name, f.id", "(f.name, f.id) > (@name, @id)"},
	ByNameZA: {"f.name desc, f.id desc", "(f.name, f.id) < (@name, @id)"},
}

// List reads one page by keyset: page one million costs what page one costs.
func List(ctx context.Context, q tenancy.Queries, f Filter) ([]View, error) {
	sql, args, err := listQuery(f)
	if err != nil {
		return nil, err
	}
	rows, err := q.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[filesdb.VersionView])
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	views := make([]View, len(found))
	for i, r := range found {
		views[i] = View(r)
	}
	return views, nil
}

// viewColumns names what a list reads. With v.* a process of the previous build
// would fail on the first column that a newer view adds.
const viewColumns = `v.organization_id, v.file_id, v.name, v.description, v.category, v.file_status, v.owner_id, v.trashed_at, v.created_at,
	v.updated_at, v.shown_id, v.current_id, v.head_id, v.event_seq, v.version_id, v.number, v.status, v.status_reason,
	v.change_description, v.size, v.mime_type, v.sha256, v.scan_verdict, v.scan_signature, v.scan_engine, v.scan_database,
	v.scanned_at, v.contains_pii, v.preview, v.width, v.height, v.object_etag, v.uploaded_by, v.published_at,
	v.version_created_at, v.renditions, v.steps, v.head_number, v.head_status, v.head_reason,
	v.corrected_from, v.found_kind, v.expected_kind, v.active_content,
	v.preview_reason, v.pages, v.duration_ms`

// listQuery picks the page's files first, by index, and joins only those to
// their versions.
func listQuery(f Filter) (string, pgx.NamedArgs, error) {
	if f.Sort == "" {
		f.Sort = Newest
	}
	order, ok := orders[f.Sort]
	if !ok {
		return "", nil, fault.New(fault.Invalid, "unknown_sort", "sort is one of -created_at, created_at, name, -name.")
	}
	// Of several people each one's page is read by its index and the pages are
	// merged: "any of these" would read and sort everything they have.
	owner := "@owner"
	if len(f.Students) > 0 {
		owner = "p.person"
	}
	where := []string{"f.trashed_at is null"}
	args := pgx.NamedArgs{"id": f.After.ID, "name": f.After.Name,
		"owner": f.Owner, "owners": append([]uuid.UUID{f.Owner}, f.Students...), "status": f.Status, "category": f.Category, "search": likePattern(norm.NFC.String(f.Search))}
	add := func(on bool, clause string) {
		if on {
			where = append(where, clause)
		}
	}
	if f.Status == Deleted {
		where[0] = "f.trashed_at is not null"
	} else {
		add(f.Status != "", "f.status = @status")
	}
	add(f.Owner != uuid.Nil, "f.uploaded_by = "+owner)
	add(f.Category != "", "f.category = @category")
	// The same folding as that of name_folded.
	add(f.Search != "", `f.name_folded like replace(replace(lower(@search::text collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss')`)
	add(f.After.ID != uuid.Nil, order.after)
	// The limit is a literal. For a parameter, Postgres estimates a tenth of all rows
	// and plans each list again because the generic plan then looks more expensive.
	page := fmt.Sprintf(`select f.id, coalesce(f.current_id, f.head_id) as version_id, f.name
		from files f where %s order by %s limit %d`, strings.Join(where, " and "), order.by, f.Limit)
	if len(f.Students) > 0 {
		page = fmt.Sprintf("select f.id, f.version_id, f.name from unnest(@owners::uuid[]) p(person) cross join lateral (%s) f order by %s limit %d", page, order.by, f.Limit)
	}
	return fmt.Sprintf(`with page as (%s)
		select %s from page f join version_view v on v.file_id = f.id and v.version_id = f.version_id
		 order by %s`, page, viewColumns, order.by), args, nil
}

// likePattern searches for the text itself: % and _ are letters to a person.
func likePattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
