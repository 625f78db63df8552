package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
)

// Line is one row of the audit log, as it is exported: the event, its place, and
// the hash that closes the chain up to it.
type Line struct {
	Seq   int64           `json:"seq"`
	Hash  Hash            `json:"hash"`
	Event json.RawMessage `json:"event"`
}

// Hash is a SHA-256 in lower-case hex.
type Hash [sha256.Size]byte

// String gives the hex form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives the hex form.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the hex form.
func (h *Hash) UnmarshalText(b []byte) error {
	n, err := hex.Decode(h[:], bytes.ToLower(b))
	if err != nil || n != len(h) {
		return fmt.Errorf("a hash is %d hexadecimal digits", 2*len(h))
	}
	return nil
}

// BrokenChain is where an audit log stops being what was recorded.
type BrokenChain struct {
	Seq    int64  `json:"seq"`
	Reason string `json:"why"`
}

// Error says where and why.
func (b *BrokenChain) Error() string { return fmt.Sprintf("event %d: %s", b.Seq, b.Reason) }

// Chain follows an audit log from its beginning. Its zero value is the beginning:
// sequence 0 and a hash of zeros.
type Chain struct {
	Seq          int64
	Hash         Hash
	Organization string // of the first event; every other must agree
}

// Next takes the following line. Its error is a *Broken:
//
//	hash = SHA-256(hash before ‖ seq as 8 bytes, big-endian ‖ event in RFC 8785 form)
func (c *Chain) Next(l Line) error {
	if l.Seq != c.Seq+1 {
		return &BrokenChain{c.Seq + 1, fmt.Sprintf("is missing: %d follows %d", l.Seq, c.Seq)}
	}
	event, err := jcs.Transform(l.Event)
	if err != nil {
		return &BrokenChain{l.Seq, "is not JSON"}
	}
	var r row
	if err := json.Unmarshal(event, &r); err != nil {
		return &BrokenChain{l.Seq, "is not an event"}
	}
	if c.Organization == "" {
		c.Organization = r.Organization
	}
	if r.Organization != c.Organization {
		return &BrokenChain{l.Seq, "is another organization's"}
	}
	if sum := link(c.Hash, l.Seq, event); sum != l.Hash {
		return &BrokenChain{l.Seq, "is not what was recorded: its hash differs"}
	}
	c.Seq, c.Hash = l.Seq, l.Hash
	return nil
}

// From begins a chain in the middle of an audit log, behind a line that is taken as
// it is: what it covers is not here to be checked.
func From(l Line) (Chain, error) {
	var r row
	if err := json.Unmarshal(l.Event, &r); err != nil {
		return Chain{}, &BrokenChain{l.Seq, "is not an event"}
	}
	return Chain{Seq: l.Seq, Hash: l.Hash, Organization: r.Organization}, nil
}

func link(before Hash, seq int64, event []byte) Hash {
	h := sha256.New()
	_, _ = h.Write(before[:])
	_ = binary.Write(h, binary.BigEndian, seq)
	_, _ = h.Write(event)
	return Hash(h.Sum(nil))
}

// stored is a line with the columns that repeat its event for filters.
type stored struct {
	Seq      int64     `db:"seq"`
	Event    string    `db:"event"`
	Hash     []byte    `db:"hash"`
	At       time.Time `db:"at"`
	Action   string    `db:"action"`
	Actor    string    `db:"actor"`
	Object   string    `db:"object"`
	ObjectID string    `db:"object_id"`
	Result   string    `db:"result"`
}

func (s stored) line() (Line, error) {
	if len(s.Hash) != sha256.Size {
		return Line{}, &BrokenChain{s.Seq, "has no whole hash"}
	}
	return Line{Seq: s.Seq, Hash: Hash(s.Hash), Event: json.RawMessage(s.Event)}, nil
}

// columns verifies that the columns used by filters equal the event.
func (s stored) columns() error {
	var r row
	if err := json.Unmarshal([]byte(s.Event), &r); err != nil {
		return &BrokenChain{s.Seq, "is not an event"}
	}
	at, err := time.Parse(time.RFC3339Nano, r.At)
	if err != nil || !at.Equal(s.At) ||
		r.Action != s.Action || r.Actor != s.Actor || r.Object != s.Object || r.ObjectID != s.ObjectID || string(r.Result) != s.Result {
		return &BrokenChain{s.Seq, "is listed as something else than it says"}
	}
	return nil
}
