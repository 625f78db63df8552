package shares

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/shares/sharesdb"
	"satchel/tenancy"
)

// Get reads one share that the actor made, was given, or may share what it is of.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Share, error) {
	r, err := sharesdb.New(q).ShareGet(ctx, id)
	return show(r), found("read share", err)
}

func show(r sharesdb.ShareGetRow) Share {
	s := Share{
		ID: r.ID, Kind: Kind(r.Kind), Permission: Permission(r.Permission), Target: Target{File: value(r.FileID), Folder: value(r.FolderID), Space: value(r.SpaceID)},
		Version: r.VersionID, Label: r.Label, HasPassword: r.HasPassword, StartsAt: r.StartsAt, MaxDownloads: r.MaxDownloads, Downloads: r.Downloads,
		Bounds:       Bounds{MaxFiles: value(r.MaxFiles), MaxBytes: value(r.MaxBytes), Accepted: r.Accepted},
		DroppedFiles: r.DroppedFiles, DroppedBytes: r.DroppedBytes, Status: Status(r.Status),
		EndedAt: r.EndedAt, EndedBy: r.EndedBy, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	if !r.ExpiresAt.IsZero() {
		s.ExpiresAt = &r.ExpiresAt
	}
	return s
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// shown turns the rows of any query of shares into shares.
func shown[T any](rows []T, err error, as func(T) sharesdb.ShareGetRow) ([]Share, error) {
	if err != nil {
		return nil, fmt.Errorf("list shares: %w", err)
	}
	page := make([]Share, len(rows))
	for i, r := range rows {
		page[i] = show(as(r))
	}
	return page, nil
}

// Given reads a page of the shares that the actor made, newest first, before the given one.
func Given(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Share, error) {
	rows, err := sharesdb.New(q).ShareGiven(ctx, sharesdb.ShareGivenParams{Before: before, Most: int64(limit)})
	return shown(rows, err, func(r sharesdb.ShareGivenRow) sharesdb.ShareGetRow { return sharesdb.ShareGetRow(r) })
}

// Received reads a page of what the actor has by a share now.
func Received(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Share, error) {
	rows, err := sharesdb.New(q).ShareReceived(ctx, sharesdb.ShareReceivedParams{Before: before, Most: int64(limit)})
	return shown(rows, err, func(r sharesdb.ShareReceivedRow) sharesdb.ShareGetRow { return sharesdb.ShareGetRow(r) })
}

// Outside reads a page of the live shares with people outside: of the whole organization,
// for an owner or admin, and none for others.
func Outside(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Share, error) {
	rows, err := sharesdb.New(q).ShareOutside(ctx, sharesdb.ShareOutsideParams{Before: before, Most: int64(limit)})
	return shown(rows, err, func(r sharesdb.ShareOutsideRow) sharesdb.ShareGetRow { return sharesdb.ShareGetRow(r) })
}

// Of reads a page of the shares of a file, a folder or a space that the actor may see,
// those that have ended too. ErrNoTarget for what the actor does not see.
func Of(ctx context.Context, q tenancy.Queries, t Target, before uuid.UUID, limit int) ([]Share, error) {
	s := sharesdb.New(q)
	var err error
	switch {
	case t.File != uuid.Nil:
		_, err = s.TargetOfFile(ctx, sharesdb.TargetOfFileParams{Kind: string(Members), ID: t.File})
	case t.Folder != uuid.Nil:
		_, err = s.TargetOfFolder(ctx, sharesdb.TargetOfFolderParams{Kind: string(Members), ID: t.Folder})
	default:
		_, err = s.TargetOfSpace(ctx, sharesdb.TargetOfSpaceParams{Kind: string(Members), ID: t.Space})
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNoTarget
	}
	if err != nil {
		return nil, fmt.Errorf("read what is shared: %w", err)
	}
	rows, err := s.ShareOf(ctx, sharesdb.ShareOfParams{FileID: some(t.File), FolderID: some(t.Folder), SpaceID: some(t.Space), Before: before, Most: int64(limit)})
	return shown(rows, err, func(r sharesdb.ShareOfRow) sharesdb.ShareGetRow { return sharesdb.ShareGetRow(r) })
}

// Recipients lists with whom a share is, as far as the actor may see.
func Recipients(ctx context.Context, q tenancy.Queries, share uuid.UUID) ([]Recipient, error) {
	rows, err := sharesdb.New(q).RecipientList(ctx, share)
	if err != nil {
		return nil, fmt.Errorf("list recipients: %w", err)
	}
	list := make([]Recipient, len(rows))
	for i, r := range rows {
		list[i] = showRecipient(sharesdb.RecipientGetRow(r))
	}
	return list, nil
}

// GetRecipient reads one.
func GetRecipient(ctx context.Context, q tenancy.Queries, share, id uuid.UUID) (Recipient, error) {
	r, err := sharesdb.New(q).RecipientGet(ctx, sharesdb.RecipientGetParams{ShareID: share, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return Recipient{}, ErrNoRecipient
	}
	return showRecipient(r), err
}

func showRecipient(r sharesdb.RecipientGetRow) Recipient {
	return Recipient{
		ID: r.ID, User: r.UserID, Class: r.ClassID, Email: r.Email, Name: r.Name, Outside: r.Outside, VerifiedAt: r.VerifiedAt,
		Delivery: Delivery(r.Delivery), DeliveryCode: r.DeliveryCode, SentAt: r.SentAt, EndedAt: r.EndedAt, CreatedAt: r.CreatedAt,
	}
}

// Access is one use of a share, or one that was refused.
type Access struct {
	ID        uuid.UUID
	Recipient *uuid.UUID
	File      *uuid.UUID
	What      string
	Outcome   string
	Code      string
	At        time.Time
}

// Accesses reads a page of a share's accesses, newest first, for who manages it.
func Accesses(ctx context.Context, q tenancy.Queries, share, before uuid.UUID, limit int) ([]Access, error) {
	rows, err := sharesdb.New(q).AccessPage(ctx, sharesdb.AccessPageParams{ShareID: share, Before: before, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list accesses: %w", err)
	}
	page := make([]Access, len(rows))
	for i, r := range rows {
		page[i] = Access{ID: r.ID, Recipient: r.RecipientID, File: r.FileID, What: r.What, Outcome: r.Outcome, Code: r.Code, At: r.At}
	}
	return page, nil
}

// ForgetAccesses deletes up to n accesses that are older than the organization keeps them,
// and says how many those were.
func ForgetAccesses(ctx context.Context, q tenancy.Queries, n int) (int, error) {
	gone, err := sharesdb.New(q).AccessesForget(ctx, int32(n))
	if err != nil {
		return 0, fmt.Errorf("forget accesses: %w", err)
	}
	return int(gone), nil
}
