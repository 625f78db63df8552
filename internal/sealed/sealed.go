// Package sealed keeps small secrets in the database such that the database alone
// does not give them away: AES-256-GCM under a key that only the programs have.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Config holds the keys.
type Config struct {
	Keys string `env:"SATCHEL_SECRETS_KEY,required"` // keys that seal secrets in the database (of webhooks, addresses of parents who are asked) and encrypt what Temporal stores, one a line, each the base64 of 32 bytes (`openssl rand -base64 32`); the first seals, all open, so a new key is put in front of the old one
}

const keySize = 32

// Box seals and opens.
type Box struct {
	first string
	keys  map[string]cipher.AEAD // by name
	raw   [][]byte               // in their order
}

// ErrOpen is returned for what was sealed under another key or for another place, or
// was changed.
var ErrOpen = errors.New("the secret cannot be opened with any key of SATCHEL_SECRETS_KEY")

// New reads the keys.
func New(c Config) (*Box, error) {
	b := &Box{keys: map[string]cipher.AEAD{}}
	for _, line := range strings.Fields(c.Keys) {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != keySize {
			return nil, fmt.Errorf("SATCHEL_SECRETS_KEY: each line is the base64 of %d bytes; make one with `openssl rand -base64 32`", keySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("SATCHEL_SECRETS_KEY: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("SATCHEL_SECRETS_KEY: %w", err)
		}
		name := nameOf(key)
		b.keys[name], b.raw = aead, append(b.raw, key)
		if b.first == "" {
			b.first = name
		}
	}
	if b.first == "" {
		return nil, errors.New("SATCHEL_SECRETS_KEY holds no key; make one with `openssl rand -base64 32`")
	}
	return b, nil
}

// nameOf tells keys apart without giving anything of them away.
func nameOf(key []byte) string {
	sum := sha256.Sum256(append([]byte("satchel sealed key\x00"), key...))
	return hex.EncodeToString(sum[:4])
}

// Seal encrypts a secret for one place, such as its row's id: moved to another place
// it does not open.
func (b *Box) Seal(secret []byte, place string) string {
	aead := b.keys[b.first]
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails: crypto/rand ends the program instead
	return b.first + ":" + base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, secret, []byte(place)))
}

// Open decrypts what Seal gave for the same place.
func (b *Box) Open(text, place string) ([]byte, error) {
	name, encoded, _ := strings.Cut(text, ":")
	aead := b.keys[name]
	sealed, err := base64.StdEncoding.DecodeString(encoded)
	if aead == nil || err != nil || len(sealed) < aead.NonceSize() {
		return nil, ErrOpen
	}
	secret, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(place))
	if err != nil {
		return nil, ErrOpen
	}
	return secret, nil
}

// Derive gives a key of 32 bytes for one purpose from each of the keys, the first one
// first, for what is signed and not sealed.
func (b *Box) Derive(purpose string) ([][]byte, error) {
	all := make([][]byte, len(b.raw))
	for i, key := range b.raw {
		derived, err := hkdf.Key(sha256.New, key, nil, "satchel "+purpose, keySize)
		if err != nil {
			return nil, fmt.Errorf("derive key: %w", err)
		}
		all[i] = derived
	}
	return all, nil
}
