// Package apikeys is what machines call with: API keys of an organization, each
// with a service account, a role and scopes. A key is shown once, when it is
// made; what is kept is its SHA-256.
package apikeys

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"log/slog"
	"math/big"
	"strings"

	"satchel/internal/fault"
)

// Prefix begins every key, so that scanners of source code and logs find leaked
// keys, and authentication can distinguish a key from an access token.
const Prefix = "stl_"

// The form of a key: the prefix, 32 random bytes, and a CRC-32 (IEEE) of all
// before it; both numbers in base 62, the greatest digit first.
const (
	alphabet     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomLength = 32
	bodyLen      = 43 // 62^43 is just above 2^256
	checkLen     = 6  // 62^6 is above 2^32
	length       = len(Prefix) + bodyLen + checkLen
)

// Pattern is a regular expression that finds keys in any text. The checksum
// tells a key from what only looks like one.
const Pattern = `\bstl_[0-9A-Za-z]{49}\b`

// ErrKey refuses a key that does not work. One text for all of the reasons: an
// answer that told a revoked key from an unknown one would help only those who
// try keys out.
var ErrKey = fault.New(fault.Denied, "invalid_token", "The API key is not valid: it is mistyped, unknown, expired or revoked. An owner or admin of your organization can make another one.")

// Secret is a whole key. It prints, logs and marshals without what makes it a
// secret; Reveal is the only way to that.
type Secret struct{ value string }

// Generate makes a key that no one has.
func Generate() Secret {
	var b [randomLength]byte
	_, _ = rand.Read(b[:]) // never fails: the process ends instead
	return format(b)
}

func format(b [randomLength]byte) Secret {
	body := Prefix + base62(new(big.Int).SetBytes(b[:]), bodyLen)
	return Secret{body + checksum(body)}
}

func checksum(body string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(body)))), checkLen)
}

// base62 writes n with leading zeros to a fixed width.
func base62(n *big.Int, width int) string {
	text := n.Text(len(alphabet))
	// big.Int counts 0-9, a-z, A-Z; the digits here are in the order of ASCII,
	// so that keys sort as their numbers do.
	text = strings.Map(swapCase, text)
	return strings.Repeat(alphabet[:1], width-len(text)) + text
}

func swapCase(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return r - 'a' + 'A'
	case r >= 'A' && r <= 'Z':
		return r - 'A' + 'a'
	}
	return r
}

// Parse reads a key. It asks no one: a slip of a finger is refused by the
// checksum alone.
func Parse(text string) (Secret, error) {
	if len(text) != length || !strings.HasPrefix(text, Prefix) || strings.Trim(text[len(Prefix):], alphabet) != "" {
		return Secret{}, ErrKey
	}
	body := text[:length-checkLen]
	if checksum(body) != text[length-checkLen:] {
		return Secret{}, ErrKey
	}
	n, ok := new(big.Int).SetString(strings.Map(swapCase, body[len(Prefix):]), len(alphabet))
	if !ok || n.BitLen() > 8*randomLength {
		return Secret{}, ErrKey
	}
	return Secret{text}, nil
}

// HasPrefix says whether a bearer token is meant to be a key.
func HasPrefix(token string) bool { return strings.HasPrefix(token, Prefix) }

// Reveal gives the whole key, for the one answer that shows it.
func (s Secret) Reveal() string { return s.value }

// Last gives the characters by which people recognize a key. They belong to the
// checksum and tell nothing of the random part that could be used.
func (s Secret) Last() string { return s.value[max(0, len(s.value)-4):] }

// String returns the form of a key that is safe in messages and logs.
func (s Secret) String() string { return Prefix + "…" + s.Last() }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue is String, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, for JSON: only Reveal shows a key.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Hash is what is kept of a key.
func (s Secret) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(s.value)) }
