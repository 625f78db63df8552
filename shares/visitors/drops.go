package visitors

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/shares"
	"satchel/shares/visitors/visitorsdb"
	"satchel/tenancy"
)

// What a drop box refuses.
var (
	ErrDropFull    = fault.New(fault.Denied, "drop_full", "This drop box takes no more files. Ask the person who sent you the link to allow more.")
	ErrDropTooMuch = fault.New(fault.TooLarge, "drop_too_much", "There is not enough room left in this drop box for this file. Send a smaller one, or ask the person who sent you the link.")
)

// Drop is one file that a visitor sends.
type Drop struct {
	Ref     tenancy.ShareVisit
	Version uuid.UUID
	Dropper uuid.UUID // in the visitor's ticket
	Giver   string    // the name that they gave
}

// Lock lets the drops of one box in one after another, from before a file has its name: two
// at once would take the same free one, and one of them would be refused.
func Lock(ctx context.Context, tx *tenancy.Tx, share uuid.UUID) error {
	return visitorsdb.New(tx).DropLock(ctx, share)
}

// Add counts a dropped file against the bounds of its share, in the transaction that makes
// the file.
func Add(ctx context.Context, tx *tenancy.Tx, d Drop) error {
	why, err := visitorsdb.New(tx).DropInsert(ctx, visitorsdb.DropInsertParams{ShareID: d.Ref.Share, VersionID: d.Version, Dropper: d.Dropper, RecipientID: d.Ref.Recipient, Giver: d.Giver})
	switch {
	case err != nil:
		return err
	case why == "drop_full":
		return ErrDropFull
	case why == "drop_too_much":
		return ErrDropTooMuch
	case why != "":
		if f := Refusal(shares.Status(why)); f != nil {
			return f
		}
		return ErrNotDrop
	}
	return audit.Record(ctx, tx, audit.Event{Action: "share.drop", ObjectID: d.Ref.Share.String(), Code: d.Version.String()})
}

// Accepts refuses a name whose ending the drop box does not take. What the file holds is
// the inspection's to say.
func (s Share) Accepts(name string) error {
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if len(s.Accepted) == 0 || slices.Contains(s.Accepted, extension) {
		return nil
	}
	return fault.New(fault.Invalid, "type_not_allowed", "This drop box takes %s. The file is called %q. Save it as one of those kinds and send it again.",
		strings.Join(s.Accepted, ", "), name).Under("not_accepted_here")
}

// Dropped is a file as the visitor who sent it sees it.
type Dropped struct {
	Version, File   uuid.UUID
	Name            string
	Size            int64
	Status, Reason  string // of the version
	Found, Expected string // what the content is and what the name says, where they differ
	At              time.Time
}

// mostDropped is how many are shown.
const mostDropped = 200

// ListDropped gives what one visitor dropped, the newest first.
func ListDropped(ctx context.Context, q tenancy.Queries, share, dropper uuid.UUID) ([]Dropped, error) {
	rows, err := visitorsdb.New(q).DropPage(ctx, visitorsdb.DropPageParams{ShareID: share, Dropper: dropper, Most: mostDropped})
	found := make([]Dropped, len(rows))
	for i, r := range rows {
		found[i] = Dropped{r.VersionID, r.FileID, r.Name, r.Size, r.Status, r.StatusReason, r.FoundKind, r.ExpectedKind, r.CreatedAt}
	}
	return found, err
}

// IsDropper says whether the visitor sent this upload.
func IsDropper(ctx context.Context, q tenancy.Queries, share, version, dropper uuid.UUID) (bool, error) {
	return visitorsdb.New(q).DropIs(ctx, visitorsdb.DropIsParams{ShareID: share, VersionID: version, Dropper: dropper})
}
