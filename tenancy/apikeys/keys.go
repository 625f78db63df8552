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
	ErrNotFound = fault.New(fault.NotFound, "key_not_found", "There is no such API key.")
	ErrReplaced = fault.New(fault.Conflict, "key_replaced", "This key was rotated already. Rotate the key that replaced it.")
	ErrEnded    = fault.New(fault.Conflict, "key_ended", "This key has expired or was revoked. Make another one.")
	ErrMade     = fault.New(fault.Conflict, "key_exists", "This request has made its key already, and a key is shown only once. Rotate it, or revoke it and make another one.")
	ErrTooMany  = fault.New(fault.Conflict, "too_many_keys", "The organization has %d keys that work. Revoke those that are not used.", maxLive)
	errLife     = fault.New(fault.Invalid, "invalid_expires_in", "expires_in is a number of seconds from %d (a minute) to %d (365 days).", int(MinLife.Seconds()), int(MaxLife.Seconds()))
	errOverlap  = fault.New(fault.Invalid, "invalid_overlap", "overlap is a number of seconds from 0 to %d (7 days).", int(MaxOverlap.Seconds()))
	errRole     = fault.New(fault.Invalid, "invalid_role", "role is one of teacher, student, admin, and not above your own.")
)

// Key is a key's row: everything but the key.
type Key struct {
	ID         uuid.UUID    `db:"id"`
	User       uuid.UUID    `db:"user_id"` // the service account
	Name       string       `db:"name"`
	Role       tenancy.Role `db:"role"`
	Scopes     []Scope      `db:"scopes"`
	Last       string       `db:"last4"`
	CreatedBy  uuid.UUID    `db:"created_by"`
	CreatedAt  time.Time    `db:"created_at"`
	ExpiresAt  time.Time    `db:"expires_at"`
	LastUsedAt *time.Time   `db:"last_used_at"` // to the minute; nil when never
	RevokedAt  *time.Time   `db:"revoked_at"`
	ReplacedBy *uuid.UUID   `db:"replaced_by"`
}

const columns = "id, user_id, name, role, scopes, last4, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by"

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
	if err := tenancy.AddServiceAccount(ctx, tx, user, n.Role); err != nil {
		return Key{}, Secret{}, err
	}
	return insert(ctx, tx, n, user)
}

// checkCount refuses a key beyond the organization's bound, or one that this very
// request has made before.
func checkCount(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	var live int
	var made bool
	err := tx.QueryRow(ctx, `select count(*) filter (where revoked_at is null and expires_at > now()), coalesce(bool_or(id = $1), false)
		from api_keys`, id).Scan(&live, &made)
	switch {
	case err != nil:
		return fmt.Errorf("count keys: %w", err)
	case made:
		return ErrMade
	case live >= maxLive:
		return ErrTooMany
	}
	return nil
}

func insert(ctx context.Context, tx *tenancy.Tx, n NewKey, user uuid.UUID) (Key, Secret, error) {
	s := Generate()
	hash := s.Hash()
	k, err := one(ctx, tx, `insert into api_keys (organization_id, id, user_id, name, role, scopes, hash, last4, created_by, expires_at)
		values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8, now() + $9) returning `+columns,
		n.ID, user, n.Name, string(n.Role), n.Scopes, hash[:], s.Last(), n.By.User, n.Life)
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

// Rotate makes a successor: the same service account, name, role and scopes.
// The old key works until the overlap ends, and never longer than it would have.
func Rotate(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, t Rotation) (Key, Secret, error) {
	if t.Overlap < 0 || t.Overlap > MaxOverlap {
		return Key{}, Secret{}, errOverlap
	}
	// Locked, so that of two rotations one finds it replaced.
	old, err := one(ctx, tx, "select "+columns+" from api_keys where id = $1 for update", id)
	if err != nil {
		return Key{}, Secret{}, err
	}
	var now time.Time
	if err := tx.QueryRow(ctx, "select now()").Scan(&now); err != nil {
		return Key{}, Secret{}, fmt.Errorf("read the clock: %w", err)
	}
	switch old.StateAt(now) {
	case Revoked, Expired:
		return Key{}, Secret{}, ErrEnded
	case Rotated:
		return Key{}, Secret{}, ErrReplaced
	case Active:
	}
	n := NewKey{ID: t.ID, Name: old.Name, Role: old.Role, Scopes: old.Scopes, Life: t.Life, By: t.By}
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
	_, err = tx.Exec(ctx, "update api_keys set replaced_by = $2, expires_at = least(expires_at, now() + $3::interval) where id = $1", id, k.ID, t.Overlap)
	if err != nil {
		return Key{}, Secret{}, fmt.Errorf("end the old key: %w", err)
	}
	return k, s, nil
}

// Revoke ends a key at once: the next request that brings it is refused. Doing
// it again changes nothing, and says so. With its last key a service account
// stops being a member.
func Revoke(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (changed bool, err error) {
	k, err := one(ctx, tx, "select "+columns+" from api_keys where id = $1 for update", id)
	if err != nil || k.RevokedAt != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, "update api_keys set revoked_at = now() where id = $1", id); err != nil {
		return false, fmt.Errorf("revoke key: %w", err)
	}
	_, err = tx.Exec(ctx, `delete from members m where m.user_id = $1 and m.service and not exists (
		select from api_keys k where k.user_id = m.user_id and k.revoked_at is null and k.expires_at > now())`, k.User)
	if err != nil {
		return false, fmt.Errorf("remove service account: %w", err)
	}
	return true, nil
}

// Get reads a key.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Key, error) {
	return one(ctx, q, "select "+columns+" from api_keys where id = $1", id)
}

// List reads at most n keys, the newest first, from behind the one named; the
// zero id begins. Keys that have ended are among them.
func List(ctx context.Context, q tenancy.Queries, behind uuid.UUID, n int) ([]Key, error) {
	rows, err := q.Query(ctx, "select "+columns+" from api_keys where $1 = '00000000-0000-0000-0000-000000000000'::uuid or id < $1 order by id desc limit $2", behind, n)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Key])
}

func one(ctx context.Context, q tenancy.Queries, sql string, args ...any) (Key, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return Key{}, err
	}
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Key])
	if errors.Is(err, pgx.ErrNoRows) {
		return k, ErrNotFound
	}
	return k, err
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
	_, err := q.Exec(ctx, "update api_keys set last_used_at = now() where id = $1 and (last_used_at is null or last_used_at <= now() - $2::interval)", id, UseInterval)
	if err != nil {
		return fmt.Errorf("note a key's use: %w", err)
	}
	return nil
}
