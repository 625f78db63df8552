package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// BulkAction is what is done to each of many files.
type BulkAction string

// The actions.
const (
	BulkMove    BulkAction = "move"
	BulkTrash   BulkAction = "trash"
	BulkRestore BulkAction = "restore"
	BulkTag     BulkAction = "tag"
)

// BulkActions lists every action.
var BulkActions = []BulkAction{BulkMove, BulkTrash, BulkRestore, BulkTag}

// OnConflict is what a move does with a file whose name the folder has already.
type OnConflict string

// What a move does.
const (
	ConflictFails   OnConflict = "fail"   // the file is refused
	ConflictRenames OnConflict = "rename" // the file gets a number behind its name
	ConflictSkips   OnConflict = "skip"   // the file stays where it is
)

// OnConflicts lists every one.
var OnConflicts = []OnConflict{ConflictFails, ConflictRenames, ConflictSkips}

// MaxBulk is how many files one change may name.
const MaxBulk = 1000

// ErrNoBulk is a change that the caller did not ask for, or of which nothing is kept.
var ErrNoBulk = fault.New(fault.NotFound, "bulk_change_not_found", "There is no such change of yours. What became of one is kept for 30 days.")

// Bulk is a change of many files. Its id is that of the operation.
type Bulk struct {
	ID            uuid.UUID
	Action        BulkAction
	Space, Folder uuid.UUID // of a move, as in Change
	OnConflict    OnConflict
	Add, Remove   []string  // clean tags
	Actor, Key    uuid.UUID // for whom it runs; Key is zero for a person's own token
	CreatedAt     time.Time
	State         string // of the operation
	EndedAt       *time.Time
	Files         []uuid.UUID // of a new one, each once
}

// BulkItem is what became of one file.
type BulkItem = filesdb.BulkItemListRow

// BulkSums count the files of a change.
type BulkSums = filesdb.BulkSumsRow

// InsertBulk makes the rows of a change, in the transaction that makes its operation.
func InsertBulk(ctx context.Context, tx *tenancy.Tx, b Bulk) error {
	q := filesdb.New(tx)
	if b.Add == nil {
		b.Add = []string{}
	}
	if b.Remove == nil {
		b.Remove = []string{}
	}
	err := q.BulkInsert(ctx, filesdb.BulkInsertParams{ID: b.ID, Action: string(b.Action), SpaceID: orNil(b.Space), FolderID: orNil(b.Folder),
		AddTags: b.Add, RemoveTags: b.Remove, ActorID: b.Actor, KeyID: orNil(b.Key), OnConflict: string(cmp.Or(b.OnConflict, ConflictFails))})
	if err != nil {
		return fmt.Errorf("insert bulk change: %w", err)
	}
	if err := q.BulkItemInsert(ctx, filesdb.BulkItemInsertParams{ChangeID: b.ID, Files: b.Files}); err != nil {
		return fmt.Errorf("insert files of bulk change: %w", err)
	}
	return nil
}

// GetBulk reads a change.
func GetBulk(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Bulk, error) {
	r, err := filesdb.New(q).BulkGet(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Bulk{}, ErrNoBulk
	case err != nil:
		return Bulk{}, fmt.Errorf("read bulk change: %w", err)
	}
	return Bulk{ID: r.ID, Action: BulkAction(r.Action), Space: orZero(r.SpaceID), Folder: orZero(r.FolderID), Add: r.AddTags, Remove: r.RemoveTags,
		Actor: r.ActorID, Key: orZero(r.KeyID), OnConflict: OnConflict(r.OnConflict), CreatedAt: r.CreatedAt, State: r.State, EndedAt: r.EndedAt}, nil
}

// BulkItems reads what became of each file of a change, in the order of the request.
func BulkItems(ctx context.Context, q tenancy.Queries, id uuid.UUID) ([]BulkItem, error) {
	items, err := filesdb.New(q).BulkItemList(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read files of bulk change: %w", err)
	}
	return items, nil
}

// CountBulk counts what became of the files of a change.
func CountBulk(ctx context.Context, q tenancy.Queries, id uuid.UUID) (BulkSums, error) {
	return filesdb.New(q).BulkSums(ctx, id)
}

// PendingBulk reads the numbers of items that are not done, behind one.
func PendingBulk(ctx context.Context, q tenancy.Queries, id uuid.UUID, after int32, n int64) ([]int32, error) {
	return filesdb.New(q).BulkItemPending(ctx, filesdb.BulkItemPendingParams{ChangeID: id, After: after, Most: n})
}

// ChangeBulkItem does what a change wants to one file, in a transaction of the person for
// whom it runs, and notes that it is done: the two are committed together, so that an
// item is done once however often it is tried. It names versions whose workflows must be
// cancelled after the commit. What another process has done is left alone.
func ChangeBulkItem(ctx context.Context, tx *tenancy.Tx, b Bulk, number int32) (open []uuid.UUID, err error) {
	q := filesdb.New(tx)
	file, err := q.BulkItemTake(ctx, filesdb.BulkItemTakeParams{ChangeID: b.ID, Number: number})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take file of bulk change: %w", err)
	}
	may, err := q.FileMayBeChanged(ctx, file)
	switch {
	case err != nil:
		return nil, orNotFound(err)
	case !may:
		return nil, ErrNotYours
	}
	switch b.Action {
	case BulkMove:
		err = moveBulkItem(ctx, tx, b, file)
	case BulkTrash:
		open, err = Trash(ctx, tx, file)
	case BulkRestore:
		err = Restore(ctx, tx, file, b.OnConflict)
	case BulkTag:
		err = Tag(ctx, tx, file, b.Actor, b.Add, b.Remove)
	default:
		err = fmt.Errorf("bulk change %s has the action %q", b.ID, b.Action)
	}
	if err != nil {
		return nil, err
	}
	return open, q.BulkItemEnd(ctx, filesdb.BulkItemEndParams{ChangeID: b.ID, Number: number, Result: "ok"})
}

func moveBulkItem(ctx context.Context, tx *tenancy.Tx, b Bulk, file uuid.UUID) error {
	c := Change{Moves: true, Space: b.Space, Folder: b.Folder}
	if b.OnConflict == ConflictRenames && b.Folder != uuid.Nil {
		name, err := filesdb.New(tx).FileNameIn(ctx, filesdb.FileNameInParams{ID: file, FolderID: b.Folder})
		if err != nil {
			return orNotFound(err)
		}
		c.Name = &name
	}
	return Update(ctx, tx, file, c)
}

// RefuseBulkItem notes why nothing was done to a file: it was refused, or skipped as the
// change wants it. One that is done stays so.
func RefuseBulkItem(ctx context.Context, q tenancy.Queries, b Bulk, number int32, why *fault.Fault) error {
	result := "refused"
	if b.OnConflict == ConflictSkips && why.Code == ErrNameTaken.Code {
		result = "skipped"
	}
	err := filesdb.New(q).BulkItemEnd(ctx, filesdb.BulkItemEndParams{ChangeID: b.ID, Number: number, Result: result, Code: why.Code, Detail: why.Text})
	if err != nil {
		return fmt.Errorf("note refusal of bulk change: %w", err)
	}
	return nil
}

// DeleteOldBulk removes up to n changes that are older than that, with what became of
// their files.
func DeleteOldBulk(ctx context.Context, q tenancy.Queries, older time.Duration, n int64) error {
	return filesdb.New(q).BulkDeleteOld(ctx, filesdb.BulkDeleteOldParams{OlderThan: older, Most: n})
}

func orZero(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
