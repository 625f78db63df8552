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

// MayChange says whether the actor of q may change a file that they see.
func MayChange(ctx context.Context, q tenancy.Queries, file uuid.UUID) (bool, error) {
	return filesdb.New(q).FileMayChange(ctx, file)
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

// ByIDs reads those of the files that the actor of q sees, each with the version that it
// answers with.
func ByIDs(ctx context.Context, q tenancy.Queries, ids []uuid.UUID) (map[uuid.UUID]View, error) {
	rows, err := filesdb.New(q).VersionViewsShown(ctx, ids)
	views := make(map[uuid.UUID]View, len(rows))
	for _, r := range rows {
		views[r.FileID] = View(r)
	}
	return views, err
}

// Filter narrows and orders a list. Zero values narrow nothing.
type Filter struct {
	Mine     bool      // only what an actor reaches, place by place; else all that the policies let through
	Space    uuid.UUID // only what is in this space
	Folder   uuid.UUID // only what is in this folder
	TopOnly  bool      // of the space, only what is in no folder
	Linked   uuid.UUID // only what is shown in this space by links of files
	Starred  bool      // only what the actor has marked
	Shared   bool      // only what others have linked into spaces of the actor
	Owner    uuid.UUID // only what this person brought
	Subject  uuid.UUID // only what is about this person
	Status   Status    // Deleted lists the trash, which is otherwise left out
	Category string
	Tag      string // only what has this tag, any case
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
// would fail on the first column that a newer view adds. Of what has ended the steps
// are left out: to put them together takes a third of the time of a page.
const viewColumns = `v.organization_id, v.file_id, v.name, v.description, v.category, v.file_status, v.owner_id, v.trashed_at, v.created_at,
	v.updated_at, v.shown_id, v.current_id, v.head_id, v.event_seq, v.version_id, v.number, v.status, v.status_reason,
	v.change_description, v.size, v.mime_type, v.sha256, v.scan_verdict, v.scan_signature, v.scan_engine, v.scan_database,
	v.scanned_at, v.contains_pii, v.preview, v.width, v.height, v.object_etag, v.uploaded_by, v.published_at,
	v.version_created_at, v.renditions, case when v.status in ('uploading', 'processing') or v.preview = 'pending' then v.steps else '[]' end as steps, v.head_number, v.head_status, v.head_reason,
	v.corrected_from, v.found_kind, v.expected_kind, v.active_content, v.space_id, v.folder_id, v.needs, v.subject_id, v.handed_in_at,
	v.preview_reason, v.pages, v.duration_ms, v.tags`

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
	where := []string{"f.trashed_at is null"}
	args := pgx.NamedArgs{"id": f.After.ID, "name": f.After.Name,
		"space": f.Space, "folder": f.Folder, "linked": f.Linked, "owner": f.Owner, "subject": f.Subject, "status": f.Status, "category": f.Category, "tag": norm.NFC.String(f.Tag), "search": likePattern(f.Search)}
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
	add(f.Space != uuid.Nil, "f.space_id = @space")
	add(f.Folder != uuid.Nil, "f.folder_id = @folder")
	add(f.TopOnly, "f.folder_id is null")
	add(f.Linked != uuid.Nil, "f.id in (select l.file_id from file_links l where l.space_id = @linked and l.starts_at <= now() and l.ends_at > now())")
	add(f.Starred, "f.id in (select s.file_id from stars s where s.user_id = app.actor())")
	add(f.Tag != "", `exists (select from tagged_files t where t.organization_id = f.organization_id and t.file_id = f.id
		and t.tag_folded = replace(replace(lower(@tag::text collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss'))`)
	add(f.Owner != uuid.Nil, "f.uploaded_by = @owner")
	add(f.Subject != uuid.Nil, "f.subject_id = @subject")
	add(f.Category != "", "f.category = @category")
	add(f.Search != "", "f.name_sought like app.fold(@search::text)") // as a search does
	add(f.After.ID != uuid.Nil, order.after)
	// The limit is a literal. For a parameter, Postgres estimates a tenth of all rows
	// and plans each list again because the generic plan then looks more expensive.
	pageOf := func(place string) string {
		return fmt.Sprintf(`select f.id, coalesce(f.current_id, f.head_id) as version_id, f.name
			from files f where %s order by %s limit %d`, strings.Join(append([]string{place}, where...), " and "), order.by, f.Limit)
	}
	page := pageOf("true")
	if f.Mine && f.Space == uuid.Nil && f.Folder == uuid.Nil && f.Linked == uuid.Nil && f.Subject == uuid.Nil && !f.Starred && f.Tag == "" {
		page = fmt.Sprintf("select f.id, f.version_id, f.name from (%s) f order by %s limit %d", strings.Join(placesOf(pageOf), " union "), order.by, f.Limit)
	}
	if f.Shared {
		page = fmt.Sprintf("select f.id, f.version_id, f.name from (%s) f order by %s limit %d", strings.Join(sharedPlaces(pageOf), " union "), order.by, f.Limit)
	}
	return fmt.Sprintf(`with page as (%s)
		select %s from page f join version_view v on v.file_id = f.id and v.version_id = f.version_id
		 order by %s`, page, viewColumns, order.by), args, nil
}

// placesOf is a page of each place where an actor has files, each read by its own
// index: "any of these places" would read and sort everything in them, and the policy
// alone would look at every file of the organization.
func placesOf(pageOf func(place string) string) []string {
	const now = "m.begins_at <= now() and m.ends_at > now()"
	return []string{
		"(select s.id, s.version_id, s.name from (select distinct m.space_id from space_members m where m.user_id = app.actor() and " + now + ") p cross join lateral (" +
			pageOf("f.space_id = p.space_id") + ") s)",
		"(" + pageOf("f.subject_id = app.actor()") + ")",
		"(select s.id, s.version_id, s.name from (select g.student_id from guardianships g where g.parent_id = app.actor()) p cross join lateral (" + pageOf("f.subject_id = p.student_id") + ") s)",
		"(" + pageOf("f.id in (select l.file_id from file_links l join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id where m.user_id = app.actor() and "+now+")") + ")",
		"(select s.id, s.version_id, s.name from (select distinct d.folder_id from folder_links l join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id " +
			"join folder_paths d on d.organization_id = l.organization_id and d.ancestor_id = l.folder_id where m.user_id = app.actor() and " + now + ") p cross join lateral (" +
			pageOf("f.folder_id = p.folder_id") + ") s)",
	}
}

// sharedPlaces is a page of the files, and one of each folder, that somebody else has
// linked into a space where the actor is.
func sharedPlaces(pageOf func(place string) string) []string {
	const links = " l join app.my_spaces m on m.organization_id = l.organization_id and m.space_id = l.space_id "
	const others = "l.added_by <> app.actor() and l.starts_at <= now() and l.ends_at > now()"
	return []string{
		"(" + pageOf("f.id in (select l.file_id from file_links"+links+"where "+others+")") + ")",
		"(select s.id, s.version_id, s.name from (select distinct d.folder_id from folder_links" + links +
			"join folder_paths d on d.organization_id = l.organization_id and d.ancestor_id = l.folder_id where " + others + ") p cross join lateral (" +
			pageOf("f.folder_id = p.folder_id") + ") s)",
	}
}

// likePattern searches for the text itself: % and _ are letters to a person.
func likePattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
