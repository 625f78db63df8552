// Package keyring holds the data keys of versions: each version has one of its own, which
// encrypts the bytes of the version and what is made of them. Keys lie in a key store that is
// neither the database nor the store of the bytes' backups, wrapped by a key of the
// organization, which a key service wraps. A key that is removed there makes every copy of
// its bytes unreadable, those in backups too.
//
// A version that has no key is not encrypted: it is older than the encryption, or came while
// it was off. Nothing gives a version a key later, so all that belongs to it is either
// encrypted or not.
package keyring

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"satchel/internal/envelope"
	"satchel/internal/fault"
	"satchel/internal/kms"
	"satchel/internal/ttlcache"
)

// Config is whether new bytes are encrypted.
type Config struct {
	On bool `env:"SATCHEL_ENCRYPTION" envDefault:"true"` // whether the bytes of new files are encrypted before they reach the store, which needs SATCHEL_KMS_KEYS or SATCHEL_KMS_TRANSIT_URL; false: new files lie in plain text, and encrypted ones are still read
}

// ErrUnavailable says that the key store or the key service gives no key now. Nothing is
// stored in plain text instead.
var ErrUnavailable = fault.New(fault.Unavailable, "key_store_unavailable", "The keys of stored files cannot be reached right now. Nothing was lost. Try again shortly.").After(5 * time.Second)

// ErrAbsent says that the store has no such record.
var ErrAbsent = errors.New("there is no such key")

// Store keeps small records durably. Each is written once, but for the keys of organizations.
type Store interface {
	// Get reads a record, or fails with ErrAbsent.
	Get(ctx context.Context, name string) ([]byte, error)
	// Add writes a record that is not there, and says whether it did.
	Add(ctx context.Context, name string, record []byte) (added bool, err error)
	// Replace writes a record in the place of the one that was read, and says whether it did:
	// one that was changed or removed since stays as it is.
	Replace(ctx context.Context, name string, was, record []byte) (replaced bool, err error)
	// Remove removes a record; one that is not there succeeds.
	Remove(ctx context.Context, name string) error
	// Names gives the names that begin with a prefix, and come after the given one, in order.
	Names(ctx context.Context, prefix, after string, visit func(name string) error) error
}

// Ring gives the keys of versions. It implements what the store of the bytes asks for.
type Ring struct {
	store    Store
	box      *kms.Box
	on       bool
	versions *ttlcache.Cache[id, entry]
	masters  *ttlcache.Cache[uuid.UUID, cipher.AEAD]
	settled  atomic.Pointer[string] // the key of the service under which all keys are
}

// keptFor is for how long a process knows a key, or that there is none: so long after its
// removal may a process that used it before still read. Nothing of it is on a disk.
const (
	keptFor      = time.Minute
	keptVersions = 4096
	keptMasters  = 1024
)

// New makes a ring. Without a box, nothing can be encrypted or decrypted, which is an error
// when encryption is on.
func New(c Config, s Store, box *kms.Box) (*Ring, error) {
	if c.On && box == nil {
		return nil, errors.New("SATCHEL_ENCRYPTION is on and there is no key service: set SATCHEL_KMS_KEYS_FILE to a key file (`openssl rand -base64 32` makes a key), or SATCHEL_KMS_TRANSIT_URL")
	}
	return &Ring{store: s, box: box, on: c.On, versions: ttlcache.New[id, entry](keptVersions, keptFor), masters: ttlcache.New[uuid.UUID, cipher.AEAD](keptMasters, keptFor)}, nil
}

// id is a version of an organization.
type id struct{ org, version uuid.UUID }

func (i id) record() string { return i.org.String() + "/" + i.version.String() }

// entry is a key, or that there is none.
type entry struct{ key *envelope.Key }

// of gives the version that an object belongs to by its key in the store, and what it is to
// the version. Objects of other forms belong to none: packages of rosters, for example.
func of(object string) (i id, role string, ok bool) {
	first, rest, _ := strings.Cut(object, "/")
	second, role, inside := strings.Cut(rest, "/")
	if !inside {
		second, role, _ = strings.Cut(rest, ".")
		if role == "" {
			role = content
		}
	}
	var err error
	if i.org, err = uuid.Parse(first); err != nil || len(first) != len(uuid.Nil.String()) {
		return id{}, "", false
	}
	if i.version, err = uuid.Parse(second); err != nil || len(second) != len(uuid.Nil.String()) {
		return id{}, "", false
	}
	return i, role, true
}

// content is the role of a version's own bytes. In staging they have no name within the
// version, and are copied to where they have one.
const content = "content"

// tail is the role of the last bytes of an upload that came so far.
const tail = "tail"

// Find gives the key of the version of an object; none when it is not encrypted.
func (r *Ring) Find(ctx context.Context, object string) (*envelope.Key, string, error) {
	i, role, ok := of(object)
	if !ok {
		return nil, "", nil
	}
	if e, ok := r.versions.Get(i); ok {
		return e.key, role, nil
	}
	key, err := r.read(ctx, i)
	if errors.Is(err, ErrAbsent) {
		r.versions.Put(i, entry{})
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	r.versions.Put(i, entry{key})
	return key, role, nil
}

// Demanded says whether an object is of a version and new bytes are encrypted: what is written of a
// version without a key would then lie in plain text. original names, of what is made of a version,
// where the version's own bytes lie when they are published and before: what is made of plain text
// that is older than the encryption is plain too. It is empty for those bytes themselves, which have
// a key from their beginning.
func (r *Ring) Demanded(object string) (demanded bool, original []string) {
	i, role, ok := of(object)
	if !ok || !r.on {
		return false, nil
	}
	if role == content || role == tail {
		return true, nil
	}
	return true, []string{i.record() + "/" + content, i.record()}
}

// Make gives the version of an object a key, if it has none, and is done when the key is
// durable. Only the version's own bytes get one, and while encryption is on.
func (r *Ring) Make(ctx context.Context, object string) error {
	i, role, ok := of(object)
	if !ok || role != content || !r.on {
		return nil
	}
	if e, ok := r.versions.Get(i); ok && e.key != nil {
		return nil
	}
	key, record, err := r.fresh(ctx, i)
	if err != nil {
		return err
	}
	added, err := r.store.Add(ctx, i.record(), record)
	if err != nil {
		return ErrUnavailable.Because(err)
	}
	if !added { // another process was first, or this one whose answer was lost
		if key, err = r.read(ctx, i); err != nil {
			return err
		}
	}
	r.versions.Put(i, entry{key})
	return nil
}

// fresh makes a key of a version and its record, which is stored by the caller.
func (r *Ring) fresh(ctx context.Context, i id) (*envelope.Key, []byte, error) {
	secret := make([]byte, envelope.KeySize)
	_, _ = rand.Read(secret) // it never fails: crypto/rand ends the program instead
	record, err := r.wrap(ctx, i, i.version, secret)
	if err != nil {
		return nil, nil, err
	}
	key, err := envelope.NewKey(secret, i.org, i.version)
	return key, record, err
}

// New is Make for a version whose id no one else knows yet: its key is given before it is durable, so that
// the object is stored meanwhile. keep makes it durable. Until keep has returned nil, nothing may name
// the version, and what is encrypted under the key is lost if keep fails. The key is nil where Make makes none.
func (r *Ring) New(ctx context.Context, object string) (key *envelope.Key, role string, keep func(context.Context) error, err error) {
	i, role, ok := of(object)
	if !ok || role != content || !r.on {
		return nil, role, nil, nil
	}
	key, record, err := r.fresh(ctx, i)
	if err != nil {
		return nil, "", nil, err
	}
	return key, role, func(ctx context.Context) error { return r.keep(ctx, i, key, record) }, nil
}

// keep stores the record of a key that is in use already. A record that is there is this one, when an answer of the
// store was lost and the request was sent again; under another one the object would not be opened.
func (r *Ring) keep(ctx context.Context, i id, key *envelope.Key, record []byte) error {
	added, err := r.store.Add(ctx, i.record(), record)
	if err != nil {
		return ErrUnavailable.Because(err)
	}
	if !added {
		there, err := r.store.Get(ctx, i.record())
		switch {
		case err != nil:
			return ErrUnavailable.Because(err)
		case !bytes.Equal(there, record):
			return ErrUnavailable.Because(fmt.Errorf("version %s has another data key already", i.record()))
		}
	}
	r.versions.Put(i, entry{key})
	return nil
}

// Share gives the version of one object the key of another's, before the bytes are copied.
// Each has a record of its own, so that removing one leaves the other readable.
func (r *Ring) Share(ctx context.Context, from, to string) error {
	source, _, ok := of(from)
	target, _, other := of(to)
	if !ok || !other || source == target {
		return nil
	}
	secret, bound, err := r.secret(ctx, source)
	if errors.Is(err, ErrAbsent) {
		return nil // both are not encrypted
	}
	if err != nil {
		return err
	}
	if source.org != target.org {
		return errors.New("the bytes of one organization are not copied to another")
	}
	record, err := r.wrap(ctx, target, bound, secret)
	if err != nil {
		return err
	}
	if _, err := r.store.Add(ctx, target.record(), record); err != nil {
		return ErrUnavailable.Because(err)
	}
	r.versions.Drop(target)
	return nil
}

// Drop removes the key of the version of an object. What is encrypted under it cannot be
// read again, except by processes that still know it, for a minute.
func (r *Ring) Drop(ctx context.Context, object string) error {
	i, _, ok := of(object)
	if !ok {
		return nil
	}
	if err := r.store.Remove(ctx, i.record()); err != nil {
		return ErrUnavailable.Because(err)
	}
	r.versions.Drop(i)
	return nil
}

// read gives the key of a version from the store.
func (r *Ring) read(ctx context.Context, i id) (*envelope.Key, error) {
	secret, bound, err := r.secret(ctx, i)
	if err != nil {
		return nil, err
	}
	return envelope.NewKey(secret, i.org, bound)
}

// A record is: form, the version that the bytes are bound to, nonce, and the encrypted data
// key. The version differs from the record's own when the bytes were copied from it.
const (
	form      = 1
	nonceSize = 12
	header    = 1 + 16
	size      = header + nonceSize + envelope.KeySize + 16
)

func bound(i id, head []byte) []byte {
	return append([]byte("satchel data key\x00"+i.record()+"\x00"), head...)
}

func (r *Ring) wrap(ctx context.Context, i id, version uuid.UUID, secret []byte) ([]byte, error) {
	master, err := r.master(ctx, i.org, true)
	if err != nil {
		return nil, err
	}
	record := make([]byte, header+nonceSize, size)
	record[0] = form
	copy(record[1:], version[:])
	_, _ = rand.Read(record[header:])
	return master.Seal(record, record[header:], secret, bound(i, record[:header])), nil
}

// secret reads the record of a version: its data key and the version that it is bound to.
func (r *Ring) secret(ctx context.Context, i id) ([]byte, uuid.UUID, error) {
	record, err := r.store.Get(ctx, i.record())
	switch {
	case errors.Is(err, ErrAbsent):
		return nil, uuid.Nil, err
	case err != nil:
		return nil, uuid.Nil, ErrUnavailable.Because(err)
	case len(record) != size || record[0] != form:
		return nil, uuid.Nil, ErrUnavailable.Because(fmt.Errorf("the record of data key %s has no known form", i.record()))
	}
	master, err := r.master(ctx, i.org, false)
	if err != nil {
		return nil, uuid.Nil, err
	}
	secret, err := master.Open(nil, record[header:header+nonceSize], record[header+nonceSize:], bound(i, record[:header]))
	if err != nil {
		return nil, uuid.Nil, ErrUnavailable.Because(fmt.Errorf("data key %s: %w", i.record(), kms.ErrOpen))
	}
	return secret, uuid.UUID(record[1:header]), nil
}

// gcm is the cipher of a key of 32 bytes.
func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key of an organization: %w", err)
	}
	return cipher.NewGCM(block)
}
