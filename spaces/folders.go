package spaces

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/spaces/spacesdb"
	"satchel/tenancy"
)

// Mode is what a folder does with what is put into it.
type Mode string

// The modes.
const (
	Shared  Mode = "shared"
	HandOut Mode = "handout" // staff add, all read from opens_at on
	HandIn  Mode = "handin"  // students add, each alone with the staff
)

// Modes lists every mode.
var Modes = []Mode{Shared, HandOut, HandIn}

// What a caller of folders can meet.
var (
	ErrNoFolder    = fault.New(fault.NotFound, "folder_not_found", "There is no such folder for you.")
	ErrFolderTaken = fault.New(fault.Conflict, "name_taken", "There is a folder of this name here already; case and accents written another way do not make it another. Choose another name, or open that folder.")
	ErrFilled      = fault.New(fault.Conflict, "folder_not_empty", "There are files or folders in it, in the trash perhaps. Move or delete them first.")
	ErrTimes       = fault.New(fault.Invalid, "invalid_times", "A shared folder has no times. A hand-out has opens_at. A hand-in has opens_at, due_at and closes_at, which is after opens_at.")
	ErrNothing     = fault.New(fault.Conflict, "nothing_to_hand_in", "There is no file of yours in this folder that is not handed in. Put your file into it first.")
	ErrNotHandIn   = fault.New(fault.NotFound, "hand_in_not_found", "This folder is not a hand-in of yours.")
	ErrManyFiles   = fault.New(fault.Conflict, "too_many_files", "There are more than %d files in this folder, which is more than one move into another space takes. Move the folders in it one after another.", MaxMoved)
	ErrTooLate     = fault.New(fault.Conflict, "hand_in_final", "What is due, returned or not handed in cannot be taken back. Ask your teacher to return it.")
)

// Folder is one row.
type Folder = spacesdb.FolderGetRow

// NewFolder describes a folder.
type NewFolder struct {
	ID           uuid.UUID
	Space        uuid.UUID
	Parent       *uuid.UUID // nil: at the top of the space
	Name         string
	Mode         Mode
	Instructions string
	OpensAt      *time.Time
	DueAt        *time.Time
	ClosesAt     *time.Time
	Accepted     []string // extensions without a dot, of a hand-in
}

// CreateFolder makes a folder. The same id again changes nothing.
func CreateFolder(ctx context.Context, q tenancy.Queries, n NewFolder) (Folder, error) {
	name, err := cleanName(n.Name, 255)
	if err != nil {
		return Folder{}, err
	}
	if n.Accepted == nil {
		n.Accepted = []string{}
	}
	_, err = spacesdb.New(q).FolderInsert(ctx, spacesdb.FolderInsertParams{
		ID: n.ID, SpaceID: n.Space, ParentID: n.Parent, Name: name, Mode: string(n.Mode), Instructions: n.Instructions,
		OpensAt: n.OpensAt, DueAt: n.DueAt, ClosesAt: n.ClosesAt, Accepted: n.Accepted,
	})
	if err != nil {
		return Folder{}, folderFault("make folder", err)
	}
	return GetFolder(ctx, q, n.ID)
}

// GetFolder reads one folder.
func GetFolder(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Folder, error) {
	f, err := spacesdb.New(q).FolderGet(ctx, id)
	return f, found("read folder", err, ErrNoFolder)
}

// Ancestor is a folder above another one, or that one itself.
type Ancestor = spacesdb.FolderTrailRow

// Path lists the folders from the top of the space to the folder itself.
func Path(ctx context.Context, q tenancy.Queries, id uuid.UUID) ([]Ancestor, error) {
	return spacesdb.New(q).FolderTrail(ctx, id)
}

// ListFolders reads a page of the folders in a folder, or at the top of a space, by
// name.
func ListFolders(ctx context.Context, q tenancy.Queries, space uuid.UUID, parent *uuid.UUID, after uuid.UUID, limit int) ([]Folder, error) {
	rows, err := spacesdb.New(q).FolderPage(ctx, spacesdb.FolderPageParams{SpaceID: space, ParentID: parent, After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	page := make([]Folder, len(rows))
	for i, r := range rows {
		page[i] = Folder(r)
	}
	return page, nil
}

// FolderChange is what PATCH may change of a folder.
type FolderChange struct {
	Name, Instructions *string
	Moves              bool       // to Space and Parent
	Space              *uuid.UUID // nil: it stays in its space
	Parent             *uuid.UUID // nil: to the top
	Accepted           []string   // nil: as it is

	SetsOpensAt, SetsDueAt, SetsClosesAt bool
	OpensAt, DueAt, ClosesAt             *time.Time
}

// MaxMoved is how many files a folder may take along into another space: the move is one
// transaction, so that access is lost and gained at once, and it takes 0.3 ms a file.
const MaxMoved = 20_000

// UpdateFolder renames, moves or times a folder: one row, and where it moves the rows
// of the paths below it, however many files are in it. Only a move into another
// space touches its files.
func UpdateFolder(ctx context.Context, q tenancy.Queries, id uuid.UUID, c FolderChange) error {
	if c.Name != nil {
		name, err := cleanName(*c.Name, 255)
		if err != nil {
			return err
		}
		c.Name = &name
	}
	if c.Moves && c.Space != nil {
		if err := fewEnough(ctx, q, id, *c.Space); err != nil {
			return err
		}
	}
	n, err := spacesdb.New(q).FolderUpdate(ctx, spacesdb.FolderUpdateParams{
		ID: id, Name: c.Name, Instructions: c.Instructions, Moves: c.Moves, SpaceID: c.Space, ParentID: c.Parent, Accepted: c.Accepted,
		SetsOpensAt: c.SetsOpensAt, OpensAt: c.OpensAt, SetsDueAt: c.SetsDueAt, DueAt: c.DueAt, SetsClosesAt: c.SetsClosesAt, ClosesAt: c.ClosesAt,
	})
	if err != nil {
		return folderFault("change folder", err)
	}
	if n == 0 {
		return tenancy.ErrNotAllowedHere
	}
	return nil
}

// fewEnough refuses a move into another space that would lock its files for too long.
func fewEnough(ctx context.Context, q tenancy.Queries, id, space uuid.UUID) error {
	n, err := spacesdb.New(q).FolderFilesToMove(ctx, spacesdb.FolderFilesToMoveParams{ID: id, SpaceID: space, Most: MaxMoved + 1})
	switch {
	case err != nil:
		return fmt.Errorf("count files to move: %w", err)
	case n > MaxMoved:
		return ErrManyFiles
	}
	return nil
}

// DeleteFolder removes an empty folder.
func DeleteFolder(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	n, err := spacesdb.New(q).FolderDelete(ctx, id)
	if err != nil {
		return folderFault("delete folder", err)
	}
	if n == 0 {
		return tenancy.ErrNotAllowedHere
	}
	return nil
}

func folderFault(what string, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch {
	case pg.Code == uniqueViolation && pg.ConstraintName == "folders_named":
		return ErrFolderTaken.Because(err)
	case pg.Code == foreignKeyViolation && (pg.TableName == "files" || what == "delete folder"):
		return ErrFilled.Because(err)
	case pg.Code == checkViolation:
		return ErrTimes.Because(err)
	}
	return missing(what, err)
}

// HandInState is what became of one student's work in a hand-in.
type HandInState = spacesdb.HandInStatesRow

// StateOf is the state in one word: missing, in, late or returned.
func StateOf(handedIn, returned, due *time.Time) string {
	switch {
	case returned != nil:
		return "returned"
	case handedIn == nil:
		return "missing"
	case due != nil && handedIn.After(*due):
		return "late"
	}
	return "in"
}

// HandInNow hands in what the actor has put into the folder, and says how many files.
func HandInNow(ctx context.Context, q tenancy.Queries, folder uuid.UUID) (int, error) {
	n, err := spacesdb.New(q).HandIn(ctx, folder)
	switch {
	case err != nil:
		return 0, fmt.Errorf("hand in: %w", err)
	case n < 0:
		return 0, ErrNotHandIn
	case n == 0:
		return 0, ErrNothing
	}
	return int(n), nil
}

// WithdrawHandIn takes back what the actor handed in, before it is due.
func WithdrawHandIn(ctx context.Context, q tenancy.Queries, folder uuid.UUID) error {
	done, err := spacesdb.New(q).HandInWithdraw(ctx, folder)
	if err != nil {
		return fmt.Errorf("take back: %w", err)
	}
	if !done {
		return ErrTooLate
	}
	return nil
}

// ReturnHandIn gives a student their work back, who may go on with it.
func ReturnHandIn(ctx context.Context, q tenancy.Queries, folder, student uuid.UUID, note string) error {
	done, err := spacesdb.New(q).HandInReturn(ctx, spacesdb.HandInReturnParams{FolderID: folder, Student: student, Note: note})
	if err != nil {
		return fmt.Errorf("return work: %w", err)
	}
	if !done {
		return ErrNotHandIn
	}
	return nil
}

// HandIns reads a page of the students of a hand-in and of the state of each, for its
// staff; for others it is empty.
func HandIns(ctx context.Context, q tenancy.Queries, folder, after uuid.UUID, limit int) ([]HandInState, error) {
	rows, err := spacesdb.New(q).HandInStates(ctx, spacesdb.HandInStatesParams{FolderID: folder, After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list hand-ins: %w", err)
	}
	return rows, nil
}
