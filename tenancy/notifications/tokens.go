package notifications

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/google/uuid"

	"satchel/internal/sealed"
	"satchel/tenancy"
)

// Tokens makes and reads what the platform gives out in mails: the addresses by which a
// person wants no more of a kind, and those to which reports come back.
type Tokens struct{ unsubscribe, reports [][]byte }

// NewTokens takes the keys from those of the platform's secrets. What an old key made is
// good while it is among them.
func NewTokens(b *sealed.Box) (*Tokens, error) {
	unsubscribe, err := b.Derive("unsubscribe")
	if err != nil {
		return nil, err
	}
	reports, err := b.Derive("mail reports")
	return &Tokens{unsubscribe, reports}, err
}

// ErrToken refuses a token that was not made here.
var ErrToken = errors.New("the token is not one of this service")

const macSize = 16

// Subscription names what a person may stop without signing in.
type Subscription struct {
	Org  tenancy.OrgID
	User uuid.UUID
	Kind string // of the mail
}

// Unsubscribe makes the token of a subscription. It has no end: a mail may be old.
func (t *Tokens) Unsubscribe(s Subscription) string {
	org := s.Org.UUID()
	message := append(append(append([]byte{}, org[:]...), s.User[:]...), s.Kind...)
	return base64.RawURLEncoding.EncodeToString(append(mac(t.unsubscribe[0], message)[:macSize], message...))
}

// ReadUnsubscribe reads a token.
func (t *Tokens) ReadUnsubscribe(token string) (Subscription, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < macSize+32 || len(raw) > macSize+32+64 || !good(t.unsubscribe, raw[macSize:], raw[:macSize]) {
		return Subscription{}, ErrToken
	}
	org, err := tenancy.ParseOrgID(uuid.UUID(raw[macSize : macSize+16]).String())
	if err != nil {
		return Subscription{}, ErrToken
	}
	return Subscription{Org: org, User: uuid.UUID(raw[macSize+16 : macSize+32]), Kind: string(raw[macSize+32:])}, nil
}

// ReportTagLength is that of a tag.
const ReportTagLength = 42

var tagEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const tagMAC = 10

// ReportTag is the part of the sender's address that says to which mail a report
// belongs. Mail servers do not keep upper and lower case apart.
func (t *Tokens) ReportTag(mail uuid.UUID) string {
	return tagEncoding.EncodeToString(append(append([]byte{}, mail[:]...), mac(t.reports[0], mail[:])[:tagMAC]...))
}

// ReadReportTag reads a tag.
func (t *Tokens) ReadReportTag(tag string) (uuid.UUID, error) {
	raw, err := tagEncoding.DecodeString(strings.ToLower(tag))
	if err != nil || len(raw) != 16+tagMAC || !good(t.reports, raw[:16], raw[16:]) {
		return uuid.Nil, ErrToken
	}
	return uuid.UUID(raw[:16]), nil
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

func good(keys [][]byte, message, given []byte) bool {
	for _, k := range keys {
		if hmac.Equal(mac(k, message)[:len(given)], given) {
			return true
		}
	}
	return false
}
