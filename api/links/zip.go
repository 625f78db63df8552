package links

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery/signed"
	"satchel/api/delivery/zipped"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/types"
	"satchel/tenancy"
	"satchel/tenancy/amendments"
)

// ZipWord says in a link that its version is the id of a zip.
const ZipWord = "zip"

// ZipView is a zip: its length, and which files are not in it.
type ZipView struct {
	ID        uuid.UUID     `json:"id"`
	Name      string        `json:"name"`
	Size      int64         `json:"size"`
	Files     int           `json:"files"`
	Refused   []ZipLeftView `json:"refused"` // left out when the zip was made, or where a download was cut
	URL       string        `json:"url"`
	URLEnds   time.Time     `json:"url_expires_at"`
	ExpiresAt time.Time     `json:"expires_at"`
}

// ZipLeftView is a file that is not in a zip, or at which a download of it was cut.
type ZipLeftView struct {
	File   uuid.UUID `json:"file_id"`
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
}

type zipBody struct {
	Files  []uuid.UUID `json:"files"`
	Folder *uuid.UUID  `json:"folder_id"`
	Name   string      `json:"name"`
}

// ErrZipFull refuses a zip of more than files.MaxZipFiles.
var ErrZipFull = fault.New(fault.TooLarge, "too_many_files", "A zip holds up to %d files. Ask for the folders one by one.", files.MaxZipFiles)

var errZipEmpty = fault.New(fault.Conflict, "nothing_to_zip", "None of these files can be downloaded now. GET each file to see why.")

// MakeZip records a zip of files or of a folder with what is below it.
func (r *Links) MakeZip(c *gin.Context) error {
	body, err := request.Body[zipBody](c)
	if err != nil {
		return err
	}
	if (len(body.Files) > 0) == (body.Folder != nil) || !request.IsText(body.Name, 200) {
		return request.Invalid("files", "Name files or a folder_id, and not both; name is a text of at most 200 characters.")
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	ids, folders, err := r.zipFiles(ctx, actor.Org, body)
	if err != nil {
		return err
	}
	entries, left, err := r.zipEntries(ctx, actor.Org, ids, folders, body.Folder)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return errZipEmpty
	}
	var names zipped.Names
	name := names.Add(nil, body.Name)
	var made files.Zip
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) (err error) {
		made, err = files.InsertZip(ctx, tx, tenancy.NewID(), actor.User, name, entries)
		return err
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, r.showZip(actor, made, entries, left))
	return nil
}

// GetZip shows a zip of the caller's, with a new address.
func (r *Links) GetZip(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return files.ErrNoZip
	}
	actor := request.Caller(c)
	made, entries, err := files.GetZip(c.Request.Context(), r.DB.Single(actor.Org), id)
	if err != nil {
		return err
	}
	left := []ZipLeftView{}
	for _, e := range entries {
		if e.Refused != "" {
			left = append(left, ZipLeftView{File: e.FileID, Code: e.Refused, Detail: "A download of the zip was cut at this file. Ask for a new zip without it."})
		}
	}
	c.JSON(http.StatusOK, r.showZip(actor, made, entries, left))
	return nil
}

// showZip gives the zip with an address that lives for as long as an address may: a
// large zip takes long, and each of its ranges asks for the right to its files.
func (r *Links) showZip(actor tenancy.Actor, z files.Zip, entries []files.ZipEntry, left []ZipLeftView) ZipView {
	ends := time.Now().Add(signed.MaxLife).Truncate(time.Second).UTC()
	name := z.Name + ".zip"
	return ZipView{
		ID: z.ID, Name: name, Size: ZipSize(entries), Files: len(entries), Refused: left, ExpiresAt: z.ExpiresAt.UTC(), URLEnds: ends,
		URL: r.Keys.URL(r.ContentURL, signed.Link{
			Organization: actor.Org, File: z.ID, Version: z.ID, Name: name, Transformation: ZipWord, Actor: actor.User, Key: actor.Key, Expires: ends,
		}),
	}
}

// zipFiles are the files that are asked for, each once, and the folders above them.
func (r *Links) zipFiles(ctx context.Context, org tenancy.OrgID, body zipBody) ([]uuid.UUID, map[uuid.UUID]files.FolderName, error) {
	ids, folders := body.Files, map[uuid.UUID]files.FolderName(nil)
	if body.Folder != nil {
		var err error
		if ids, folders, err = files.BelowFolder(ctx, r.DB.Single(org), *body.Folder, files.MaxZipFiles+1); err != nil {
			return nil, nil, err
		}
		if _, seen := folders[*body.Folder]; !seen {
			return nil, nil, fault.New(fault.NotFound, "folder_not_found", "There is no such folder for you.")
		}
	}
	if len(ids) > files.MaxZipFiles {
		return nil, nil, ErrZipFull
	}
	seen := map[uuid.UUID]bool{}
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool {
		again := seen[id]
		seen[id] = true
		return again
	}), folders, nil
}

// viewsAtOnce bounds how many views of files are in memory for one question.
const viewsAtOnce = 500

// zipEntries are the entries of those that may leave, and why the others may not.
func (r *Links) zipEntries(ctx context.Context, org tenancy.OrgID, ids []uuid.UUID, folders map[uuid.UUID]files.FolderName, top *uuid.UUID) ([]files.ZipEntry, []ZipLeftView, error) {
	policies, err := tenancy.GetPolicies(ctx, r.DB.Single(org))
	if err != nil {
		return nil, nil, err
	}
	native := types.RulesOf(policies.Switches, nil, nil, false).NativeScripts()
	var names zipped.Names
	entries, left := []files.ZipEntry{}, []ZipLeftView{}
	for page := range slices.Chunk(ids, viewsAtOnce) {
		found, err := files.ByIDsForZip(ctx, r.DB.Single(org), page)
		if err != nil {
			return nil, nil, err
		}
		said, err := amendments.StatementsOf(ctx, r.DB.Single(org), page)
		if err != nil {
			return nil, nil, err
		}
		for _, id := range page {
			v, seen := found[id]
			refused := error(files.ErrNotFound)
			if seen {
				refused = content.Readable(v)
			}
			if refused != nil {
				f := fault.Of(refused)
				left = append(left, ZipLeftView{File: id, Code: f.Code, Detail: f.Text})
				continue
			}
			entries = AddFile(entries, &names, PathOf(v.FolderID, folders, top), files.ZipEntry{
				FileID: id, VersionID: v.VersionID, Size: v.Size, ModifiedAt: *v.PublishedAt, ObjectEtag: v.ObjectEtag,
				Name: types.DeliveryName(v.Name, v.MimeType, native), Statement: StatementText(said[id]),
			})
		}
	}
	return entries, left, nil
}

// PathOf are the names of the folders above a file, up to the one that was asked for, or
// with none the outermost of those that are known.
func PathOf(folder *uuid.UUID, folders map[uuid.UUID]files.FolderName, top *uuid.UUID) (names []string) {
	for folder != nil && (top == nil || *folder != *top) {
		f, ok := folders[*folder]
		if !ok {
			return names
		}
		names = append([]string{f.Name}, names...)
		folder = f.Parent
	}
	return names
}

// ZipSize is the length of the zip of these entries in bytes.
func ZipSize(entries []files.ZipEntry) int64 { return layoutOf(entries).Size() }

func layoutOf(entries []files.ZipEntry) *zipped.Layout {
	laid := make([]zipped.Entry, len(entries))
	for i, e := range entries {
		laid[i] = zipped.Entry{Name: e.Name, Size: e.Size, Modified: e.ModifiedAt}
	}
	return zipped.New(laid)
}
