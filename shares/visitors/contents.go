package visitors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/shares"
	"satchel/shares/visitors/visitorsdb"
	"satchel/tenancy"
)

// Version is the one version of a file that a share shows.
type Version struct {
	File, ID    uuid.UUID
	Name        string
	State       string // of the version, trashed, or no_basis
	MimeType    string
	Size        int64
	SHA256      string
	ObjectETag  string
	PublishedAt time.Time
	Pages       int
	Original    bool // more than its previews may leave
	Limited     bool // the share has a limit of downloads
	Public      bool // anyone who has the link has it, without a password
}

// Refusal says why the bytes of a version may not leave; nil when they may. Only one
// state is a yes.
func (v Version) Refusal() *fault.Fault {
	switch v.State {
	case "published":
		return nil
	case "trashed":
		return ErrTrashed
	case "no_basis":
		return ErrNoBasis
	case "quarantined":
		return ErrWithheld
	case "uploading", "processing", "held":
		return ErrChecking
	}
	return ErrNoFile
}

// GetVersion gives what a share shows of a file at this moment. The share must be open,
// but for a download that was reserved before the last one was.
func GetVersion(ctx context.Context, q tenancy.Queries, share, file uuid.UUID, usedUp bool) (Version, error) {
	row, err := visitorsdb.New(q).Version(ctx, visitorsdb.VersionParams{ShareID: share, FileID: file})
	if err != nil {
		return Version{}, err
	}
	if refused := Refusal(shares.Status(of(row.ShareStatus))); refused != nil && (!usedUp || refused != ErrUsedUp) {
		return Version{}, refused
	}
	if row.FileID == nil {
		return Version{}, ErrNoFile
	}
	return Version{
		File: of(row.FileID), ID: of(row.VersionID), Name: of(row.Name), State: of(row.State), MimeType: of(row.MimeType), Size: of(row.Size), SHA256: of(row.Sha256),
		ObjectETag: of(row.ObjectEtag), PublishedAt: of(row.PublishedAt), Pages: int(of(row.Pages)), Original: of(row.Original), Limited: row.Limited == nil || *row.Limited, Public: of(row.Public),
	}, nil
}

// Statement is what the side of a student says about a record that the school did not amend.
type Statement struct {
	Text string    `json:"statement"`
	At   time.Time `json:"at"`
}

// Said gives what a zip carries of it.
func (s Statement) Said() (at time.Time, text string) { return s.At, s.Text }

// StatementsOf reads those of files that the share shows: none is shown without them (34 CFR 99.21(c)).
func StatementsOf(ctx context.Context, q tenancy.Queries, files ...uuid.UUID) (map[uuid.UUID][]Statement, error) {
	rows, err := visitorsdb.New(q).StatementsOf(ctx, files)
	if err != nil {
		return nil, fmt.Errorf("read statements: %w", err)
	}
	found := map[uuid.UUID][]Statement{}
	for _, r := range rows {
		found[r.FileID] = append(found[r.FileID], Statement{Text: r.Statement, At: r.At.UTC()})
	}
	return found, nil
}

// StatementsOf are those of the files of a list.
func (l List) StatementsOf(ctx context.Context, q tenancy.Queries) (map[uuid.UUID][]Statement, error) {
	var files []uuid.UUID
	for _, e := range l.Entries {
		if !e.IsFolder {
			files = append(files, e.ID)
		}
	}
	return StatementsOf(ctx, q, files...)
}

// of reads a column of a function, which could be null for all that sqlc knows.
func of[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Entry is a file or folder that a share of a folder or space shows.
type Entry struct {
	ID       uuid.UUID
	Name     string
	IsFolder bool
	Version  uuid.UUID // of a file
	MimeType string
	Size     int64
	Ready    bool // its bytes may leave
}

// Folder is one above a list, from the top of what is shared.
type Folder struct {
	ID   uuid.UUID
	Name string
}

// Cursor is the last file of the page before. The zero one starts a list.
type Cursor struct {
	Name string    `json:"n"`
	ID   uuid.UUID `json:"i"`
}

// List is one page of a folder.
type List struct {
	Trail   []Folder
	Entries []Entry
	Next    *Cursor // nil: the last page
}

// GetList gives a page of a folder below what is shared; a zero folder is its top. Folders
// come first, all on the first page.
func GetList(ctx context.Context, q tenancy.Queries, s Share, folder uuid.UUID, after Cursor, most int32) (List, error) {
	if s.IsDropBox() {
		return List{}, ErrDropOnly
	}
	if s.Place == uuid.Nil {
		return List{}, ErrNoFile
	}
	db, l := visitorsdb.New(q), List{}
	at := s.Folder
	if folder != uuid.Nil {
		at = &folder
	}
	var err error
	if folder != uuid.Nil {
		if l.Trail, err = trail(ctx, db, s, folder); err != nil {
			return List{}, err
		}
	}
	if after.ID == uuid.Nil {
		folders, err := db.EntryFolders(ctx, visitorsdb.EntryFoldersParams{SpaceID: s.Place, ParentID: at})
		if err != nil {
			return List{}, err
		}
		for _, f := range folders {
			l.Entries = append(l.Entries, Entry{ID: f.ID, Name: f.Name, IsFolder: true})
		}
	}
	return l, addFiles(ctx, db, s, at, after, most, &l)
}

// trail gives the folders above, and refuses a folder that is not below what is shared.
func trail(ctx context.Context, db *visitorsdb.Queries, s Share, folder uuid.UUID) ([]Folder, error) {
	above, err := db.FolderTrail(ctx, folder)
	if err != nil {
		return nil, err
	}
	var found []Folder
	within := s.Space != nil
	for _, f := range above {
		if f.SpaceID != s.Place {
			return nil, ErrNoFile
		}
		within = within || s.Folder != nil && f.ID == *s.Folder
		if within {
			found = append(found, Folder{f.ID, f.Name})
		}
	}
	if len(found) == 0 {
		return nil, ErrNoFile
	}
	return found, nil
}

// addFiles adds a page of files, and of those only what app.share_version shows. The name of a
// record is not told either before the share says why it may leave.
func addFiles(ctx context.Context, db *visitorsdb.Queries, s Share, folder *uuid.UUID, after Cursor, most int32, l *List) error {
	rows, err := db.EntryFiles(ctx, visitorsdb.EntryFilesParams{SpaceID: s.Place, FolderID: folder, AfterName: after.Name, AfterID: after.ID, Most: int64(most) + 1})
	if err != nil {
		return err
	}
	if len(rows) > int(most) {
		rows = rows[:most]
		last := rows[most-1]
		l.Next = &Cursor{last.NameFolded, last.ID}
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	shown, err := db.Versions(ctx, visitorsdb.VersionsParams{ShareID: s.ID, Files: ids})
	if err != nil {
		return err
	}
	for _, v := range shown {
		if of(v.State) == "no_basis" {
			continue
		}
		l.Entries = append(l.Entries, Entry{ID: of(v.FileID), Name: of(v.Name), Version: of(v.VersionID), MimeType: of(v.MimeType), Size: of(v.Size), Ready: of(v.State) == "published"})
	}
	return nil
}

// Rendition is a picture of a version.
type Rendition struct {
	Name, MimeType, ETag string
	Size                 int64
}

// GetRendition reads one.
func GetRendition(ctx context.Context, q tenancy.Queries, version uuid.UUID, name string) (Rendition, error) {
	r, err := visitorsdb.New(q).RenditionGet(ctx, visitorsdb.RenditionGetParams{VersionID: version, Name: name})
	if errors.Is(err, pgx.ErrNoRows) {
		return Rendition{}, ErrNoFile
	}
	return Rendition{r.Name, r.MimeType, r.Etag, r.Size}, err
}

// Pictures names the renditions of versions that a page can show, the narrowest first.
func Pictures(ctx context.Context, q tenancy.Queries, versions []uuid.UUID) (map[uuid.UUID][]string, error) {
	rows, err := visitorsdb.New(q).RenditionNames(ctx, versions)
	found := map[uuid.UUID][]string{}
	for _, r := range rows {
		found[r.VersionID] = append(found[r.VersionID], r.Name)
	}
	return found, err
}
