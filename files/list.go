package files

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// Listed is a file as a list shows it, with the version that it answers with. What is
// put together from many rows is in View only.
type Listed struct {
	FileID       uuid.UUID
	Name         string
	OwnerID      uuid.UUID
	TrashedAt    *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	SpaceID      uuid.UUID
	FolderID     *uuid.UUID
	Needs        int16
	SubjectID    *uuid.UUID
	HandedInAt   *time.Time
	Number       int32
	Status       Status
	StatusReason string
	Size         int64
	MimeType     string
	Preview      string
	FoundKind    string
	ExpectedKind string
	Thumbnail    string // the name of the smallest picture; empty: there is none
	Latest       json.RawMessage
	Tags         []string
}

// Effective is the state to show, as that of a View is.
func (l Listed) Effective() Status {
	if l.TrashedAt != nil {
		return Deleted
	}
	return l.Status
}

// Newer is what became of a newer version than the one shown.
type Newer struct {
	Number       int32  `json:"number"`
	Status       Status `json:"status"`
	StatusReason string `json:"status_reason"`
}

// Newer reads what became of a newer version, nil where there is none.
func (l Listed) Newer() (*Newer, error) {
	if len(l.Latest) == 0 {
		return nil, nil
	}
	var n Newer
	if err := json.Unmarshal(l.Latest, &n); err != nil {
		return nil, fmt.Errorf("read the newest version of a file: %w", err)
	}
	return &n, nil
}

// listedColumns names what a list reads. With f.* a process of the previous build
// would fail on the first column that a newer view adds.
const listedColumns = `f.id as file_id, f.name, f.uploaded_by as owner_id, f.trashed_at, f.created_at, f.updated_at, f.space_id, f.folder_id, f.needs, f.subject_id,
	f.handed_in_at, f.number, f.status, f.status_reason, f.size, f.mime_type, f.preview, f.found_kind, f.expected_kind, f.thumbnail, f.latest, f.tags`

// ListedByIDs reads those of the files that the actor of q sees.
func ListedByIDs(ctx context.Context, q tenancy.Queries, ids []uuid.UUID) (map[uuid.UUID]Listed, error) {
	rows, err := readListed(ctx, q, "select "+listedColumns+" from listed_files f where f.id = any($1::uuid[])", ids)
	found := make(map[uuid.UUID]Listed, len(rows))
	for _, r := range rows {
		found[r.FileID] = r
	}
	return found, err
}

func readListed(ctx context.Context, q tenancy.Queries, sql string, args ...any) ([]Listed, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Listed])
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return found, nil
}

// Filter narrows and orders a list. Zero values narrow nothing.
type Filter struct {
	Mine        bool      // only what an actor reaches, place by place; else all that the policies let through
	Space       uuid.UUID // only what is in this space
	Class       uuid.UUID // only what is in the spaces of this class
	Folder      uuid.UUID // only what is in this folder
	TopOnly     bool      // of the space, only what is in no folder
	Linked      uuid.UUID // only what is shown in this space by links of files
	Starred     bool      // only what the actor has marked
	Shared      bool      // only what others have linked into spaces of the actor
	Owner       uuid.UUID // only what this person brought
	Subject     uuid.UUID // only what is about this person
	Status      Status    // Deleted lists the trash, which is otherwise left out
	Category    string
	Tag         string   // only what has this tag, any case
	Search      string   // part of the name, any case
	Types       []string // only these media types
	SizeFrom    *int64
	SizeTo      *int64
	ChangedFrom *time.Time
	ChangedTo   *time.Time // not included
	Sort        Sort
	Limit       int
	After       Cursor
}

// Sort is the order of a list.
type Sort string

// The orders. Every one ends in the id, so that a cursor is exact.
const (
	Newest   Sort = "-created_at"
	Oldest   Sort = "created_at"
	ByName   Sort = "name"
	ByNameZA Sort = "-name"
	Smallest Sort = "size"
	Largest  Sort = "-size"
	ByKind   Sort = "kind" // by media type, which begins with the kind
	ByKindZA Sort = "-kind"
)

// Cursor is the last row of the page before. The zero cursor starts a list. It holds
// what its order compares.
type Cursor struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name,omitempty"`
	Size int64     `json:"size,omitempty"`
	Type string    `json:"type,omitempty"`
}

// CursorOf is the cursor behind a row.
func CursorOf(s Sort, l Listed) Cursor {
	c := Cursor{ID: l.FileID}
	switch s {
	case ByName, ByNameZA:
		c.Name = l.Name
	case Smallest, Largest:
		c.Size = l.Size
	case ByKind, ByKindZA:
		c.Type = l.MimeType
	case Newest, Oldest: // ids are in the order of their time
	}
	return c
}

// order is how a sort reads: the columns of its keyset.
type order struct{ by, after, key string }

var orders = map[Sort]order{
	Newest:   {by: "f.id desc", after: "f.id < @id"},
	Oldest:   {by: "f.id", after: "f.id > @id"},
	ByName:   {by: "f.name, f.id", after: "(f.name, f.id) > (@name, @id)", key: ", f.name"},
	ByNameZA: {by: "f.name desc, f.id desc", after: "(f.name, f.id) < (@name, @id)", key: ", f.name"},
	Smallest: {by: "f.shown_size, f.id", after: "(f.shown_size, f.id) > (@size::bigint, @id)", key: ", f.shown_size"},
	Largest:  {by: "f.shown_size desc, f.id desc", after: "(f.shown_size, f.id) < (@size::bigint, @id)", key: ", f.shown_size"},
	ByKind:   {by: "f.shown_type, f.id", after: "(f.shown_type, f.id) > (@type::text, @id)", key: ", f.shown_type"},
	ByKindZA: {by: "f.shown_type desc, f.id desc", after: "(f.shown_type, f.id) < (@type::text, @id)", key: ", f.shown_type"},
}

// List reads one page by keyset: page one million costs what page one costs.
func List(ctx context.Context, q tenancy.Queries, f Filter) ([]Listed, error) {
	sql, args, err := listQuery(f)
	if err != nil {
		return nil, err
	}
	if f.unfiltered() {
		q = tenancy.PlannedOnce(q)
	}
	return readListed(ctx, q, sql, args)
}

// unfiltered says that every file of the place is in the list. A filter for something rare
// needs a plan of its own.
func (f Filter) unfiltered() bool {
	return f.Status == "" && f.Category == "" && f.Tag == "" && f.Search == "" && f.Owner == uuid.Nil && f.Subject == uuid.Nil && !f.Starred &&
		f.Types == nil && f.SizeFrom == nil && f.SizeTo == nil && f.ChangedFrom == nil && f.ChangedTo == nil
}

// listQuery picks the page's files by index and joins only those to their versions.
func listQuery(f Filter) (string, pgx.NamedArgs, error) {
	if f.Sort == "" {
		f.Sort = Newest
	}
	o, ok := orders[f.Sort]
	if !ok {
		return "", nil, fault.New(fault.Invalid, "unknown_sort", "sort is one of -created_at, created_at, name, -name, size, -size, kind, -kind.")
	}
	// The limit is a literal. For a parameter, Postgres estimates a tenth of all rows
	// and plans each list again because the generic plan then looks more expensive.
	pageOf := func(place string) string {
		return fmt.Sprintf("select f.id%s from files f where %s order by %s limit %d", o.key, strings.Join(append([]string{place}, conditions(f, o)...), " and "), o.by, f.Limit)
	}
	places := []string{pageOf("true")}
	switch {
	case f.Shared:
		places = sharedPlaces(pageOf, o.key)
	case f.Mine && f.Space == uuid.Nil && f.Folder == uuid.Nil && f.Linked == uuid.Nil && f.Subject == uuid.Nil && !f.Starred && f.Tag == "":
		places = placesOf(pageOf, o.key)
	}
	// The page is picked first and only then joined to versions, also where it is of one place:
	// Postgres takes the limit of a join for no reason to use the indexes, and reads all
	// versions of the organization.
	return fmt.Sprintf(`with page as (select f.id%s from (%s) f order by %s limit %d)
		select %s from page join listed_files f on f.id = page.id order by %s`,
		o.key, strings.Join(places, " union "), o.by, f.Limit, listedColumns, o.by), values(f), nil
}

func values(f Filter) pgx.NamedArgs {
	return pgx.NamedArgs{"id": f.After.ID, "name": f.After.Name, "size": f.After.Size, "type": f.After.Type, "types": f.Types, "class": f.Class,
		"sizefrom": f.SizeFrom, "sizeto": f.SizeTo, "changedfrom": f.ChangedFrom, "changedto": f.ChangedTo,
		"space": f.Space, "folder": f.Folder, "linked": f.Linked, "owner": f.Owner, "subject": f.Subject, "status": f.Status, "category": f.Category, "tag": norm.NFC.String(f.Tag), "search": likePattern(f.Search)}
}

// conditions are what the files of a list must be.
func conditions(f Filter, o order) []string {
	where := []string{"f.trashed_at is null"}
	switch {
	case f.Status == Deleted:
		where[0] = "f.trashed_at is not null"
	case o.key == "" && len(f.Types) != 1:
		// The indexes by size and by kind hold only what is not in the trash, which makes
		// them look cheap: near the end of a long list by id, Postgres took one of them,
		// read the whole space and sorted it. It does not look into a case.
		where[0] = "case when f.trashed_at is null then true else false end"
	}
	add := func(on bool, clause string) {
		if on {
			where = append(where, clause)
		}
	}
	add(f.Status != "" && f.Status != Deleted, "f.status = @status")
	add(f.Space != uuid.Nil, "f.space_id = @space")
	add(f.Class != uuid.Nil, "f.space_id in (select s.id from spaces s where s.class_id = @class)")
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
	// Equality with one type keeps the order of an index, "any of several" does not.
	add(len(f.Types) == 1, "f.shown_type = (@types::text[])[1]")
	add(f.Types != nil && len(f.Types) != 1, "f.shown_type = any(@types::text[])")
	add(f.SizeFrom != nil, "f.shown_size >= @sizefrom::bigint")
	add(f.SizeTo != nil, "f.shown_size <= @sizeto::bigint")
	add(f.ChangedFrom != nil, "f.updated_at >= @changedfrom::timestamptz")
	add(f.ChangedTo != nil, "f.updated_at < @changedto::timestamptz")
	add(f.After.ID != uuid.Nil, o.after)
	return where
}

// placesOf is a page of each place where an actor has files, each read by its own
// index: "any of these places" would read and sort everything in them, and the policy
// alone would look at every file of the organization.
func placesOf(pageOf func(place string) string, key string) []string {
	some := "(select s.id" + strings.ReplaceAll(key, "f.", "s.")
	const now = "m.begins_at <= now() and m.ends_at > now()"
	return []string{
		some + " from (select distinct m.space_id from space_members m where m.user_id = app.actor() and " + now + ") p cross join lateral (" +
			pageOf("f.space_id = p.space_id") + ") s)",
		"(" + pageOf("f.subject_id = app.actor()") + ")",
		some + " from (select g.student_id from guardianships g where g.parent_id = app.actor()) p cross join lateral (" + pageOf("f.subject_id = p.student_id") + ") s)",
		"(" + pageOf("f.id in (select l.file_id from file_links l join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id where m.user_id = app.actor() and "+now+")") + ")",
		some + " from (select distinct d.folder_id from folder_links l join space_members m on m.organization_id = l.organization_id and m.space_id = l.space_id " +
			"join folder_paths d on d.organization_id = l.organization_id and d.ancestor_id = l.folder_id where m.user_id = app.actor() and " + now + ") p cross join lateral (" +
			pageOf("f.folder_id = p.folder_id") + ") s)",
	}
}

// sharedPlaces is a page of the files, and one of each folder, that somebody else has
// linked into a space where the actor is.
func sharedPlaces(pageOf func(place string) string, key string) []string {
	some := "(select s.id" + strings.ReplaceAll(key, "f.", "s.")
	const links = " l join app.my_spaces m on m.organization_id = l.organization_id and m.space_id = l.space_id "
	const others = "l.added_by <> app.actor() and l.starts_at <= now() and l.ends_at > now()"
	return []string{
		"(" + pageOf("f.id in (select l.file_id from file_links"+links+"where "+others+")") + ")",
		some + " from (select distinct d.folder_id from folder_links" + links +
			"join folder_paths d on d.organization_id = l.organization_id and d.ancestor_id = l.folder_id where " + others + ") p cross join lateral (" +
			pageOf("f.folder_id = p.folder_id") + ") s)",
	}
}

// likePattern searches for the text itself: % and _ are letters to a person.
func likePattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
