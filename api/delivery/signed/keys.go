package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// Config are the keys of the addresses.
type Config struct {
	Keys []string `env:"SATCHEL_CONTENT_KEYS,required"` // secrets (comma-separated) of at least 32 bytes that sign the addresses of bytes on the content host: the first one signs, all are taken; to rotate, put a new one in front and remove the old one an hour later
}

// minKey is the length of a SHA-256. RFC 2104, section 3, discourages shorter keys.
const minKey = sha256.Size

// Keys sign and check addresses.
type Keys struct{ keys [][]byte } // the first one signs

// New refuses keys that are too short to keep a secret.
func New(c Config) (*Keys, error) {
	k := &Keys{}
	for _, text := range c.Keys {
		if text = strings.TrimSpace(text); len(text) < minKey {
			return nil, errors.New("SATCHEL_CONTENT_KEYS holds a key that is shorter than 32 bytes; make one with `openssl rand -hex 32`")
		}
		k.keys = append(k.keys, []byte(text))
	}
	if len(k.keys) == 0 {
		return nil, errors.New("SATCHEL_CONTENT_KEYS is empty; make a key with `openssl rand -hex 32`")
	}
	return k, nil
}

// encoding refuses bits behind the last byte, so that one signature has one text.
var encoding = base64.RawURLEncoding.Strict()

// sign gives the parameter of an address.
func (k *Keys) sign(l Link) string {
	message := encode(l)
	return encoding.EncodeToString(append(message, mac(k.keys[0], l.Version, message)...))
}

// open checks a parameter of an address. It compares in constant time, and with every
// key, so that the time of a refusal tells nothing about either.
func (k *Keys) open(version uuid.UUID, parameters []string) (Link, error) {
	if len(parameters) != 1 {
		return Link{}, ErrInvalid
	}
	text, err := encoding.DecodeString(parameters[0])
	if err != nil || len(text) < sha256.Size {
		return Link{}, ErrInvalid
	}
	message, given := text[:len(text)-sha256.Size], text[len(text)-sha256.Size:]
	good := false
	for _, key := range k.keys {
		good = hmac.Equal(given, mac(key, version, message)) || good
	}
	if !good {
		return Link{}, ErrInvalid
	}
	return decode(version, message)
}

// purpose keeps signatures of other purposes under the same key apart.
const purpose = "satchel content link\x00"

// mac is the signature (HMAC-SHA256, RFC 2104). The purpose and the version have fixed
// lengths, so that no two links are one message.
func mac(key []byte, version uuid.UUID, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write(version[:])
	h.Write(message)
	return h.Sum(nil)
}
