package visitors

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/shares"
	"satchel/shares/visitors/visitorsdb"
	"satchel/tenancy"
)

// ErrNothing refuses all that a share shows when that is nothing.
var ErrNothing = fault.New(fault.Conflict, "share_nothing_to_download", "This share shows no file that can be downloaded now. Read its list to see which are being checked.")

// AboveFile is a folder that a share shows, and the one above it.
type AboveFile struct {
	Parent *uuid.UUID
	Name   string
}

// ZipList is what a share shows below a folder: its files in the order of their ids, where
// each is, and the folders above them.
type ZipList struct {
	Name    string // of the folder or space
	Top     *uuid.UUID
	Files   []Version
	Place   map[uuid.UUID]*uuid.UUID // of each file
	Folders map[uuid.UUID]AboveFile
}

// versionsAtOnce bounds how many files one question is about.
const versionsAtOnce = 1000

// ListForZip lists all that a share of a folder or space shows below a folder; a zero one
// is its top. It is full when there are more than so many candidates.
func ListForZip(ctx context.Context, q tenancy.Queries, s Share, folder uuid.UUID, most int) (l ZipList, full bool, err error) {
	db := visitorsdb.New(q)
	l.Name, l.Top = s.Name, s.Folder
	if folder != uuid.Nil {
		above, err := trail(ctx, db, s, folder)
		if err != nil {
			return l, false, err
		}
		l.Name, l.Top = above[len(above)-1].Name, &folder
	}
	rows, err := db.ZipFiles(ctx, visitorsdb.ZipFilesParams{SpaceID: s.Place, FolderID: l.Top, Most: int64(most) + 1})
	if err != nil || len(rows) > most {
		return l, err == nil, err
	}
	folders, err := db.ZipFolders(ctx, visitorsdb.ZipFoldersParams{SpaceID: s.Place, FolderID: l.Top})
	if err != nil {
		return l, false, err
	}
	l.Folders, l.Place = make(map[uuid.UUID]AboveFile, len(folders)), make(map[uuid.UUID]*uuid.UUID, len(rows))
	for _, f := range folders {
		l.Folders[f.ID] = AboveFile{f.ParentID, f.Name}
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i], l.Place[r.ID] = r.ID, r.FolderID
	}
	for len(ids) > 0 {
		page := ids[:min(versionsAtOnce, len(ids))]
		shown, err := versions(ctx, db, s.ID, page)
		if err != nil {
			return l, false, err
		}
		l.Files, ids = append(l.Files, shown...), ids[len(page):]
	}
	return l, false, nil
}

// versions are what the share shows of the files at this moment.
func versions(ctx context.Context, db *visitorsdb.Queries, share uuid.UUID, files []uuid.UUID) ([]Version, error) {
	rows, err := db.Versions(ctx, visitorsdb.VersionsParams{ShareID: share, Files: files})
	shown := make([]Version, len(rows))
	for i, v := range rows {
		shown[i] = Version{
			File: of(v.FileID), ID: of(v.VersionID), Name: of(v.Name), State: of(v.State), MimeType: of(v.MimeType), Size: of(v.Size),
			ObjectETag: of(v.ObjectEtag), PublishedAt: of(v.PublishedAt), Original: of(v.Original),
		}
	}
	return shown, err
}

// IssueZip makes a download of all that a share shows, which counts as one.
func IssueZip(ctx context.Context, q tenancy.Queries, ref tenancy.ShareVisit, size int64) (id uuid.UUID, until time.Time, err error) {
	id = tenancy.NewID()
	until, err = visitorsdb.New(q).DownloadInsert(ctx, visitorsdb.DownloadInsertParams{ShareID: ref.Share, ID: id, RecipientID: ref.Recipient, BytesTotal: &size})
	return id, until, err
}

// ZipOpen says why a zip of the share may not leave by a download now; nil when it may.
// The share may be used up by this download.
func ZipOpen(ctx context.Context, q tenancy.Queries, ref tenancy.ShareVisit, download uuid.UUID) error {
	s, err := Get(ctx, q, ref)
	if err != nil {
		return err
	}
	d, err := visitorsdb.New(q).DownloadGet(ctx, visitorsdb.DownloadGetParams{ShareID: ref.Share, ID: download})
	switch refused := Refusal(s.Status); {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoDownload
	case err != nil:
		return err
	case refused != nil && (refused != ErrUsedUp || d.State == "issued" || d.State == "returned"):
		return refused
	}
	if s.Permission != shares.Download {
		return ErrViewOnly
	}
	return nil
}

// InZip says of which of the files the share shows the original now, by their versions,
// and records that those leave by the download. A share that has ended shows none, and no record
// leaves whose statements the zip does not carry.
func InZip(ctx context.Context, tx *tenancy.Tx, share, download uuid.UUID, files []uuid.UUID, carries func(file uuid.UUID, said []Statement) bool) (map[uuid.UUID]bool, error) {
	db := visitorsdb.New(tx)
	status, err := db.Status(ctx, share)
	if err != nil {
		return nil, err
	}
	shown := map[uuid.UUID]bool{}
	if refused := Refusal(shares.Status(status)); refused != nil && refused != ErrUsedUp {
		return shown, nil
	}
	all, err := versions(ctx, db, share, files)
	if err != nil {
		return nil, err
	}
	// A statement may have come since the zip was made, which does not carry that one.
	said, err := StatementsOf(ctx, tx, files...)
	if err != nil {
		return nil, err
	}
	var leaving []uuid.UUID
	for _, v := range all {
		if v.Original && v.Refusal() == nil && carries(v.File, said[v.File]) {
			shown[v.ID] = true
			leaving = append(leaving, v.File)
		}
	}
	return shown, db.AccessInsertZipped(ctx, visitorsdb.AccessInsertZippedParams{ShareID: share, DownloadID: download, Files: leaving})
}

// RefuseInZip records why a file does not leave by a download any more.
func RefuseInZip(ctx context.Context, q tenancy.Queries, ref tenancy.ShareVisit, download, file uuid.UUID) error {
	why := error(ErrNoFile) // also of a file that has another version now
	v, err := GetVersion(ctx, q, ref.Share, file, true)
	switch refused := fault.Of(err); {
	case err == nil && v.Refusal() != nil:
		why = v.Refusal()
	case err != nil && refused.Kind != fault.Internal:
		why = refused
	}
	d, err := visitorsdb.New(q).DownloadGet(ctx, visitorsdb.DownloadGetParams{ShareID: ref.Share, ID: download})
	if err != nil {
		return err
	}
	ref.Recipient = d.RecipientID
	return Record(ctx, q, Access{Ref: ref, What: Zip, File: file, Code: fault.Of(why).Code, Download: download})
}
