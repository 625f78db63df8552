package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

// state is what an upload's row keeps in sha_state beside its offset: enough
// for another process to go on hashing and counting parts.
type state struct {
	parts    int    // how many parts the store has
	tailed   bool   // a tail object was written at some time
	boundary []byte // the hash where the present part begins, before the tail
	current  []byte // the hash at the offset, after the tail
}

const (
	stateVersion = 1
	stateHeader  = 4
)

var errState = errors.New("the upload's saved hash cannot be read")

func (s state) encode() []byte {
	b := make([]byte, 0, stateHeader+len(s.boundary)+len(s.current))
	b = append(b, stateVersion, 0)
	if s.tailed {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint16(b, uint16(s.parts))
	return append(append(b, s.boundary...), s.current...)
}

// decodeState is the inverse of encode; a new upload has no saved state.
func decodeState(b []byte) (state, error) {
	if len(b) == 0 {
		fresh := save(sha256.New())
		return state{boundary: fresh, current: fresh}, nil
	}
	n := (len(b) - stateHeader) / 2
	if b[0] != stateVersion || n <= 0 || stateHeader+2*n != len(b) {
		return state{}, errState
	}
	s := state{tailed: b[1] == 1, parts: int(binary.BigEndian.Uint16(b[2:])), boundary: b[stateHeader : stateHeader+n], current: b[stateHeader+n:]}
	for _, saved := range [][]byte{s.boundary, s.current} {
		if _, err := restore(saved); err != nil {
			return state{}, err
		}
	}
	return s, nil
}

// save gives a running SHA-256 as bytes. The standard library's hash always
// can; it panics rather than let an upload go on unhashed.
func save(h hash.Hash) []byte {
	b, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("sha256 does not marshal: %v", err))
	}
	return b
}

func restore(b []byte) (hash.Hash, error) {
	h := sha256.New()
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("%w: %w", errState, err)
	}
	return h, nil
}

func sameHash(h hash.Hash, saved []byte) bool { return bytes.Equal(save(h), saved) }
