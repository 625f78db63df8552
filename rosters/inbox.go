package rosters

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
)

// PickupState is how far a package is that was found in the inbox folder.
type PickupState string

// The states. The first two are open.
const (
	PickupSeen     PickupState = "seen"     // it may still be written
	PickupTaken    PickupState = "taken"    // its import has begun, or it is refused and about to be moved
	PickupDone     PickupState = "done"     // its import came beyond reading; the object is moved
	PickupRefused  PickupState = "refused"  // nothing of it is used; the object is moved
	PickupReplaced PickupState = "replaced" // another object came under its name, or someone removed it
)

// Pickup is a package that was found in the inbox folder. Its import has the same id.
type Pickup struct {
	ID, Source uuid.UUID
	Name       string
	ETag       string
	Size       int64
	State      PickupState
	Code       string // why it is refused without an import
	MovedTo    string // below the folder of the source
	SeenAt     time.Time
	TakenAt    *time.Time
	EndedAt    *time.Time
}

// InInbox is an object in the folder of a source.
type InInbox struct {
	Name, ETag string
	Size       int64
}

// ErrPickupChanged says that the object is no longer the one that was seen.
var ErrPickupChanged = fault.New(fault.Conflict, "roster_pickup_changed", "The package in the inbox folder is no longer the one that was seen.")

// SeePickup notes an object of the inbox folder, and says whether it has been the same
// for as long as settle. One that changed begins again; one that is taken stays as it was
// taken, and the caller compares the ETag.
func SeePickup(ctx context.Context, q tenancy.Queries, source uuid.UUID, f InInbox, settle time.Duration) (Pickup, bool, error) {
	r, err := rostersdb.New(q).PickupSee(ctx, rostersdb.PickupSeeParams{ID: tenancy.NewID(), SourceID: source, Name: f.Name, Etag: f.ETag, Size: f.Size, Settle: settle})
	if err != nil {
		return Pickup{}, false, fmt.Errorf("note package in the inbox: %w", err)
	}
	return Pickup{ID: r.ID, Source: source, Name: f.Name, ETag: r.Etag, Size: r.Size, State: PickupState(r.State), Code: value(r.Code)}, r.Settled, nil
}

// takePickup notes in the transaction that makes the import that its object is taken.
func takePickup(ctx context.Context, q *rostersdb.Queries, p Package) error {
	if p.Pickup == "" {
		return nil
	}
	n, err := q.PickupTake(ctx, rostersdb.PickupTakeParams{ID: p.Import, Etag: p.Pickup})
	switch {
	case err != nil:
		return fmt.Errorf("take package from the inbox: %w", err)
	case n == 0:
		return ErrPickupChanged
	}
	return nil
}

// RefusePickup takes an object of which no import can be made, with the reason.
func RefusePickup(ctx context.Context, q tenancy.Queries, p Pickup, code string) error {
	if _, err := rostersdb.New(q).PickupTake(ctx, rostersdb.PickupTakeParams{ID: p.ID, Etag: p.ETag, Code: &code}); err != nil {
		return fmt.Errorf("refuse package in the inbox: %w", err)
	}
	return nil
}

// EndPickup notes what became of an object, and where it is now. It changes nothing of
// one that has ended.
func EndPickup(ctx context.Context, q tenancy.Queries, id uuid.UUID, to PickupState, movedTo string) error {
	var at *string
	if movedTo != "" {
		at = &movedTo
	}
	if _, err := rostersdb.New(q).PickupEnd(ctx, rostersdb.PickupEndParams{ID: id, State: string(to), MovedTo: at}); err != nil {
		return fmt.Errorf("end package of the inbox: %w", err)
	}
	return nil
}

// ForgetPickup removes the row of a package.
func ForgetPickup(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if err := rostersdb.New(q).PickupForget(ctx, id); err != nil {
		return fmt.Errorf("forget package of the inbox: %w", err)
	}
	return nil
}

// OpenPickups lists what was seen or taken of a source's folder and has not ended.
func OpenPickups(ctx context.Context, q tenancy.Queries, source uuid.UUID) ([]Pickup, error) {
	rows, err := rostersdb.New(q).PickupsOpen(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("list packages of the inbox: %w", err)
	}
	open := make([]Pickup, len(rows))
	for i, r := range rows {
		open[i] = pickup(rostersdb.PickupPageRow(r))
	}
	return open, nil
}

// ListPickups pages through what was found in the inbox folder, the newest first.
func ListPickups(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Pickup, error) {
	rows, err := rostersdb.New(q).PickupPage(ctx, rostersdb.PickupPageParams{Before: before, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list packages of the inbox: %w", err)
	}
	page := make([]Pickup, len(rows))
	for i, r := range rows {
		page[i] = pickup(r)
	}
	return page, nil
}

func pickup(r rostersdb.PickupPageRow) Pickup {
	return Pickup{ID: r.ID, Source: r.SourceID, Name: r.Name, ETag: r.Etag, Size: r.Size, State: PickupState(r.State), Code: value(r.Code),
		MovedTo: value(r.MovedTo), SeenAt: r.SeenAt, TakenAt: r.TakenAt, EndedAt: r.EndedAt}
}

// OldPickups lists those that ended so long ago that their objects go, and where these are.
func OldPickups(ctx context.Context, q tenancy.Queries, source uuid.UUID, most int) ([]Pickup, error) {
	rows, err := rostersdb.New(q).PickupsOld(ctx, rostersdb.PickupsOldParams{SourceID: source, Kept: Kept, Most: int64(most)})
	if err != nil {
		return nil, fmt.Errorf("list old packages of the inbox: %w", err)
	}
	old := make([]Pickup, len(rows))
	for i, r := range rows {
		old[i] = Pickup{ID: r.ID, MovedTo: value(r.MovedTo)}
	}
	return old, nil
}
