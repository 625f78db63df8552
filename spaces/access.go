package spaces

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/spaces/spacesdb"
	"satchel/tenancy"
)

// Via is why a person has access that somebody gave.
type Via string

// The reasons.
const (
	ByGrant    Via = "grant"
	Substitute Via = "substitute" // a colleague for at most 30 days
	BreakGlass Via = "breakglass" // an admin, for at most two hours, announced and on record
)

// Bounds of access that ends by itself.
const (
	MaxSubstitute = 30 * 24 * time.Hour
	MaxBreakGlass = 2 * time.Hour
)

// What a caller of access can meet.
var (
	ErrReason    = fault.New(fault.Invalid, "reason_required", "Say why, in 10 to 1,000 characters. The reason is on record and shown to those who are told.")
	ErrEnds      = fault.New(fault.Invalid, "invalid_ends_at", "A substitute's access ends after at most 30 days: give ends_at.")
	ErrNoOneTo   = fault.New(fault.NotFound, "space_not_found", "There is no such space, or this person has none.")
	ErrSecond    = fault.New(fault.Conflict, "second_person_required", "A second owner or admin approves this, not the one who asked. It may have ended, or be approved already.")
	ErrLinkLevel = fault.New(fault.Invalid, "invalid_level", "level is read, add (of folders) or edit.")
)

// Grant is access that a person gave. EndsAt is zero where nothing ends it.
type Grant = spacesdb.GrantGetRow

// NewGrant describes access to a space.
type NewGrant struct {
	ID       uuid.UUID
	Space    uuid.UUID
	User     uuid.UUID
	Level    Level
	Via      Via
	Reason   string
	BeginsAt *time.Time // nil: now
	EndsAt   *time.Time // nil: without end, of a plain grant alone
}

// Give gives access. The same id again changes nothing.
func Give(ctx context.Context, q tenancy.Queries, n NewGrant) (Grant, error) {
	_, err := spacesdb.New(q).GrantInsert(ctx, spacesdb.GrantInsertParams{
		ID: n.ID, SpaceID: n.Space, UserID: n.User, Level: n.Level, Via: string(n.Via), Reason: n.Reason, BeginsAt: n.BeginsAt, EndsAt: n.EndsAt,
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == checkViolation {
		return Grant{}, ErrEnds.Because(err)
	}
	if err != nil {
		return Grant{}, missing("give access", err)
	}
	return GetGrant(ctx, q, n.ID)
}

// Break lets an admin into a space that they are not in, for two hours: the personal
// space of a person, or any by its id. Those who manage it and the owners are told
// in the same transaction. A confidential space opens when a second owner or admin
// approves.
func Break(ctx context.Context, q tenancy.Queries, id, space, person uuid.UUID, reason string) (Grant, error) {
	actor, _ := tenancy.ActorFrom(ctx)
	if person != uuid.Nil {
		var err error
		space, err = spacesdb.New(q).PersonalSpace(ctx, person)
		if err != nil || space == uuid.Nil {
			return Grant{}, ErrNoOneTo.Because(err)
		}
	}
	ends := time.Now().Add(MaxBreakGlass - time.Minute) // this clock and the database's may differ
	g, err := Give(ctx, q, NewGrant{ID: id, Space: space, User: actor.User, Level: Staffs, Via: BreakGlass, Reason: reason, EndsAt: &ends})
	if errors.Is(err, ErrUnknown) {
		err = ErrNoOneTo.Because(err)
	}
	return g, err
}

// Approve is the second person's word for break-glass into a confidential space.
func Approve(ctx context.Context, q tenancy.Queries, grant uuid.UUID) error {
	n, err := spacesdb.New(q).GrantApprove(ctx, grant)
	return changed("approve access", n, err, ErrSecond)
}

// GetGrant reads one.
func GetGrant(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Grant, error) {
	g, err := spacesdb.New(q).GrantGet(ctx, id)
	return g, found("read access", err, ErrNoGrant)
}

// Grants reads a page of the access that was given to a space, ended or not.
func Grants(ctx context.Context, q tenancy.Queries, space, after uuid.UUID, limit int) ([]Grant, error) {
	rows, err := spacesdb.New(q).GrantPage(ctx, spacesdb.GrantPageParams{SpaceID: space, After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list access: %w", err)
	}
	page := make([]Grant, len(rows))
	for i, r := range rows {
		page[i] = Grant(r)
	}
	return page, nil
}

// EndGrant ends access now: the person reads nothing more from the commit on.
func EndGrant(ctx context.Context, q tenancy.Queries, space, grant uuid.UUID) error {
	n, err := spacesdb.New(q).GrantEnd(ctx, spacesdb.GrantEndParams{ID: grant, SpaceID: space})
	return changed("end access", n, err, ErrNoGrant)
}

// Link shows a file or a folder in another space. Its times are zero where nothing
// limits them.
type Link = spacesdb.LinkFileListRow

// NewLink describes a link into a space.
type NewLink struct {
	Space            uuid.UUID
	Level            string // read, add, edit
	StartsAt, EndsAt *time.Time
}

// LinkFile shows a file in another space. A second call changes the link.
func LinkFile(ctx context.Context, q tenancy.Queries, file uuid.UUID, l NewLink) error {
	err := spacesdb.New(q).LinkFileSet(ctx, spacesdb.LinkFileSetParams{FileID: file, SpaceID: l.Space, Level: l.Level, StartsAt: l.StartsAt, EndsAt: l.EndsAt})
	return linked("link file", err)
}

// LinkFolder shows a folder, and what is below it, in another space.
func LinkFolder(ctx context.Context, q tenancy.Queries, folder uuid.UUID, l NewLink) error {
	err := spacesdb.New(q).LinkFolderSet(ctx, spacesdb.LinkFolderSetParams{FolderID: folder, SpaceID: l.Space, Level: l.Level, StartsAt: l.StartsAt, EndsAt: l.EndsAt})
	return linked("link folder", err)
}

func linked(what string, err error) error {
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == foreignKeyViolation:
		return ErrNoSpace.Because(err)
	case errors.As(err, &pg) && pg.Code == checkViolation:
		return ErrLinkLevel.Because(err)
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// ErrNoLink is what the end of a link meets that is not there.
var ErrNoLink = fault.New(fault.NotFound, "link_not_found", "There is no such link.")

// UnlinkFile ends a link: access by it is lost with the commit.
func UnlinkFile(ctx context.Context, q tenancy.Queries, file, space uuid.UUID) error {
	n, err := spacesdb.New(q).LinkFileDelete(ctx, spacesdb.LinkFileDeleteParams{FileID: file, SpaceID: space})
	return changed("end link", n, err, ErrNoLink)
}

// UnlinkFolder ends a folder's link.
func UnlinkFolder(ctx context.Context, q tenancy.Queries, folder, space uuid.UUID) error {
	n, err := spacesdb.New(q).LinkFolderDelete(ctx, spacesdb.LinkFolderDeleteParams{FolderID: folder, SpaceID: space})
	return changed("end link", n, err, ErrNoLink)
}

// FileLinks lists the links of a file that the actor may see.
func FileLinks(ctx context.Context, q tenancy.Queries, file uuid.UUID) ([]Link, error) {
	return spacesdb.New(q).LinkFileList(ctx, file)
}

// FolderLinks lists the links of a folder that the actor may see.
func FolderLinks(ctx context.Context, q tenancy.Queries, folder uuid.UUID) ([]Link, error) {
	rows, err := spacesdb.New(q).LinkFolderList(ctx, folder)
	links := make([]Link, len(rows))
	for i, r := range rows {
		links[i] = Link(r)
	}
	return links, err
}

// LinkedFolders lists the folders of other spaces that are shown in a space.
func LinkedFolders(ctx context.Context, q tenancy.Queries, space uuid.UUID) ([]Folder, error) {
	rows, err := spacesdb.New(q).LinkedFolders(ctx, space)
	list := make([]Folder, len(rows))
	for i, r := range rows {
		list[i] = Folder(r)
	}
	return list, err
}

// MyHandIn reads the actor's own hand-in; zero where nothing was handed in.
func MyHandIn(ctx context.Context, q tenancy.Queries, folder uuid.UUID) (spacesdb.HandInMineRow, error) {
	h, err := spacesdb.New(q).HandInMine(ctx, folder)
	if errors.Is(err, pgx.ErrNoRows) {
		return spacesdb.HandInMineRow{}, nil
	}
	return h, err
}

// Star marks a file for the actor; Unstar takes the mark away.
func Star(ctx context.Context, q tenancy.Queries, file uuid.UUID) error {
	return spacesdb.New(q).StarInsert(ctx, file)
}

// Unstar takes the mark of Star away.
func Unstar(ctx context.Context, q tenancy.Queries, file uuid.UUID) error {
	return spacesdb.New(q).StarDelete(ctx, file)
}
