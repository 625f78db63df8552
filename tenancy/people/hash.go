package people

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"

	"satchel/tenancy"
)

// HashConfig is the key under which user names and mail addresses are kept.
type HashConfig struct {
	Key string `env:"SATCHEL_PEOPLE_HASH_KEY,required"` // secret of at least 32 bytes under which user names and mail addresses of people are hashed; with another one no first sign-in finds its person by them until the roster is imported again, and findings of personal data do not compare with later ones
}

// minKey is the length of a SHA-256. RFC 2104, section 3, discourages shorter keys.
const minKey = sha256.Size

// Hasher turns user names and mail addresses into keyed hashes (HMAC-SHA256, RFC
// 2104). The space of addresses is small enough to be searched, so that a plain
// hash would reveal them to a reader of the database.
type Hasher struct{ key []byte }

// NewHasher refuses a key that is too short to keep a secret.
func NewHasher(c HashConfig) (*Hasher, error) {
	if len(c.Key) < minKey {
		return nil, errors.New("SATCHEL_PEOPLE_HASH_KEY is shorter than 32 bytes; make one with `openssl rand -hex 32`")
	}
	return &Hasher{key: []byte(c.Key)}, nil
}

// HashEmail hashes a mail address for one organization, 32 bytes; nil for an empty
// one. Upper case, spaces around it and the form of Unicode make no difference.
func (h *Hasher) HashEmail(org tenancy.OrgID, email string) []byte {
	return h.hash(org, "email", email)
}

// HashUsername is HashEmail for a user name.
func (h *Hasher) HashUsername(org tenancy.OrgID, name string) []byte {
	return h.hash(org, "username", name)
}

// hash includes the organization, so that equal hashes in two of them do not reveal
// that a person is in both. The kind and the id have fixed lengths or an end that
// they cannot contain, so that no two inputs are one message.
func (h *Hasher) hash(org tenancy.OrgID, kind, value string) []byte {
	value = normal(value)
	if value == "" {
		return nil
	}
	id := org.UUID()
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(kind + "\x00"))
	mac.Write(id[:])
	mac.Write([]byte(value))
	return mac.Sum(nil)
}

// normal composes before and after lower case: "İ" becomes two characters in it.
func normal(value string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(value))))
}
