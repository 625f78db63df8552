// Package connections keeps what an organization brings to Roblox: its connections with
// their keys, what each file became there, and when the next request may go.
package connections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/internal/kms"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/roblox"
	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
	"satchel/tenancy/operations"
)

// The states of a connection.
const (
	Active  = "active"
	Stopped = "stopped"
)

// The refusals of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "roblox_connection_not_found", "There is no such connection to Roblox.")
	ErrNoAsset  = fault.New(fault.NotFound, "roblox_asset_not_found", "There is no such asset of this connection.")
	ErrMade     = fault.New(fault.Conflict, "roblox_connection_made", "An earlier try of this request made the connection. Its secret was shown then and is not shown again; delete it and make another one.")
	ErrTaken    = fault.New(fault.Conflict, "roblox_universe_connected", "Your organization has a connection to this universe already.")
	ErrTooMany  = fault.New(fault.Conflict, "too_many_roblox_connections", "Your organization has 20 connections to Roblox. Delete one first.")
	ErrNoKeys   = fault.New(fault.Unavailable, "no_encryption_keys", "This service keeps no keys of other systems yet: its operator has to set SATCHEL_KMS_KEYS.")
	ErrSealed   = fault.New(fault.Unavailable, "roblox_key_not_readable", "The API key cannot be decrypted with any key of this service. Ask its operator, or give the connection a new API key.")
	ErrStopped  = fault.New(fault.Conflict, "roblox_connection_stopped", "The connection is stopped. Look at its code, put it right in Roblox, and resume the connection.")
	ErrRunning  = fault.New(fault.Conflict, "roblox_sync_running", "A sync of this connection runs. Wait for its end, or cancel its job.")
	ErrDecided  = fault.New(fault.Conflict, "roblox_asset_decided", "This asset is not unsure, or was decided about already.")
	ErrNumber   = fault.New(fault.Conflict, "roblox_asset_known", "Another file of this connection has this asset already. Look again which asset it is.")
	errSpaces   = fault.New(fault.Invalid, "space_not_found", "One of the spaces is not there. Choose spaces of your organization.")
)

// most bounds the connections of an organization.
const most = 20

// KeyInfo is what Roblox said about a key when it was asked last.
type KeyInfo struct {
	ExpiresAt *time.Time     `json:"expires_at"`
	Scopes    []roblox.Scope `json:"scopes"`
	Missing   []string       `json:"missing"`
}

// Connection is one row, without its secrets.
type Connection struct {
	ID         uuid.UUID
	Name       string
	Universe   int64
	Creator    roblox.Creator
	KeyOwner   string
	Key        KeyInfo
	CheckedAt  *time.Time
	Spaces     []uuid.UUID
	Automatic  bool
	Progress   []string // names of what is counted in the experience
	State      string
	Code       string
	Sync       *uuid.UUID
	SyncedAt   *time.Time
	MapVersion string
	ToldAt     *time.Time // when the servers of the experience were told last
	CreatedAt  time.Time
}

func fromRow(r connectionsdb.ConnectionGetRow) (Connection, error) {
	c := Connection{ID: r.ID, Name: r.Name, Universe: r.UniverseID, Creator: roblox.Creator{Type: r.CreatorType, ID: r.CreatorID}, KeyOwner: r.KeyOwner, CheckedAt: r.KeyCheckedAt,
		Spaces: r.SpaceIds, Automatic: r.Automatic, State: r.State, Code: r.Code, Sync: r.SyncID, SyncedAt: r.SyncedAt, MapVersion: r.MapRevision, ToldAt: r.ToldAt, Progress: r.Progress, CreatedAt: r.CreatedAt}
	if err := json.Unmarshal(r.KeyInfo, &c.Key); err != nil {
		return c, fmt.Errorf("read what is known of a key: %w", err)
	}
	return c, nil
}

// Get reads a connection.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Connection, error) {
	r, err := connectionsdb.New(q).ConnectionGet(ctx, id)
	if err != nil {
		return Connection{}, notFound(err, ErrNotFound, "read connection to Roblox")
	}
	return fromRow(r)
}

// List reads all of the organization.
func List(ctx context.Context, q tenancy.Queries) ([]Connection, error) {
	rows, err := connectionsdb.New(q).ConnectionList(ctx)
	if err != nil {
		return nil, fmt.Errorf("list connections to Roblox: %w", err)
	}
	all := make([]Connection, len(rows))
	for i, r := range rows {
		if all[i], err = fromRow(connectionsdb.ConnectionGetRow(r)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Vault seals the secrets of connections. A nil box has no keys.
type Vault struct{ Box *kms.Box }

func place(what string, org tenancy.OrgID, id uuid.UUID) string {
	return "roblox/" + what + "/" + org.String() + "/" + id.String()
}

func (v Vault) seal(ctx context.Context, what string, org tenancy.OrgID, id uuid.UUID, secret string) ([]byte, error) {
	if v.Box == nil {
		return nil, ErrNoKeys
	}
	sealed, err := v.Box.Seal(ctx, []byte(secret), place(what, org, id))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", what, err)
	}
	return sealed, nil
}

func (v Vault) open(ctx context.Context, q tenancy.Queries, what string, org tenancy.OrgID, id uuid.UUID) (string, error) {
	if v.Box == nil {
		return "", ErrNoKeys
	}
	row, err := connectionsdb.New(q).ConnectionSealed(ctx, id)
	if err != nil {
		return "", notFound(err, ErrNotFound, "read secrets of connection")
	}
	sealed := row.KeySealed
	if what == secret {
		sealed = row.SecretSealed
	}
	opened, err := v.Box.Open(ctx, sealed, place(what, org, id))
	if err != nil {
		return "", ErrSealed.Because(err)
	}
	return string(opened), nil
}

const (
	apiKey = "key"
	secret = "secret"
)

// Key opens the API key of a connection.
func (v Vault) Key(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) (string, error) {
	return v.open(ctx, db.Single(org), apiKey, org, id)
}

// Secret opens that with which Roblox signs what it sends.
func (v Vault) Secret(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) (string, error) {
	return v.open(ctx, db.Single(org), secret, org, id)
}

// New is a connection that is made.
type New struct {
	ID, By    uuid.UUID
	Name      string
	Universe  int64
	Creator   roblox.Creator
	APIKey    string
	Known     roblox.Key // what Roblox says about it
	Secret    string
	Spaces    []uuid.UUID
	Automatic bool
	Progress  []string
}

func infoOf(k roblox.Key, universe int64) (json.RawMessage, error) {
	info := KeyInfo{ExpiresAt: k.ExpiresAt, Scopes: k.Scopes, Missing: k.Missing(universe)}
	if info.Scopes == nil {
		info.Scopes = []roblox.Scope{}
	}
	encoded, err := json.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("encode what is known of a key: %w", err)
	}
	return encoded, nil
}

// ownerOf is whose budget a key uses; where Roblox does not say, the creator's.
func ownerOf(k roblox.Key, c roblox.Creator) string {
	if k.Owner != 0 {
		c = roblox.Creator{Type: roblox.CreatorUser, ID: k.Owner}
	}
	return c.String()
}

// Connect makes a connection, and with the first one the rule by which files that are no
// one's data may leave by a connector. Written assurances come before it.
func (v Vault) Connect(ctx context.Context, tx *tenancy.Tx, n New) error {
	if err := consent.RequireAssurance(ctx, tx, consent.Roblox); err != nil {
		return err
	}
	q := connectionsdb.New(tx)
	p := connectionsdb.ConnectionInsertParams{ID: n.ID, Name: n.Name, UniverseID: n.Universe, CreatorType: n.Creator.Type, CreatorID: n.Creator.ID, KeyOwner: ownerOf(n.Known, n.Creator),
		SpaceIds: n.Spaces, Automatic: n.Automatic, Progress: append([]string{}, n.Progress...), CreatedBy: n.By}
	var err error
	if p.KeySealed, err = v.seal(ctx, apiKey, tx.Org(), n.ID, n.APIKey); err != nil {
		return err
	}
	if p.SecretSealed, err = v.seal(ctx, secret, tx.Org(), n.ID, n.Secret); err != nil {
		return err
	}
	if p.KeyInfo, err = infoOf(n.Known, n.Universe); err != nil {
		return err
	}
	count, err := q.ConnectionCount(ctx)
	if err != nil {
		return fmt.Errorf("count connections: %w", err)
	}
	if count >= most {
		return ErrTooMany
	}
	taken, err := q.ConnectionUniverseTaken(ctx, n.Universe)
	if err != nil {
		return fmt.Errorf("look for universe: %w", err)
	}
	if taken {
		return ErrTaken
	}
	if err := known(ctx, q, n.Spaces); err != nil {
		return err
	}
	if err := q.ConnectionInsert(ctx, p); err != nil {
		return fmt.Errorf("insert connection: %w", err)
	}
	if err := q.ConnectorAllow(ctx); err != nil {
		return fmt.Errorf("allow connector: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "roblox.connect", ObjectID: n.ID.String()})
}

func known(ctx context.Context, q *connectionsdb.Queries, spaces []uuid.UUID) error {
	n, err := q.SpacesKnown(ctx, spaces)
	if err != nil {
		return fmt.Errorf("look for spaces: %w", err)
	}
	if n != int64(len(spaces)) {
		return errSpaces
	}
	return nil
}

// Change is what becomes of a connection; nil leaves a thing as it is.
type Change struct {
	Name      *string
	Spaces    *[]uuid.UUID
	Automatic *bool
	Progress  *[]string
	APIKey    string
	Known     roblox.Key
	Resume    bool
}

// Change changes a connection.
func (v Vault) Change(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, in Change) error {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	q := connectionsdb.New(tx)
	p := connectionsdb.ConnectionChangeParams{ID: id, Name: c.Name, SpaceIds: c.Spaces, Automatic: c.Automatic, Progress: c.Progress}
	if in.Name != nil {
		p.Name = *in.Name
	}
	if in.Spaces != nil {
		if err := known(ctx, q, *in.Spaces); err != nil {
			return err
		}
		p.SpaceIds = *in.Spaces
	}
	if in.Automatic != nil {
		p.Automatic = *in.Automatic
	}
	if in.Progress != nil {
		p.Progress = append([]string{}, *in.Progress...)
	}
	if _, err := q.ConnectionChange(ctx, p); err != nil {
		return fmt.Errorf("change connection: %w", err)
	}
	code := ""
	if in.APIKey != "" {
		k := connectionsdb.ConnectionKeyParams{ID: id, KeyOwner: ownerOf(in.Known, c.Creator)}
		if k.KeySealed, err = v.seal(ctx, apiKey, tx.Org(), id, in.APIKey); err != nil {
			return err
		}
		if k.KeyInfo, err = infoOf(in.Known, c.Universe); err != nil {
			return err
		}
		if _, err := q.ConnectionKey(ctx, k); err != nil {
			return fmt.Errorf("change key: %w", err)
		}
		code = "key"
	}
	if in.Resume && c.State == Stopped {
		if err := resume(ctx, tx, id); err != nil {
			return err
		}
		code = "resumed"
	}
	return audit.Record(ctx, tx, audit.Event{Action: "roblox.change", ObjectID: id.String(), Code: code})
}

func resume(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	if err := consent.RequireAssurance(ctx, tx, consent.Roblox); err != nil {
		return err
	}
	if _, err := connectionsdb.New(tx).ConnectionState(ctx, connectionsdb.ConnectionStateParams{ID: id, State: Active}); err != nil {
		return fmt.Errorf("resume connection: %w", err)
	}
	return nil
}

// attention is the kind of notification by which owners and admins learn that a connection
// needs them.
const attention = "roblox.attention"

// Stop stops a connection until a person resumes it, and tells owners and admins.
func Stop(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID, code string) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		c, err := Get(ctx, tx, id)
		if err != nil || c.State == Stopped {
			return err
		}
		if _, err := connectionsdb.New(tx).ConnectionState(ctx, connectionsdb.ConnectionStateParams{ID: id, State: Stopped, Code: code}); err != nil {
			return fmt.Errorf("stop connection: %w", err)
		}
		if err := notifications.PutManagers(ctx, tx, attention, map[string]any{"connection_id": id, "code": code}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "roblox.stop", ObjectID: id.String(), Code: code})
	})
}

// Delete deletes a connection with its key and what is known of its assets, which stay at
// Roblox. One that is syncing stays.
func Delete(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	if running, err := syncing(ctx, tx, id); err != nil || running != uuid.Nil {
		return errors.Join(err, refuseIf(running != uuid.Nil, ErrRunning))
	}
	q := connectionsdb.New(tx)
	if _, err := q.ConnectionDelete(ctx, id); err != nil {
		return fmt.Errorf("delete connection: %w", err)
	}
	if err := q.ConnectorForget(ctx); err != nil {
		return fmt.Errorf("forget rule of connectors: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "roblox.disconnect", ObjectID: id.String()})
}

func refuseIf(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}

// syncing locks a connection, and names the operation of its sync while that is open.
func syncing(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (uuid.UUID, error) {
	r, err := connectionsdb.New(tx).ConnectionLock(ctx, id)
	if err != nil {
		return uuid.Nil, notFound(err, ErrNotFound, "lock connection")
	}
	if r.SyncID == nil {
		return uuid.Nil, nil
	}
	o, err := operations.Get(ctx, tx, *r.SyncID)
	if errors.Is(err, operations.ErrNotFound) || err == nil && !o.State.Open() {
		return uuid.Nil, nil
	}
	return *r.SyncID, err
}

// BeginSync notes that a sync begins. While another one runs, that is the answer.
func BeginSync(ctx context.Context, tx *tenancy.Tx, id, operation uuid.UUID) error {
	running, err := syncing(ctx, tx, id)
	switch {
	case err != nil:
		return err
	case running != uuid.Nil && running != operation:
		return operations.AlreadyRunning{ID: running}
	}
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	if c.State == Stopped {
		return ErrStopped
	}
	return wrap(connectionsdb.New(tx).ConnectionSync(ctx, connectionsdb.ConnectionSyncParams{ID: id, SyncID: &operation}), "note sync")
}

// Between is how often a connection syncs by itself.
const Between = time.Hour

// Synced notes the end of a sync.
func Synced(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	return wrap(connectionsdb.New(q).ConnectionSynced(ctx, connectionsdb.ConnectionSyncedParams{ID: id, Pause: Between}), "note end of sync")
}

// TellUnsure tells owners and admins of assets that a person has to decide about, once for
// those that are there now.
func TellUnsure(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID, unsure int64) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		q := connectionsdb.New(tx)
		more, err := q.ConnectionToldMore(ctx, connectionsdb.ConnectionToldMoreParams{ID: id, Unsure: int32(unsure)})
		if err != nil || more == 0 {
			return errors.Join(err, q.ConnectionToldLess(ctx, connectionsdb.ConnectionToldLessParams{ID: id, Unsure: int32(unsure)}))
		}
		return notifications.PutManagers(ctx, tx, attention, map[string]any{"connection_id": id, "unsure": unsure})
	})
}

// Checked keeps what Roblox says about the key.
func Checked(ctx context.Context, q tenancy.Queries, c Connection, k roblox.Key) error {
	info, err := infoOf(k, c.Universe)
	if err != nil {
		return err
	}
	return wrap(connectionsdb.New(q).ConnectionKeyInfo(ctx, connectionsdb.ConnectionKeyInfoParams{ID: c.ID, KeyInfo: info}), "keep what is known of a key")
}

// MapWritten keeps which revision of the asset map is at Roblox.
func MapWritten(ctx context.Context, q tenancy.Queries, id uuid.UUID, revision string) error {
	return wrap(connectionsdb.New(q).ConnectionMap(ctx, connectionsdb.ConnectionMapParams{ID: id, MapRevision: revision}), "note asset map")
}

func wrap(err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func notFound(err, missing error, doing string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	return wrap(err, doing)
}
