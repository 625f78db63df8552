package keyring

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"satchel/internal/envelope"
	"satchel/internal/kms"
)

// Masters is where the keys of organizations lie, which wrap the keys of their versions. They
// are apart, so that they can be listed for a rotation, and removing one makes all that the
// organization has unreadable.
const Masters = "organizations/"

func masterName(org uuid.UUID) string { return Masters + org.String() + "/key" }

// place is what the sealed key of an organization is bound to.
func place(name string) string { return "keyring " + name }

// master gives the key of an organization, and makes it when there is none and it is to wrap.
func (r *Ring) master(ctx context.Context, org uuid.UUID, makes bool) (cipher.AEAD, error) {
	if m, ok := r.masters.Get(org); ok {
		return m, nil
	}
	if r.box == nil {
		return nil, ErrUnavailable.Because(errors.New("there is no key service: set SATCHEL_KMS_KEYS or SATCHEL_KMS_TRANSIT_URL"))
	}
	name := masterName(org)
	record, err := r.store.Get(ctx, name)
	if errors.Is(err, ErrAbsent) && makes {
		record, err = r.makeMaster(ctx, org, name)
	}
	if err != nil {
		return nil, ErrUnavailable.Because(fmt.Errorf("key of organization %s: %w", org, unlessAbsent(err)))
	}
	key, err := r.box.Open(ctx, record, place(name))
	if err != nil {
		return nil, ErrUnavailable.Because(fmt.Errorf("key of organization %s: %w", org, err))
	}
	m, err := gcm(key)
	if err != nil {
		return nil, err
	}
	r.masters.Put(org, m)
	return m, nil
}

// ErrNoMaster says that the key of an organization is not in the key store, though keys of
// versions are that it wraps, or a version asks for it.
var ErrNoMaster = errors.New("it is not in the key store; bring the bucket of keys back from its backup")

// unlessAbsent keeps an absent key of an organization from being taken for an absent key of
// a version, which would say that the version is not encrypted.
func unlessAbsent(err error) error {
	if errors.Is(err, ErrAbsent) {
		return ErrNoMaster
	}
	return err
}

// makeMaster makes the key of an organization that has none. Where keys of versions are that
// such a key wraps, it was lost, and another one would hide that: they could not be opened even
// after the lost one is brought back, since it would be overwritten or left aside.
func (r *Ring) makeMaster(ctx context.Context, org uuid.UUID, name string) ([]byte, error) {
	err := r.store.Names(ctx, org.String()+"/", "", func(name string) error {
		if _, _, ok := of(name); !ok {
			return nil // a probe of whether the bucket can be written
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return r.store.Get(ctx, name) // another process may have made both since
	}
	if err != nil {
		return nil, err
	}
	key := make([]byte, envelope.KeySize)
	_, _ = rand.Read(key) // it never fails: crypto/rand ends the program instead
	record, err := r.box.Seal(ctx, key, place(name))
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	if added, err := r.store.Add(ctx, name, record); err != nil || added {
		return record, err
	}
	return r.store.Get(ctx, name) // another process was first
}

// Stale gives organizations after the given one whose keys are not under the current key of
// the service, at most so many, in order. Once a process has seen from the first one on that
// there are none, it looks again when the service has another key. Without a ring, where files
// are not encrypted, there is none.
func (r *Ring) Stale(ctx context.Context, after uuid.UUID, most int) (found []uuid.UUID, err error) {
	if r == nil || r.box == nil {
		return nil, nil
	}
	current, err := r.box.Current(ctx)
	if err != nil {
		return nil, ErrUnavailable.Because(err)
	}
	from := ""
	if after != uuid.Nil {
		from = masterName(after)
	} else if seen := r.settled.Load(); seen != nil && *seen == current {
		return nil, nil
	}
	err = r.store.Names(ctx, Masters, from, func(name string) error {
		org, err := uuid.Parse(strings.TrimSuffix(strings.TrimPrefix(name, Masters), "/key"))
		if err != nil {
			return nil //nolint:nilerr // nothing of this package
		}
		stale, err := r.stale(ctx, name, current)
		if stale {
			found = append(found, org)
		}
		if err == nil && len(found) == most {
			err = errEnough
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, ErrUnavailable.Because(err)
	}
	if after == uuid.Nil && len(found) == 0 {
		r.settled.Store(&current)
	}
	return found, nil
}

// stale says whether the record of a key is under another key of the service.
func (r *Ring) stale(ctx context.Context, name, current string) (bool, error) {
	record, err := r.store.Get(ctx, name)
	if errors.Is(err, ErrAbsent) {
		return false, nil // its organization was deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	under, err := kms.KeyID(record)
	return err != nil || under != current, nil //nolint:nilerr // what cannot be read is reported when it is encrypted again
}

var errEnough = errors.New("enough for one page")

// Rotate encrypts the key of an organization again, if it is not under the current key of the
// service. Keys of versions stay as they are, and so do the bytes.
func (r *Ring) Rotate(ctx context.Context, org uuid.UUID) error {
	name := masterName(org)
	record, err := r.store.Get(ctx, name)
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	if err != nil {
		return ErrUnavailable.Because(err)
	}
	again, err := r.box.Rotate(ctx, record, place(name))
	if err != nil {
		return ErrUnavailable.Because(fmt.Errorf("rotate %s: %w", name, err))
	}
	if bytes.Equal(again, record) {
		return nil
	}
	// The organization may have been deleted while the key service was asked: its key must not
	// come back. Another process that encrypted it again did the same.
	if _, err := r.store.Replace(ctx, name, record, again); err != nil {
		return ErrUnavailable.Because(err)
	}
	return nil
}
