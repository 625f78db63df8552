// Package envelope is the form in which the bytes of files lie in the store: segments of
// 64 KiB, each encrypted with AES-256-GCM.
//
// A segment is a random nonce of 12 bytes, the cipher text, and a tag of 16 bytes. Its
// associated data are the organization and version that the key belongs to, what the object
// is to the version, the number of the segment, and whether it is the last one. So a segment
// that was changed, moved within its object, put into another object, or cut off does not
// open. The last segment alone is shorter than 64 KiB, and may be empty: where an object
// ends is known from its segments, and parts of one are encrypted apart before its length is
// known.
//
// Nonces are random and not counters, because a part is sent again with other bytes when a
// client went on from an earlier offset: a counter would then be used for two texts, which
// breaks GCM. A version has at most 2^32 segments, for which random nonces are safe.
package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

const (
	// Segment is how many bytes of plain text a segment holds; the last one holds fewer.
	Segment = 64 << 10
	// KeySize is the size of a data key in bytes.
	KeySize = 32

	nonceSize = 12
	overhead  = nonceSize + 16
	sealed    = Segment + overhead // bytes of a whole segment in the store
)

// ErrAltered says that bytes are not those that were encrypted for their place.
var ErrAltered = errors.New("the encrypted bytes were changed, cut, or moved from their place")

// errUnaligned says that a part cannot be encrypted by itself. It is an error of the program.
var errUnaligned = fmt.Errorf("a part that is not the last begins and ends at a multiple of %d bytes", Segment)

// Key is the data key of one version.
type Key struct {
	aead  cipher.AEAD
	bound []byte
}

// NewKey makes a key of 32 secret bytes. What it encrypts is bound to the organization and
// the version.
func NewKey(secret []byte, org, version uuid.UUID) (*Key, error) {
	if len(secret) != KeySize {
		return nil, fmt.Errorf("a data key has %d bytes, not %d", KeySize, len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	return &Key{aead, append(org[:], version[:]...)}, nil
}

// place is the associated data of the segments of one object.
type place struct {
	data []byte // organization, version, number, last, role
}

func (k *Key) place(role string) place {
	data := append(append([]byte(nil), k.bound...), make([]byte, 9)...)
	return place{append(data, role...)}
}

// of gives the associated data of one segment. It is valid until the next call.
func (p place) of(number int64, last bool) []byte {
	const at = 2 * 16
	binary.BigEndian.PutUint64(p.data[at:], uint64(number))
	p.data[at+8] = 0
	if last {
		p.data[at+8] = 1
	}
	return p.data
}

// SealedSize is how many bytes an object of so many bytes of plain text has in the store.
func SealedSize(plain int64) int64 { return plain + (plain/Segment+1)*overhead }

// PlainSize is the inverse of SealedSize. A size that no object has gives ErrAltered.
func PlainSize(size int64) (int64, error) {
	whole, rest := size/sealed, size%sealed
	if rest < overhead {
		return 0, ErrAltered
	}
	return whole*Segment + rest - overhead, nil
}

// Span is where in an object the plain text of a part lies.
type Span struct {
	Offset int64 // a multiple of Segment
	Last   bool  // whether the object ends with it
}

// Size is how many bytes a part of so many bytes of plain text has in the store.
func (s Span) Size(plain int64) (int64, error) {
	switch {
	case s.Offset%Segment != 0, !s.Last && plain%Segment != 0:
		return 0, errUnaligned
	case s.Last:
		return SealedSize(plain), nil
	}
	return plain / Segment * sealed, nil
}

// Range is what to read of an object in the store to have a range of its plain text.
type Range struct {
	Offset, Length int64 // in the store; a length below zero is all that follows

	first int64 // number of the first segment
	skip  int   // bytes of it that were not asked for
	want  int64 // bytes of plain text, or below zero for all
}

// Locate gives the range of the segments that hold length bytes from offset on, or all that
// follows when length is negative.
func Locate(offset, length int64) Range {
	r := Range{first: offset / Segment, skip: int(offset % Segment), want: length, Length: length}
	r.Offset = r.first * sealed
	if length > 0 {
		r.Length = ((offset+length-1)/Segment - r.first + 1) * sealed
	}
	return r
}
