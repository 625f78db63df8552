package connections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/roblox"
	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
)

// State is where an asset is on its way.
type State string

// The states.
const (
	Planned   State = "planned"   // it is to be uploaded
	Claimed   State = "claimed"   // a request is on its way
	Uploading State = "uploading" // Roblox works on it
	Reviewing State = "reviewing" // Roblox moderates it
	Approved  State = "approved"  // the universe has no grant yet
	Live      State = "live"
	Rejected  State = "rejected"  // by Roblox's moderation
	Refused   State = "refused"   // Roblox takes no such file
	Withheld  State = "withheld"  // it may not leave the organization
	Unsure    State = "unsure"    // it may be there: a person looks
	Archiving State = "archiving" // it is not wanted any more
	Archived  State = "archived"
	Restoring State = "restoring" // it is wanted again
)

// States lists every state.
var States = []State{Planned, Claimed, Uploading, Reviewing, Approved, Live, Rejected, Refused, Withheld, Unsure, Archiving, Archived, Restoring}

// Asset is one row.
type Asset struct {
	ID, File, Version uuid.UUID
	Name              string
	Type              roblox.AssetType
	SHA256            string
	State             State
	Code              string
	Wanted            bool
	Claim             *uuid.UUID
	ClaimedAt         *time.Time
	Operation         string
	AssetID           *int64
	Tries             int
	DecidedBy         *uuid.UUID
	DecidedAt         *time.Time
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Wanted is one published file that should be an asset.
type Wanted struct {
	File, Version          uuid.UUID
	Name, SHA256, MimeType string
	Size                   int64
}

// FilesWanted reads published files of spaces behind one, of the kinds that may be assets.
func FilesWanted(ctx context.Context, q tenancy.Queries, spaces []uuid.UUID, after uuid.UUID, n int) ([]Wanted, error) {
	rows, err := connectionsdb.New(q).FilesWanted(ctx, connectionsdb.FilesWantedParams{Spaces: spaces, Types: roblox.MediaTypes(), After: after, N: int64(n)})
	all := make([]Wanted, len(rows))
	for i, r := range rows {
		all[i] = Wanted{File: r.ID, Version: r.VersionID, Name: r.Name, SHA256: r.Sha256, MimeType: r.MimeType, Size: r.Size}
	}
	return all, wrap(err, "list files for Roblox")
}

// lookAgain is after how long a live asset is looked at again: moderation may reject it late.
const lookAgain = 24 * time.Hour

// Planning writes which files are wanted. All else is not wanted when it ends.
type Planning struct {
	tx         *tenancy.Tx
	connection uuid.UUID
}

// Plan runs f in one transaction, in which it says what is wanted.
func Plan(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, connection uuid.UUID, f func(Planning) error) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		q := connectionsdb.New(tx)
		if err := q.AssetUnplanAll(ctx, connection); err != nil {
			return fmt.Errorf("plan assets: %w", err)
		}
		if err := q.LessonUnplanAll(ctx, connection); err != nil {
			return fmt.Errorf("plan lessons: %w", err)
		}
		if err := f(Planning{tx, connection}); err != nil {
			return err
		}
		if err := settleLessons(ctx, q, connection); err != nil {
			return err
		}
		return wrap(q.AssetSettle(ctx, connectionsdb.AssetSettleParams{ConnectionID: connection, LookAgain: lookAgain}), "settle plan of assets")
	})
}

// Add says that a file is wanted, or by which rule it may not leave.
func (p Planning) Add(ctx context.Context, w Wanted, t roblox.AssetType, state State, code string) error {
	err := connectionsdb.New(p.tx).AssetPlan(ctx, connectionsdb.AssetPlanParams{ID: tenancy.NewID(), ConnectionID: p.connection, FileID: w.File, VersionID: w.Version, Name: w.Name, AssetType: string(t),
		Sha256: w.SHA256, State: string(state), Code: code})
	return wrap(err, "plan asset")
}

// Due reads what has something to do now.
func Due(ctx context.Context, q tenancy.Queries, connection uuid.UUID, n int) ([]Asset, error) {
	rows, err := connectionsdb.New(q).AssetsDue(ctx, connectionsdb.AssetsDueParams{ConnectionID: connection, N: int64(n)})
	all := make([]Asset, len(rows))
	for i, r := range rows {
		all[i] = Asset{ID: r.ID, File: r.FileID, Version: r.VersionID, Name: r.Name, Type: roblox.AssetType(r.AssetType), SHA256: r.Sha256, State: State(r.State), Code: r.Code, Wanted: r.Wanted, Claim: r.Claim,
			ClaimedAt: r.ClaimedAt, Operation: r.OperationID, AssetID: r.AssetID, Tries: int(r.Tries), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	}
	return all, wrap(err, "list assets that are due")
}

// Left counts what has something to do within a day, and says when that begins.
func Left(ctx context.Context, q tenancy.Queries, connection uuid.UUID) (int64, time.Time, error) {
	r, err := connectionsdb.New(q).AssetsLeft(ctx, connection)
	return r.N, r.NextAt, wrap(err, "count assets that are left")
}

// lease is how long a claim holds: a request has ended then, in whatever process it was.
const lease = 5 * time.Minute

// ClaimUpload notes that the upload begins. False: it is not this step's any more.
func ClaimUpload(ctx context.Context, q tenancy.Queries, a *Asset) (bool, error) {
	claim := tenancy.NewID()
	n, err := connectionsdb.New(q).AssetClaim(ctx, connectionsdb.AssetClaimParams{ID: a.ID, Claim: &claim, Lease: lease})
	if err == nil && n == 1 {
		a.State, a.Claim = Claimed, &claim
	}
	return n == 1, wrap(err, "claim asset")
}

// Move is what becomes of an asset.
type Move struct {
	To        State
	Code      string
	Operation string
	AssetID   *int64
	Tries     int
	Pause     time.Duration // until the next step
	Rests     bool          // there is no next step
}

// MoveAsset writes it, unless the row is not any more as it was read.
func MoveAsset(ctx context.Context, q tenancy.Queries, a Asset, m Move) error {
	p := connectionsdb.AssetMoveParams{ID: a.ID, Was: string(a.State), Claim: a.Claim, State: string(m.To), Code: m.Code, OperationID: m.Operation, AssetID: m.AssetID,
		Tries: int32(min(m.Tries, 1000)), Pause: m.Pause, GoesOn: !m.Rests}
	if p.OperationID == "" {
		p.OperationID = a.Operation
	}
	if p.AssetID == nil {
		p.AssetID = a.AssetID
	}
	_, err := connectionsdb.New(q).AssetMove(ctx, p)
	return wrap(err, "move asset")
}

// Counts gives how many assets are in each state.
func Counts(ctx context.Context, q tenancy.Queries, connection uuid.UUID) (map[State]int64, error) {
	rows, err := connectionsdb.New(q).AssetCounts(ctx, connection)
	counts := map[State]int64{}
	for _, r := range rows {
		counts[State(r.State)] = r.N
	}
	return counts, wrap(err, "count assets")
}

// Assets reads a page, by id.
func Assets(ctx context.Context, q tenancy.Queries, connection uuid.UUID, state State, after uuid.UUID, n int) ([]Asset, error) {
	rows, err := connectionsdb.New(q).AssetList(ctx, connectionsdb.AssetListParams{ConnectionID: connection, State: string(state), After: after, N: int64(n)})
	all := make([]Asset, len(rows))
	for i, r := range rows {
		all[i] = shown(connectionsdb.AssetGetRow(r))
	}
	return all, wrap(err, "list assets")
}

func shown(r connectionsdb.AssetGetRow) Asset {
	return Asset{ID: r.ID, File: r.FileID, Version: r.VersionID, Name: r.Name, Type: roblox.AssetType(r.AssetType), SHA256: r.Sha256, State: State(r.State), Code: r.Code, Operation: r.OperationID,
		AssetID: r.AssetID, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, ClaimedAt: r.ClaimedAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

// GetAsset reads one.
func GetAsset(ctx context.Context, q tenancy.Queries, connection, id uuid.UUID) (Asset, error) {
	r, err := connectionsdb.New(q).AssetGet(ctx, connectionsdb.AssetGetParams{ID: id, ConnectionID: connection})
	if err != nil {
		return Asset{}, notFound(err, ErrNoAsset, "read asset")
	}
	return shown(r), nil
}

// Decide is a person's word about an unsure asset: the number that it has at Roblox, or zero
// where it is not there, so that it is uploaded again.
func Decide(ctx context.Context, tx *tenancy.Tx, connection, id, by uuid.UUID, number int64) error {
	a, err := GetAsset(ctx, tx, connection, id)
	if err != nil {
		return err
	}
	q := connectionsdb.New(tx)
	p := connectionsdb.AssetDecideParams{ID: id, ConnectionID: connection, State: string(Planned), DecidedBy: &by}
	code := "not_there"
	if number != 0 {
		p.State, p.AssetID, code = string(Reviewing), &number, "there"
		taken, err := q.AssetNumberTaken(ctx, connectionsdb.AssetNumberTakenParams{ConnectionID: connection, AssetID: number})
		if err != nil {
			return fmt.Errorf("look for asset: %w", err)
		}
		if taken && a.State == Unsure {
			return ErrNumber
		}
	}
	n, err := q.AssetDecide(ctx, p)
	switch {
	case err != nil:
		return fmt.Errorf("decide about asset: %w", err)
	case n == 0:
		return ErrDecided
	}
	return audit.Record(ctx, tx, audit.Event{Action: "roblox.decide", ObjectID: id.String(), Code: code})
}

// Entry is an asset as experiences find it.
type Entry struct {
	File   uuid.UUID        `json:"-"`
	Asset  int64            `json:"id"`
	Type   roblox.AssetType `json:"type"`
	Name   string           `json:"name"`
	SHA256 string           `json:"sha256"`
}

// LiveAssets are those that experiences may use, by file.
func LiveAssets(ctx context.Context, q tenancy.Queries, connection uuid.UUID) ([]Entry, error) {
	rows, err := connectionsdb.New(q).AssetsLive(ctx, connection)
	all := make([]Entry, 0, len(rows))
	for _, r := range rows {
		if r.AssetID != nil {
			all = append(all, Entry{File: r.FileID, Asset: *r.AssetID, Type: roblox.AssetType(r.AssetType), Name: r.Name, SHA256: r.Sha256})
		}
	}
	return all, wrap(err, "list live assets")
}

// Source is where the bytes of a version are.
type Source struct {
	File           uuid.UUID
	ETag, MimeType string
	Name           string
	Size           int64
	Current        bool // it is what the file shows now
}

// SourceOf reads it.
func SourceOf(ctx context.Context, q tenancy.Queries, version uuid.UUID) (Source, error) {
	r, err := connectionsdb.New(q).VersionSource(ctx, version)
	if err != nil {
		return Source{}, notFound(err, roblox.ErrNotFound, "read source of asset")
	}
	return Source{File: r.FileID, ETag: r.ObjectEtag, MimeType: r.MimeType, Name: r.Name, Size: r.Size, Current: r.Current}, nil
}

// PlannedByType counts what is to be uploaded, by the type in small letters.
func PlannedByType(ctx context.Context, q tenancy.Queries, connection uuid.UUID) (map[string]int64, error) {
	rows, err := connectionsdb.New(q).AssetPlannedByType(ctx, connection)
	counts := map[string]int64{}
	for _, r := range rows {
		counts[strings.ToLower(r.AssetType)] = r.N
	}
	return counts, wrap(err, "count planned assets")
}
