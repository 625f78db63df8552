package connections

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/roblox"
	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
)

// The refusals of places.
var (
	ErrNoPlace       = fault.New(fault.Invalid, "not_a_place", "This file is no place. Choose a published file whose name ends with .rbxl or .rbxlx and that Roblox Studio wrote.")
	ErrNoPublication = fault.New(fault.NotFound, "roblox_publication_not_found", "There is no such publication of a place.")
	errNoFile        = fault.New(fault.NotFound, "file_not_found", "There is no such file, or nothing of it is published.")
)

// The states of a publication of a place.
const (
	PlaceDone   = "done"
	PlaceFailed = "failed"
	PlaceUnsure = "unsure"
)

// PlaceFile is the file of which a version of a place is made.
type PlaceFile struct {
	File, Version uuid.UUID
	Name, ETag    string
	Size          int64
}

// FindPlace reads the published version of a file that the actor of q may read.
func FindPlace(ctx context.Context, q tenancy.Queries, file uuid.UUID) (PlaceFile, error) {
	r, err := connectionsdb.New(q).PlaceSource(ctx, file)
	switch {
	case err != nil:
		return PlaceFile{}, notFound(err, errNoFile, "read place")
	case r.MimeType != roblox.PlaceType || r.CurrentID == nil || !roblox.IsPlaceName(r.Name):
		return PlaceFile{}, ErrNoPlace
	case r.Size > roblox.MaxPlace:
		return PlaceFile{}, roblox.ErrTooLarge
	}
	return PlaceFile{File: r.ID, Version: *r.CurrentID, Name: r.Name, ETag: r.ObjectEtag, Size: r.Size}, nil
}

// Publication is a version of a place that was asked for.
type Publication struct {
	ID, Connection, File, Version, By uuid.UUID
	Place                             int64
	Publish                           bool
	ContentType                       string
	State                             string
	Code                              string
	Number                            *int64
	Ended                             bool
}

// AskForPlace makes the row of a publication. One that an earlier try made is found.
func AskForPlace(ctx context.Context, tx *tenancy.Tx, p Publication) error {
	c, err := Get(ctx, tx, p.Connection)
	if err != nil {
		return err
	}
	if c.State == Stopped {
		return ErrStopped
	}
	err = connectionsdb.New(tx).PublicationInsert(ctx, connectionsdb.PublicationInsertParams{ID: p.ID, ConnectionID: p.Connection, PlaceID: p.Place, FileID: p.File, VersionID: p.Version, Published: p.Publish,
		ContentType: p.ContentType, RequestedBy: p.By})
	return wrap(err, "ask for a place")
}

// GetPublication reads one.
func GetPublication(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Publication, error) {
	r, err := connectionsdb.New(q).PublicationGet(ctx, id)
	if err != nil {
		return Publication{}, notFound(err, ErrNoPublication, "read publication of a place")
	}
	return Publication{ID: r.ID, Connection: r.ConnectionID, File: r.FileID, Version: r.VersionID, Place: r.PlaceID, Publish: r.Published, ContentType: r.ContentType, State: r.State, Code: r.Code, Number: r.Number, Ended: r.EndedAt != nil}, nil
}

// ClaimPlace notes that the request is on its way; false: one was already.
func ClaimPlace(ctx context.Context, q tenancy.Queries, id uuid.UUID) (bool, error) {
	n, err := connectionsdb.New(q).PublicationClaim(ctx, id)
	return n == 1, wrap(err, "claim place")
}

// ReleasePlace notes that nothing was done.
func ReleasePlace(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := connectionsdb.New(q).PublicationRelease(ctx, id)
	return wrap(err, "release place")
}

// EndPlace notes what became of it. The first end stays.
func EndPlace(ctx context.Context, q tenancy.Queries, id uuid.UUID, state, code string, number *int64) error {
	_, err := connectionsdb.New(q).PublicationEnd(ctx, connectionsdb.PublicationEndParams{ID: id, State: state, Code: code, Number: number})
	return wrap(err, "end publication of a place")
}

// Erasure is a request of Roblox to erase a person.
type Erasure struct {
	ID, Connection uuid.UUID
	User           int64 // zero: it is done
}

// ErrNoErasure is the answer for one that is not there.
var ErrNoErasure = fault.New(fault.NotFound, "roblox_erasure_not_found", "There is no such request to erase a person.")

// ReceiveErasure keeps a request. False: it came before.
func ReceiveErasure(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, e Erasure, notification string) (bool, error) {
	fresh := false
	err := db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		n, err := connectionsdb.New(tx).ErasureInsert(ctx, connectionsdb.ErasureInsertParams{ID: e.ID, ConnectionID: e.Connection, NotificationID: notification, RobloxUserID: e.User})
		if err != nil {
			return fmt.Errorf("keep request to erase: %w", err)
		}
		fresh = n == 1
		if !fresh {
			return nil
		}
		return audit.Record(ctx, tx, audit.Event{Action: "roblox.erasure", ObjectID: e.Connection.String()})
	})
	return fresh, err
}

// GetErasure reads one.
func GetErasure(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Erasure, error) {
	r, err := connectionsdb.New(q).ErasureGet(ctx, id)
	if err != nil {
		return Erasure{}, notFound(err, ErrNoErasure, "read request to erase")
	}
	e := Erasure{ID: r.ID, Connection: r.ConnectionID}
	if r.RobloxUserID != nil {
		e.User = *r.RobloxUserID
	}
	return e, nil
}

// ErasureDone forgets who it was.
func ErasureDone(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	return wrap(connectionsdb.New(q).ErasureDone(ctx, id), "end request to erase")
}
