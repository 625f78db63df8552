package signed

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Seal signs a message of another purpose with the same keys, as a text for an address.
// The purpose holds no NUL, and keeps a message of one from being taken for another's.
func (k *Keys) Seal(purpose string, message []byte) string {
	return encoding.EncodeToString(append(message[:len(message):len(message)], seal(k.keys[0], purpose, message)...))
}

// Open gives the message of a text that Seal made for the purpose, with any of the keys.
// It compares in constant time, and with every key.
func (k *Keys) Open(purpose, text string) ([]byte, error) {
	b, err := encoding.DecodeString(text)
	if err != nil || len(b) < sha256.Size {
		return nil, ErrInvalid
	}
	message, given := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	good := false
	for _, key := range k.keys {
		good = hmac.Equal(given, seal(key, purpose, message)) || good
	}
	if !good {
		return nil, ErrInvalid
	}
	return message, nil
}

// Hash is a keyed hash of a text for a purpose: what it is of cannot be found by trying
// all addresses.
func (k *Keys) Hash(purpose, text string) []byte { return seal(k.keys[0], purpose, []byte(text)) }

func seal(key []byte, purpose string, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("satchel " + purpose + "\x00"))
	h.Write(message)
	return h.Sum(nil)
}
