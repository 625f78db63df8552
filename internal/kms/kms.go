// Package kms encrypts what other systems entrust to an organization: envelope encryption.
// Each value has a data key of its own, which a key service wraps; the service's keys never
// come here from a remote one, and a value is bound to its place, so that a ciphertext that
// is moved to another row does not open. internal/sealed, which has one key in the
// environment, stays for the platform's own small secrets.
package kms

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// Service wraps data keys under keys that it holds. bound is authenticated: what was wrapped
// with another one is not unwrapped.
type Service interface {
	// Wrap encrypts a data key under the current key, and names that key.
	Wrap(ctx context.Context, dataKey, bound []byte) (keyID string, wrapped []byte, err error)
	// Unwrap decrypts a data key. A key that the service does not have gives ErrNoKey, and
	// what does not open gives ErrOpen.
	Unwrap(ctx context.Context, keyID string, wrapped, bound []byte) ([]byte, error)
	// Current names the key that wraps now.
	Current(ctx context.Context) (keyID string, err error)
}

// The reasons for which a value does not open.
var (
	ErrNoKey = errors.New("the value was encrypted under a key that is not there")
	ErrOpen  = errors.New("the value cannot be decrypted: it was changed, cut, or moved from its place")
)

const (
	keySize = 32
	version = 1
	// maxKeyID and maxWrapped bound what a header may claim.
	maxKeyID, maxWrapped = 255, 1 << 12
)

// Box encrypts and decrypts values with a service.
type Box struct{ service Service }

// New makes a box over a service.
func New(s Service) *Box { return &Box{s} }

// place is what a data key and a value are bound to. Both have their own, so that neither
// stands in for the other.
func place(kind, where string) []byte { return []byte("satchel kms " + kind + "\x00" + where) }

// Seal encrypts a value for one place, such as the organization and the row that it is in.
//
// The form is: version, length and name of the key, length and wrapped data key, nonce,
// ciphertext. All that is before the nonce is authenticated with the value.
func (b *Box) Seal(ctx context.Context, value []byte, where string) ([]byte, error) {
	dataKey := make([]byte, keySize)
	_, _ = rand.Read(dataKey) // it never fails: crypto/rand ends the program instead
	keyID, wrapped, err := b.service.Wrap(ctx, dataKey, place("key", where))
	if err != nil {
		return nil, fmt.Errorf("wrap data key: %w", err)
	}
	if len(keyID) == 0 || len(keyID) > maxKeyID || len(wrapped) == 0 || len(wrapped) > maxWrapped {
		return nil, fmt.Errorf("wrap data key: the key service answered with a name of %d bytes and a key of %d", len(keyID), len(wrapped))
	}
	header := append([]byte{version, byte(len(keyID))}, keyID...)
	header = binary.BigEndian.AppendUint16(header, uint16(len(wrapped)))
	header = append(header, wrapped...)
	aead, err := gcm(dataKey)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	sealed := append(append([]byte(nil), header...), nonce...)
	return aead.Seal(sealed, nonce, value, append(place("value", where), header...)), nil
}

// envelope is a sealed value, taken apart.
type envelope struct {
	keyID                    string
	header, wrapped, payload []byte
}

func parse(sealed []byte) (envelope, error) {
	if len(sealed) < 2 || sealed[0] != version {
		return envelope{}, ErrOpen
	}
	at := 2 + int(sealed[1])
	if len(sealed) < at+2 {
		return envelope{}, ErrOpen
	}
	n := int(binary.BigEndian.Uint16(sealed[at:]))
	if n > maxWrapped || len(sealed) < at+2+n {
		return envelope{}, ErrOpen
	}
	return envelope{keyID: string(sealed[2:at]), wrapped: sealed[at+2 : at+2+n], header: sealed[:at+2+n], payload: sealed[at+2+n:]}, nil
}

// Open decrypts what Seal gave for the same place.
func (b *Box) Open(ctx context.Context, sealed []byte, where string) ([]byte, error) {
	e, err := parse(sealed)
	if err != nil {
		return nil, err
	}
	dataKey, err := b.service.Unwrap(ctx, e.keyID, e.wrapped, place("key", where))
	if err != nil {
		return nil, fmt.Errorf("unwrap data key: %w", err)
	}
	aead, err := gcm(dataKey)
	if err != nil || len(e.payload) < aead.NonceSize() {
		return nil, ErrOpen
	}
	value, err := aead.Open(nil, e.payload[:aead.NonceSize()], e.payload[aead.NonceSize():], append(place("value", where), e.header...))
	if err != nil {
		return nil, ErrOpen
	}
	return value, nil
}

// Current names the key of the service under which values are encrypted now.
func (b *Box) Current(ctx context.Context) (string, error) {
	id, err := b.service.Current(ctx)
	if err != nil {
		return "", fmt.Errorf("ask for the current key: %w", err)
	}
	return id, nil
}

// KeyID names the key under which a value is.
func KeyID(sealed []byte) (string, error) {
	e, err := parse(sealed)
	return e.keyID, err
}

// Rotate encrypts a value again when it is not under the current key; otherwise it gives the
// value as it is.
func (b *Box) Rotate(ctx context.Context, sealed []byte, where string) ([]byte, error) {
	current, err := b.Current(ctx)
	if err != nil {
		return nil, err
	}
	if id, err := KeyID(sealed); err != nil || id == current {
		return sealed, err
	}
	value, err := b.Open(ctx, sealed, where)
	if err != nil {
		return nil, err
	}
	return b.Seal(ctx, value, where)
}

func gcm(key []byte) (cipher.AEAD, error) {
	if len(key) != keySize {
		return nil, ErrOpen
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	return aead, nil
}
