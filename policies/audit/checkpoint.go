package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"satchel/tenancy"
)

// Checkpoint is the signed head of an audit log at one time. It is kept outside the
// database: an attacker who can rewrite a whole chain with its hashes cannot
// rewrite the earlier signatures.
type Checkpoint struct {
	At           string `json:"at"`
	Hash         Hash   `json:"hash"`
	Key          string `json:"key"` // KeyID of the public key
	Organization string `json:"organization"`
	Seq          int64  `json:"seq"`
	Signature    string `json:"signature,omitempty"` // Ed25519 over the rest in RFC 8785 form, base64
}

// Signer signs checkpoints.
type Signer struct {
	key     ed25519.PrivateKey
	earlier []ed25519.PublicKey
}

// publicOf marks the public half of an earlier key. Without the mark it looks like a private one.
const publicOf = "public:"

// NewSigner reads a private key, the base64 of its 32 byte seed, and behind it the public halves
// of earlier keys, each "public:" and the base64 of its 32 bytes: what they signed stays valid, and
// nothing new is signed with them, so their private halves can be destroyed.
func NewSigner(keys string) (*Signer, error) {
	lines := strings.Fields(keys)
	if len(lines) == 0 {
		lines = []string{""}
	}
	b, err := base64.StdEncoding.DecodeString(lines[0])
	if err != nil || len(b) != ed25519.SeedSize {
		return nil, errors.New("the key of checkpoints is the base64 of 32 random bytes")
	}
	s := &Signer{key: ed25519.NewKeyFromSeed(b)}
	for _, line := range lines[1:] {
		text, marked := strings.CutPrefix(line, publicOf)
		k, err := base64.StdEncoding.DecodeString(text)
		if !marked || err != nil || len(k) != ed25519.PublicKeySize {
			return nil, errors.New("behind the key of checkpoints stand public keys of before, each as public: and the base64 that audit-public-key holds")
		}
		s.earlier = append(s.earlier, k)
	}
	return s, nil
}

// NewKey makes a signer and gives its seed, as NewSigner reads it.
func NewKey() (seed string, s *Signer, err error) {
	b := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(b); err != nil {
		return "", nil, err
	}
	seed = base64.StdEncoding.EncodeToString(b)
	s, err = NewSigner(seed)
	return seed, s, err
}

// Trusted gives the keys with which all is checked that the platform signed, the one that signs
// now first.
func (s *Signer) Trusted() []ed25519.PublicKey {
	return append([]ed25519.PublicKey{s.Public()}, s.earlier...)
}

// Public gives the key with which anyone checks what is signed now.
func (s *Signer) Public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// KeyID names a public key: the first 16 hex digits of its SHA-256.
func KeyID(k ed25519.PublicKey) string {
	sum := sha256.Sum256(k)
	return hex.EncodeToString(sum[:8])
}

// Sign signs the head of an audit log.
func (s *Signer) Sign(organization string, seq int64, hash Hash, at time.Time) (Checkpoint, error) {
	c := Checkpoint{At: at.UTC().Format(time.RFC3339), Hash: hash, Key: KeyID(s.Public()), Organization: organization, Seq: seq}
	said, err := c.said()
	if err != nil {
		return c, err
	}
	c.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, said))
	return c, nil
}

// said is the signed content.
func (c Checkpoint) said() ([]byte, error) {
	c.Signature = ""
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write checkpoint: %w", err)
	}
	return jcs.Transform(b)
}

// Named gives the key that a signature names, of those that are trusted.
func Named(id string, trusted []ed25519.PublicKey) (ed25519.PublicKey, bool) {
	for _, k := range trusted {
		if KeyID(k) == id {
			return k, true
		}
	}
	return nil, false
}

// Verify checks the signature.
func (c Checkpoint) Verify(trusted ...ed25519.PublicKey) error {
	said, err := c.said()
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(c.Signature)
	if k, ok := Named(c.Key, trusted); err != nil || !ok || !ed25519.Verify(k, said, signature) {
		return &BrokenChain{c.Seq, "has a checkpoint whose signature is not the platform's"}
	}
	return nil
}

// CheckpointPrefix is where an organization's checkpoints lie in their bucket.
func CheckpointPrefix(org tenancy.OrgID) string { return "checkpoints/" + org.String() + "/" }

// CheckpointKey is where the checkpoint of a sequence number lies. Keys sort as
// the numbers do.
func CheckpointKey(org tenancy.OrgID, seq int64) string {
	return fmt.Sprintf("%s%020d.json", CheckpointPrefix(org), seq)
}

// CheckpointSeq reads the sequence number out of a checkpoint's key.
func CheckpointSeq(org tenancy.OrgID, key string) (int64, error) {
	name, ok := strings.CutPrefix(key, CheckpointPrefix(org))
	seq, err := strconv.ParseInt(strings.TrimSuffix(name, ".json"), 10, 64)
	if !ok || err != nil || CheckpointKey(org, seq) != key {
		return 0, fmt.Errorf("%q is not the key of a checkpoint", key)
	}
	return seq, nil
}

// ReadCheckpoint reads and checks what is stored as the checkpoint of a sequence
// number. One that is not about that number is bad, as a forged one is.
func ReadCheckpoint(seq int64, b []byte, trusted ...ed25519.PublicKey) CheckpointCheck {
	c := CheckpointCheck{}
	if err := json.Unmarshal(b, &c.Checkpoint); err != nil {
		c.Bad = &BrokenChain{seq, "has a checkpoint that cannot be read"}
	} else if c.Verify(trusted...) != nil {
		c.Bad = &BrokenChain{seq, "has a checkpoint whose signature is not the platform's"}
	} else if c.Seq != seq {
		c.Bad = &BrokenChain{seq, "has a checkpoint of another event"}
	}
	c.Seq = seq
	return c
}
