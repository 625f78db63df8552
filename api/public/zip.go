package public

import (
	"context"

	"github.com/google/uuid"

	"satchel/api/delivery/signed"
	"satchel/api/delivery/zipped"
	"satchel/api/links"
	"satchel/api/request"
	"satchel/files"
	"satchel/policies/types"
	"satchel/shares"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// allDownload is a download of all that a share shows, as one zip.
type allDownload struct {
	download

	Name    string              `json:"name"`
	Size    int64               `json:"size"`
	Files   int                 `json:"files"`
	Refused []links.ZipLeftView `json:"refused"` // what the share shows and that is not in the zip
}

// issueAll makes a download of all that the share shows below a folder; a zero one is its
// top. It counts as one download, at its first byte.
func (p *Public) issueAll(ctx context.Context, v visit, folder uuid.UUID) (all allDownload, err error) {
	defer func() { p.recordRefusal(ctx, v.ref, visitors.Zip, uuid.Nil, err) }()
	switch {
	case v.share.IsDropBox():
		return all, visitors.ErrDropOnly
	case v.share.Permission != shares.Download:
		return all, visitors.ErrViewOnly
	case v.share.File != nil:
		return all, request.Invalid("all", "This share is of one file: leave all and folder_id out.")
	}
	list, full, err := visitors.ListForZip(ctx, p.DB.Single(v.ref.Org), v.share, folder, files.MaxZipFiles)
	if err != nil {
		return all, err
	}
	if full {
		return all, links.ErrZipFull
	}
	entries, left, err := p.zipEntries(ctx, v, list)
	if err != nil {
		return all, err
	}
	if len(entries) == 0 {
		return all, visitors.ErrNothing
	}
	var names zipped.Names
	all = allDownload{Size: links.ZipSize(entries), Files: len(entries), Refused: left}
	err = p.DB.InTx(ctx, v.ref.Org, func(tx *tenancy.Tx) error {
		z, err := files.InsertShareZip(ctx, tx, tenancy.NewID(), v.ref.Share, names.Add(nil, list.Name), entries)
		if err != nil {
			return err
		}
		id, until, err := visitors.IssueZip(ctx, tx, v.ref, all.Size)
		all.Name = z.Name + ".zip"
		all.download = download{URL: p.Keys.URL(p.ContentURL, signed.Link{
			Organization: v.ref.Org, File: z.ID, Version: z.ID, Name: all.Name, Transformation: links.ZipWord, Share: v.ref.Share, Download: id, Attachment: true, Expires: until,
		}), ExpiresAt: until.UTC()}
		return err
	})
	return all, err
}

// zipEntries are the entries of those whose bytes may leave, and why the others may not.
func (p *Public) zipEntries(ctx context.Context, v visit, list visitors.ZipList) ([]files.ZipEntry, []links.ZipLeftView, error) {
	policies, err := tenancy.GetPolicies(ctx, p.DB.Single(v.ref.Org))
	if err != nil {
		return nil, nil, err
	}
	native := types.RulesOf(policies.Switches, nil, nil, false).NativeScripts()
	folders := make(map[uuid.UUID]files.FolderName, len(list.Folders))
	for id, f := range list.Folders {
		folders[id] = files.FolderName(f)
	}
	ids := make([]uuid.UUID, len(list.Files))
	for i, f := range list.Files {
		ids[i] = f.File
	}
	said, err := visitors.StatementsOf(ctx, p.DB.Single(v.ref.Org), ids...)
	if err != nil {
		return nil, nil, err
	}
	var names zipped.Names
	entries, left := []files.ZipEntry{}, []links.ZipLeftView{}
	for _, f := range list.Files {
		if refused := f.Refusal(); refused != nil {
			left = append(left, links.ZipLeftView{File: f.File, Code: refused.Code, Detail: refused.Text})
			continue
		}
		entries = links.AddFile(entries, &names, links.PathOf(list.Place[f.File], folders, list.Top), files.ZipEntry{
			FileID: f.File, VersionID: f.ID, Size: f.Size, ModifiedAt: f.PublishedAt, ObjectEtag: f.ObjectETag,
			Name: types.DeliveryName(f.Name, f.MimeType, native), Statement: links.StatementText(said[f.File]),
		})
	}
	return entries, left, nil
}

// AuthorizeZip gives the zip behind a link of a share, when the share is open at this
// moment. What of it may leave is asked for while it is sent.
func (p *Public) AuthorizeZip(ctx context.Context, link signed.Link) (links.ZipGrant, error) {
	if link.Download == uuid.Nil {
		return links.ZipGrant{}, visitors.ErrNoDownload
	}
	q, ref := p.DB.Single(link.Organization), tenancy.ShareVisit{Org: link.Organization, Share: link.Share}
	if err := visitors.ZipOpen(ctx, q, ref, link.Download); err != nil {
		return links.ZipGrant{}, err
	}
	z, entries, err := files.GetZip(ctx, q, link.Version)
	if err != nil {
		return links.ZipGrant{}, err
	}
	if z.ShareID == nil || *z.ShareID != link.Share {
		return links.ZipGrant{}, files.ErrNoZip
	}
	return links.ZipGrant{
		Zip: z, Entries: entries, Reader: visitorOfZip{p.DB, ref, link.Download, links.Carried(entries)},
		OnStart: func() error { return p.begin(ctx, link, uuid.Nil) },
		OnEnd:   func(sent int64) { p.end(ctx, link, sent) },
	}, nil
}

// visitorOfZip reads a zip by a share. Each file that leaves is in the record of the
// share's accesses, once a download.
type visitorOfZip struct {
	db       *tenancy.DB
	ref      tenancy.ShareVisit
	download uuid.UUID
	carried  map[uuid.UUID]string // what the zip says about records
}

// Window asks what the share shows.
func (r visitorOfZip) Window(ctx context.Context, next []files.ZipEntry) (shown map[uuid.UUID]bool, err error) {
	var ids []uuid.UUID
	for _, e := range next {
		if n := len(ids); n == 0 || ids[n-1] != e.FileID { // a record follows what is said about it
			ids = append(ids, e.FileID)
		}
	}
	err = r.db.InTx(ctx, r.ref.Org, func(tx *tenancy.Tx) (err error) {
		shown, err = visitors.InZip(ctx, tx, r.ref.Share, r.download, ids, func(file uuid.UUID, said []visitors.Statement) bool {
			return links.StatementText(said) == r.carried[file]
		})
		return err
	})
	return shown, err
}

// Refused records why in the share's accesses, which the sharer reads.
func (r visitorOfZip) Refused(ctx context.Context, e files.ZipEntry) error {
	return visitors.RefuseInZip(ctx, r.db.Single(r.ref.Org), r.ref, r.download, e.FileID)
}
