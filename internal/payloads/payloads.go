// Package payloads encrypts what Temporal stores of workflows and activities: inputs,
// results, heartbeats, and the messages of failures. Ids and search attributes stay plain;
// they are ids or fixed words.
//
// Each organization has a key of its own, derived from SATCHEL_SECRETS_KEY. Which one it is
// is read from the workflow's id, which names its organization second
// (upload/ORGANIZATION/…); what has no such id is under the platform's key.
package payloads

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"satchel/internal/sealed"
)

// Metadata of an encrypted payload.
const (
	encoding     = "binary/encrypted"
	metadataKey  = "satchel-key"          // name of the key of SATCHEL_SECRETS_KEY
	metadataOrg  = "satchel-organization" // whose key is derived from it
	platform     = "platform"
	keySize      = 32
	purpose      = "temporal payloads"
	keyNameBytes = 4
)

// ErrDecode says that no key of SATCHEL_SECRETS_KEY opens a payload, or that it was changed.
var ErrDecode = errors.New("the payload cannot be opened with any key of SATCHEL_SECRETS_KEY")

// Codec encrypts payloads (AES-256-GCM) and opens them. What is not encrypted passes: an
// upgrade meets histories from before it.
type Codec struct {
	keys  map[string][]byte
	first string
	org   string
	plain bool
}

// New gives the codec of a program. Without encrypt it only opens: an upgrade from a
// version that cannot open deploys that first.
func New(box *sealed.Box, encrypt bool) (*Codec, error) {
	derived, err := box.Derive(purpose)
	if err != nil {
		return nil, err
	}
	c := &Codec{keys: map[string][]byte{}, org: platform, plain: !encrypt}
	for _, key := range derived {
		sum := sha256.Sum256(key)
		name := hex.EncodeToString(sum[:keyNameBytes])
		c.keys[name] = key
		if c.first == "" {
			c.first = name
		}
	}
	return c, nil
}

// WithSerializationContext gives the codec of the organization whose workflow it is.
func (c *Codec) WithSerializationContext(at converter.SerializationContext) converter.PayloadCodec {
	id := ""
	switch at := at.(type) {
	case converter.WorkflowSerializationContext:
		id = at.WorkflowID
	case converter.ActivitySerializationContext:
		id = at.WorkflowID
	}
	own := *c
	own.org = organizationOf(id)
	return &own
}

// organizationOf reads the organization of a workflow's id.
func organizationOf(id string) string {
	_, rest, _ := strings.Cut(id, "/")
	second, _, _ := strings.Cut(rest, "/")
	if org, err := uuid.Parse(second); err == nil && len(second) == len(uuid.Nil.String()) {
		return org.String()
	}
	return platform
}

func (c *Codec) aead(key, org string) (cipher.AEAD, error) {
	raw := c.keys[key]
	if raw == nil {
		return nil, ErrDecode
	}
	own, err := hkdf.Key(sha256.New, raw, nil, org, keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Encode encrypts payloads.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if c.plain || len(payloads) == 0 {
		return payloads, nil
	}
	aead, err := c.aead(c.first, c.org)
	if err != nil {
		return nil, err
	}
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		text, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode payload: %w", err)
		}
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKey: []byte(c.first), metadataOrg: []byte(c.org)},
			Data:     aead.Seal(nil, nil, text, []byte(c.org)), //nolint:gosec // the AEAD makes its nonce itself
		}
	}
	return out, nil
}

// Decode opens payloads.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if _, encrypted := OrganizationOf(p); !encrypted {
			out[i] = p
			continue
		}
		org := p.GetMetadata()[metadataOrg]
		aead, err := c.aead(string(p.GetMetadata()[metadataKey]), string(org))
		if err != nil {
			return nil, err
		}
		text, err := aead.Open(nil, nil, p.GetData(), org)
		if err != nil {
			return nil, ErrDecode
		}
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(text, out[i]); err != nil {
			return nil, ErrDecode
		}
	}
	return out, nil
}

// Converters gives what a client of Temporal converts values and failures with.
func Converters(c *Codec) (converter.DataConverter, converter.FailureConverter) {
	values := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
	if c.plain {
		return values, temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: values})
	}
	return values, &failures{FailureConverter: failuresWith(values), values: values}
}

func failuresWith(values converter.DataConverter) converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: values, EncodeCommonAttributes: true})
}

// failures encodes the messages and stacks of failures, which the SDK leaves plain, under
// the key of the workflow's organization.
type failures struct {
	converter.FailureConverter
	values converter.DataConverter
}

// WithSerializationContext gives the converter of the organization whose workflow it is.
func (f *failures) WithSerializationContext(at converter.SerializationContext) converter.FailureConverter {
	values := converter.WithDataConverterSerializationContext(f.values, at)
	return &failures{FailureConverter: failuresWith(values), values: values}
}

// OrganizationOf gives whose key a payload is under: an organization's id, or "platform".
func OrganizationOf(p *commonpb.Payload) (org string, encrypted bool) {
	encrypted = bytes.Equal(p.GetMetadata()[converter.MetadataEncoding], []byte(encoding))
	return string(p.GetMetadata()[metadataOrg]), encrypted
}
