package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"
)

// Seal signs a document, whose field for the signature is empty: Ed25519 over its form of
// RFC 8785, in base64. The document names the key by KeyID.
func (s *Signer) Seal(document any) (string, error) {
	said, err := canonicalForm(document)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, said)), nil
}

// Sealed says whether a signature is that of a document, whose field for it is empty.
func Sealed(document any, signature string, k ed25519.PublicKey) bool {
	said, err := canonicalForm(document)
	if err != nil {
		return false
	}
	b, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && ed25519.Verify(k, said, b)
}

func canonicalForm(document any) ([]byte, error) {
	b, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return jcs.Transform(b)
}
