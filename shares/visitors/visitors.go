// Package visitors is what somebody outside does with a share: they look, prove a password
// or an address, download, and drop files. A visitor is no member of the organization. What
// the share shows of it comes from app.share_version, which asks everything again at each
// use, so that a share that ended gives nothing from the next statement on.
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

// Share is a share as its visitor meets it.
type Share struct {
	ID                  uuid.UUID
	Kind                shares.Kind
	Permission          shares.Permission
	File, Folder, Space *uuid.UUID // what is shared: one of the three
	Place               uuid.UUID  // the space of a folder, or the space itself; zero for a file
	Name                string     // of what is shared
	PasswordHash        string     // empty: none
	StartsAt            time.Time
	ExpiresAt           time.Time // zero: no end
	MaxDownloads        *int32
	Downloads           int32
	MaxFiles            *int32
	MaxBytes            *int64
	Accepted            []string
	DroppedFiles        int32
	DroppedBytes        int64
	CreatedBy           uuid.UUID
	SharerRole          tenancy.Role
	SharedBy            string // the sharer's name; or empty
	Organization        string
	Status              shares.Status
}

// IsDropBox says whether visitors add files, and see only their own.
func (s Share) IsDropBox() bool { return s.Permission == shares.Upload }

// Left is how many downloads are left; nil without a limit.
func (s Share) Left() *int {
	if s.MaxDownloads == nil {
		return nil
	}
	n := int(max(0, *s.MaxDownloads-s.Downloads))
	return &n
}

// Get reads the share of a token. It is read whatever its state: Refusal says what that
// means for a visitor.
func Get(ctx context.Context, q tenancy.Queries, ref tenancy.ShareVisit) (Share, error) {
	row, err := visitorsdb.New(q).ShareGet(ctx, ref.Share)
	if errors.Is(err, pgx.ErrNoRows) {
		return Share{}, ErrUnknown
	}
	if err != nil {
		return Share{}, err
	}
	s := Share{
		ID: ref.Share, Kind: shares.Kind(row.Kind), Permission: shares.Permission(row.Permission), File: row.FileID, Folder: row.FolderID, Space: row.SpaceID, Place: row.PlaceID,
		Name: row.Name, PasswordHash: row.PasswordHash, StartsAt: row.StartsAt, ExpiresAt: row.ExpiresAt, MaxDownloads: row.MaxDownloads, Downloads: row.Downloads,
		MaxFiles: row.MaxFiles, MaxBytes: row.MaxBytes, Accepted: row.Accepted, DroppedFiles: row.DroppedFiles, DroppedBytes: row.DroppedBytes,
		CreatedBy: row.CreatedBy, SharerRole: row.Role, SharedBy: row.SharedBy, Organization: row.Organization, Status: shares.Status(row.Status),
	}
	if ref.Recipient != nil && !ref.Kept && s.Status == shares.Open {
		s.Status = shares.Revoked // for this recipient
	}
	return s, nil
}

// What a share is to a visitor when it is not open. Each says what happened and what to do.
var (
	ErrUnknown   = fault.New(fault.NotFound, "no_such_share", "There is nothing at this address. Check that you have the whole of it.")
	ErrNotYet    = fault.New(fault.Denied, "share_not_open", "This share is not open yet. starts_at says when it opens.")
	ErrExpired   = fault.New(fault.Denied, "share_expired", "The time for which this was shared is over. Ask the person who sent you the link to share it again.")
	ErrRevoked   = fault.New(fault.Denied, "share_revoked", "The person who shared this has ended the share. Ask them if you still need it.")
	ErrEnded     = fault.New(fault.Denied, "share_ended", "What was shared here is not shared any more. Ask the person who sent you the link for a new one.")
	ErrUsedUp    = fault.New(fault.Denied, "share_used_up", "All downloads that this share allows were made. Ask the person who sent you the link to allow more.")
	ErrTrashed   = fault.New(fault.Conflict, "share_in_trash", "What was shared here is in the trash. Ask the person who sent you the link to restore it.")
	ErrInside    = fault.New(fault.Denied, "share_not_disclosed", "A rule of the organization keeps this inside of it. Ask the person who sent you the link.")
	ErrSuspended = fault.New(fault.Denied, "share_suspended", "The organization that shared this is suspended. Ask the person who sent you the link.")
	ErrChecking  = fault.New(fault.Conflict, "share_checking", "The file is still being checked. Ask again in a minute.").After(30 * time.Second)
	ErrWithheld  = fault.New(fault.Denied, "share_withheld", "The check of this file found something that could harm a computer. It is not given out.")
	ErrNoBasis   = fault.New(fault.Denied, "share_needs_basis", "This is an education record, and the share does not say yet on which basis of the law it is disclosed and for what. Ask the person who sent you the link: they add disclosure_basis and disclosure_interest to the share.").Under("34 CFR 99.32(a)(3)")
	ErrNoFile    = fault.New(fault.NotFound, "no_such_file_here", "This share shows no such file. Read its list again.")
	ErrViewOnly  = fault.New(fault.Denied, "share_view_only", "This share shows previews only. The person who shared it does not offer the original.")
	ErrNotDrop   = fault.New(fault.Denied, "share_takes_no_files", "This share takes no files: it is no drop box.")
	ErrDropOnly  = fault.New(fault.Denied, "share_drop_box", "This share is a drop box: files can be sent, and what others sent cannot be seen.")
)

// Refusal is what a state is to a visitor; nil for an open share.
func Refusal(s shares.Status) *fault.Fault {
	switch s {
	case shares.Open:
		return nil
	case shares.NotOpen:
		return ErrNotYet
	case shares.Trashed:
		return ErrTrashed
	case shares.UsedUp:
		return ErrUsedUp
	case shares.NotDisclose:
		return ErrInside
	case shares.Suspended:
		return ErrSuspended
	case shares.Revoked:
		return ErrRevoked
	case shares.Expired:
		return ErrExpired
	case shares.Unknown:
		return ErrUnknown
	case shares.SharerLeft, shares.SharerDemoted, shares.TargetDeleted, shares.TargetMoved, shares.ClassDeleted, shares.RecipientsLeft:
		return ErrEnded
	}
	return ErrEnded // a state that is not known here opens nothing
}

// What is what a visitor did, for the record of accesses.
type What string

// What is recorded.
const (
	Page     What = "page"
	Password What = "password"
	Code     What = "code"
	Preview  What = "preview"
	Download What = "download"
	Zip      What = "zip"
	Upload   What = "upload"
)

// Access is one row of the record.
type Access struct {
	Ref      tenancy.ShareVisit
	What     What
	File     uuid.UUID // zero: none in particular
	Code     string    // why it was refused; empty: it was not
	Download uuid.UUID // zero: it belongs to none
}

// Slot is the time within which the same access is written once; empty: each one is. Looks
// are written once an hour, since who reloads a page, and the scanners of mail, would bury
// the rest. A refusal is written once a minute: a flood of them must not fill the table.
func (a Access) Slot() string {
	switch {
	case a.Code != "":
		return "minute"
	case a.What == Page || a.What == Preview:
		return "hour"
	}
	return ""
}

// Record writes an access down with q.
func Record(ctx context.Context, q tenancy.Queries, a Access) error {
	outcome, slot := "ok", a.Slot()
	if a.Code != "" {
		outcome = "refused"
	}
	return visitorsdb.New(q).AccessInsert(ctx, visitorsdb.AccessInsertParams{
		ShareID: a.Ref.Share, ID: tenancy.NewID(), RecipientID: a.Ref.Recipient, FileID: orNil(a.File), What: string(a.What), Outcome: outcome, Code: a.Code, DownloadID: orNil(a.Download),
		Slot: orNull(slot),
	})
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
