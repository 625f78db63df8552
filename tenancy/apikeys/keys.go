package apikeys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/apikeys/apikeysdb"
)

// How long a key may work, and how long an old one beside its successor.
const (
	DefaultLife    = 90 * 24 * time.Hour
	MaxLife        = 365 * 24 * time.Hour
	MinLife        = time.Minute
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 7 * 24 * time.Hour
)

// maxLive is how many keys of an organization may work at the same time.
const maxLive = 100

// What a manager of keys can meet.
var (
	ErrNotFound  = fault.New(fault.NotFound, "key_not_found", "There is no such API key.")
	ErrReplaced  = fault.New(fault.Conflict, "key_replaced", "This key was rotated already. Rotate the key that replaced it.")
	ErrEnded     = fault.New(fault.Conflict, "key_ended", "This key has expired or was revoked. Make another one.")
	ErrMade      = fault.New(fault.Conflict, "key_exists", "This request has made its key already, and a key is shown only once. Rotate it, or revoke it and make another one.")
	ErrTooMany   = fault.New(fault.Conflict, "too_many_keys", "The organization has %d keys that work. Revoke those that are not used.", maxLive)
	errLife      = fault.New(fault.Invalid, "invalid_expires_in", "expires_in is a number of seconds from %d (a minute) to %d (365 days).", int(MinLife.Seconds()), int(MaxLife.Seconds()))
	errOverlap   = fault.New(fault.Invalid, "invalid_overlap", "overlap is a number of seconds from 0 to %d (7 days).", int(MaxOverlap.Seconds()))
	errAllSpaces = fault.New(fault.Denied, "owner_only", "Only an owner, with their own login, makes or rotates a key of all spaces: it reads personal and confidential ones too. Ask an owner, or grant the key's service account the spaces that it needs.")
	errRole      = fault.New(fault.Invalid, "invalid_role", "role is one of teacher, student, admin, and not above your own.")
)

// Key is a key's row: everything but the key.
type Key struct {
	ID         uuid.UUID
	User       uuid.UUID // the service account
	Name       string
	Role       tenancy.Role
	Scopes     []Scope
	AllSpaces  bool // acts as staff in every space; without it, in those granted to the service account
	Last       string
	CreatedBy  uuid.UUID
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time // to the minute; nil when never
	RevokedAt  *time.Time
	ReplacedBy *uuid.UUID
}

// readKey turns a row of any query of keys into one.
func readKey(r apikeysdb.KeyGetRow, err error) (Key, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	k := Key{
		ID: r.ID, User: r.UserID, Name: r.Name, Role: r.Role, AllSpaces: r.AllSpaces, Last: r.Last4, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt,
		ExpiresAt: r.ExpiresAt, LastUsedAt: r.LastUsedAt, RevokedAt: r.RevokedAt, ReplacedBy: r.ReplacedBy,
	}
	for _, s := range r.Scopes {
		k.Scopes = append(k.Scopes, Scope(s))
	}
	return k, err
}

// lock reads a key that is about to change.
func lock(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (Key, error) {
	r, err := apikeysdb.New(tx).KeyLock(ctx, id)
	return readKey(apikeysdb.KeyGetRow(r), err)
}

// State is whether a key works, and why not.
type State string

// The states. A Rotated key still works until it expires.
const (
	Active  State = "active"
	Rotated State = "rotated"
	Expired State = "expired"
	Revoked State = "revoked"
)

// StateAt gives the key's state at a time.
func (k Key) StateAt(now time.Time) State {
	switch {
	case k.RevokedAt != nil:
		return Revoked
	case !now.Before(k.ExpiresAt):
		return Expired
	case k.ReplacedBy != nil:
		return Rotated
	}
	return Active
}

// NewKey describes a key that is to be made.
type NewKey struct {
	ID     uuid.UUID
	Name   string // already checked as text
	Role   tenancy.Role
	Scopes []Scope
	Life   time.Duration // DefaultLife when zero
	By     tenancy.Actor

	AllSpaces bool // an owner's to give
}

func (n *NewKey) check() error {
	if n.Life == 0 {
		n.Life = DefaultLife
	}
	if n.Life < MinLife || n.Life > MaxLife {
		return errLife
	}
	if !n.By.MayGiveKey(n.Role) {
		return errRole
	}
	if n.AllSpaces && !n.By.MayGiveAllSpaces() {
		return errAllSpaces
	}
	return checkScopes(n.Scopes)
}

// Create makes a key and its service account, and gives what no one can read
// again.
func Create(ctx context.Context, tx *tenancy.Tx, n NewKey) (Key, Secret, error) {
	if err := n.check(); err != nil {
		return Key{}, Secret{}, err
	}
	if err := checkCount(ctx, tx, n.ID); err != nil {
		return Key{}, Secret{}, err
	}
	user := tenancy.NewID()
	if err := tenancy.AddServiceAccount(ctx, tx, user, n.Role, n.AllSpaces); err != nil {
		return Key{}, Secret{}, err
	}
	return insert(ctx, tx, n, user)
}

// checkCount refuses a key beyond the organization's bound, or one that this very
// request has made before.
func checkCount(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	keys, err := apikeysdb.New(tx).KeysCount(ctx, id)
	switch {
	case err != nil:
		return fmt.Errorf("count keys: %w", err)
	case keys.Made:
		return ErrMade
	case keys.Live >= maxLive:
		return ErrTooMany
	}
	return nil
}

func insert(ctx context.Context, tx *tenancy.Tx, n NewKey, user uuid.UUID) (Key, Secret, error) {
	s := Generate()
	hash := s.Hash()
	p := apikeysdb.KeyInsertParams{ID: n.ID, UserID: user, Name: n.Name, Role: n.Role, AllSpaces: n.AllSpaces, Hash: hash[:], Last4: s.Last(), CreatedBy: n.By.User, Life: n.Life}
	for _, scope := range n.Scopes {
		p.Scopes = append(p.Scopes, string(scope))
	}
	r, err := apikeysdb.New(tx).KeyInsert(ctx, p)
	k, err := readKey(apikeysdb.KeyGetRow(r), err)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "api_keys_pkey" { // the same request, twice at the same time
		return k, Secret{}, ErrMade
	}
	if err != nil {
		return k, Secret{}, fmt.Errorf("insert key: %w", err)
	}
	return k, s, nil
}

// Rotation describes a rotation.
type Rotation struct {
	ID      uuid.UUID // of the new key
	Overlap time.Duration
	Life    time.Duration // of the new key; as long as the old one's when zero
	By      tenancy.Actor
}

// Rotate makes a successor: the same service account, name, role, scopes and spaces.
// The old key works until the overlap ends, and never longer than it would have.
func Rotate(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, t Rotation) (Key, Secret, error) {
	if t.Overlap < 0 || t.Overlap > MaxOverlap {
		return Key{}, Secret{}, errOverlap
	}
	// Locked, so that of two rotations one finds it replaced.
	old, err := lock(ctx, tx, id)
	if err != nil {
		return Key{}, Secret{}, err
	}
	q := apikeysdb.New(tx)
	now, err := q.Clock(ctx)
	if err != nil {
		return Key{}, Secret{}, fmt.Errorf("read the clock: %w", err)
	}
	switch old.StateAt(now) {
	case Revoked, Expired:
		return Key{}, Secret{}, ErrEnded
	case Rotated:
		return Key{}, Secret{}, ErrReplaced
	case Active:
	}
	n := NewKey{ID: t.ID, Name: old.Name, Role: old.Role, Scopes: old.Scopes, AllSpaces: old.AllSpaces, Life: t.Life, By: t.By}
	if n.Life == 0 {
		n.Life = min(max(old.ExpiresAt.Sub(old.CreatedAt), MinLife), MaxLife)
	}
	if err := n.check(); err != nil {
		return Key{}, Secret{}, err
	}
	if err := checkCount(ctx, tx, n.ID); err != nil {
		return Key{}, Secret{}, err
	}
	k, s, err := insert(ctx, tx, n, old.User)
	if err != nil {
		return Key{}, Secret{}, err
	}
	if err := q.KeyReplace(ctx, apikeysdb.KeyReplaceParams{ID: id, Successor: k.ID, Overlap: t.Overlap}); err != nil {
		return Key{}, Secret{}, fmt.Errorf("end the old key: %w", err)
	}
	return k, s, nil
}

// Revoke ends a key at once: the next request that brings it is refused. Doing
// it again changes nothing, and says so. With its last key a service account
// stops being a member.
func Revoke(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (changed bool, err error) {
	k, err := lock(ctx, tx, id)
	if err != nil || k.RevokedAt != nil {
		return false, err
	}
	q := apikeysdb.New(tx)
	if err := q.KeyRevoke(ctx, id); err != nil {
		return false, fmt.Errorf("revoke key: %w", err)
	}
	if err := q.ServiceAccountDelete(ctx, k.User); err != nil {
		return false, fmt.Errorf("remove service account: %w", err)
	}
	return true, nil
}

// Get reads a key.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Key, error) {
	return readKey(apikeysdb.New(q).KeyGet(ctx, id))
}

// List reads at most n keys, the newest first, from behind the one named; the
// zero id begins. Keys that have ended are among them.
func List(ctx context.Context, q tenancy.Queries, behind uuid.UUID, n int) ([]Key, error) {
	rows, err := apikeysdb.New(q).KeyPage(ctx, apikeysdb.KeyPageParams{Before: behind, Most: int64(n)})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	page := make([]Key, len(rows))
	for i, r := range rows {
		page[i], _ = readKey(apikeysdb.KeyGetRow(r), nil)
	}
	return page, nil
}

// Finder asks who holds a key. *tenancy.DB is one.
type Finder interface {
	FindKey(ctx context.Context, hash [32]byte) (tenancy.KeyHolder, bool, error)
}

// Find gives who holds a key. What is no key at all is refused without asking.
func Find(ctx context.Context, f Finder, token string) (tenancy.KeyHolder, error) {
	s, err := Parse(token)
	if err != nil {
		return tenancy.KeyHolder{}, err
	}
	h, ok, err := f.FindKey(ctx, s.Hash())
	if err != nil {
		return h, fmt.Errorf("find key: %w", err)
	}
	if !ok {
		return h, ErrKey
	}
	return h, nil
}

// UseInterval is for how long a key's last use is not written again.
const UseInterval = time.Minute

// RecordUse notes that a key was used, at most once in Fresh.
func RecordUse(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if err := apikeysdb.New(q).KeyUsed(ctx, apikeysdb.KeyUsedParams{ID: id, Rest: UseInterval}); err != nil {
		return fmt.Errorf("note a key's use: %w", err)
	}
	return nil
}
