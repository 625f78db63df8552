package webhooks

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"satchel/internal/fault"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/webhooks/webhooksdb"
)

// Kind is how a secret signs.
type Kind string

// The kinds. HMAC is a secret that both sides know; of Ed25519 the receiver has the
// public half alone.
const (
	HMAC    Kind = "hmac"
	Ed25519 Kind = "ed25519"
)

// The prefixes of the Standard Webhooks specification.
const (
	prefixSecret = "whsec_"
	prefixPublic = "whpk_"
)

// secretSize is in the middle of the 24 to 64 bytes that the specification allows.
const secretSize = 32

// How long a replaced secret signs beside its successor.
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 30 * 24 * time.Hour
)

// What a caller can meet.
var (
	ErrKind    = fault.New(fault.Invalid, "invalid_kind", "kind is hmac or ed25519.")
	ErrMade    = fault.New(fault.Conflict, "webhook_secret_exists", "This request has made its secret already, and a secret is shown only once. Rotate it to have a new one.")
	ErrOverlap = fault.New(fault.Invalid, "invalid_overlap", "overlap is a number of seconds from 0 to 2592000, which is 30 days.")
)

// Secret is one that signs, without what it signs with.
type Secret struct {
	ID        uuid.UUID
	Webhook   uuid.UUID
	Kind      Kind
	PublicKey string // whpk_…, of Ed25519
	CreatedAt time.Time
	ExpiresAt *time.Time // it was replaced

	sealed string
}

// NewSecret asks for a secret of a webhook.
type NewSecret struct {
	ID, Webhook uuid.UUID
	Kind        Kind
	Overlap     time.Duration // for which the others of its kind still sign
}

// AddSecret makes a secret and gives it once: what the receiver verifies with, whsec_…
// or whpk_….
func AddSecret(ctx context.Context, tx *tenancy.Tx, box *sealed.Box, n NewSecret, now time.Time) (string, error) {
	if n.Overlap < 0 || n.Overlap > MaxOverlap {
		return "", ErrOverlap
	}
	id, webhook, kind, overlap := n.ID, n.Webhook, n.Kind, n.Overlap
	secret, shown, err := newSecret(kind)
	if err != nil {
		return "", err
	}
	public := ""
	if kind == Ed25519 {
		public = shown
	}
	q := webhooksdb.New(tx)
	err = q.SecretInsert(ctx, webhooksdb.SecretInsertParams{ID: id, WebhookID: webhook, Kind: string(kind), Sealed: box.Seal(secret, place(tx.Org(), id)), PublicKey: public})
	if err != nil {
		return "", fmt.Errorf("insert secret: %w", err)
	}
	err = q.SecretExpire(ctx, webhooksdb.SecretExpireParams{WebhookID: webhook, Kind: string(kind), Keep: id, ExpiresAt: now.Add(overlap)})
	return shown, wrap("expire secrets", err)
}

func newSecret(kind Kind) (secret []byte, shown string, err error) {
	switch kind {
	case HMAC:
		secret = make([]byte, secretSize)
		_, _ = rand.Read(secret) // it never fails: crypto/rand ends the program instead
		return secret, prefixSecret + base64.StdEncoding.EncodeToString(secret), nil
	case Ed25519:
		public, private, err := ed25519.GenerateKey(rand.Reader)
		return private.Seed(), prefixPublic + base64.StdEncoding.EncodeToString(public), err
	}
	return nil, "", ErrKind
}

// SecretMade says whether a secret of that id was made.
func SecretMade(ctx context.Context, q tenancy.Queries, id uuid.UUID) (bool, error) {
	made, err := webhooksdb.New(q).SecretMade(ctx, id)
	return made, wrap("look for secret", err)
}

// place binds a sealed secret to its row.
func place(org tenancy.OrgID, secret uuid.UUID) string {
	return "webhook secret/" + org.String() + "/" + secret.String()
}

// Secrets lists those that sign for the webhooks, the newest first.
func Secrets(ctx context.Context, q tenancy.Queries, now time.Time, ids ...uuid.UUID) ([]Secret, error) {
	rows, err := webhooksdb.New(q).SecretList(ctx, webhooksdb.SecretListParams{Webhooks: ids, Moment: now})
	found := make([]Secret, len(rows))
	for i, r := range rows {
		found[i] = Secret{ID: r.ID, Webhook: r.WebhookID, Kind: Kind(r.Kind), PublicKey: r.PublicKey, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, sealed: r.Sealed}
	}
	return found, wrap("list secrets", err)
}

// Signer signs what is sent to a webhook with each of its secrets.
type Signer struct {
	hmacs []*standardwebhooks.Webhook
	keys  []ed25519.PrivateKey
}

// NewSigner opens the secrets of an organization's webhook.
func NewSigner(box *sealed.Box, org tenancy.OrgID, secrets []Secret) (*Signer, error) {
	s := &Signer{}
	for _, one := range secrets {
		secret, err := box.Open(one.sealed, place(org, one.ID))
		if err != nil {
			return nil, err
		}
		if one.Kind == Ed25519 {
			s.keys = append(s.keys, ed25519.NewKeyFromSeed(secret))
			continue
		}
		w, err := standardwebhooks.NewWebhookRaw(secret)
		if err != nil {
			return nil, fmt.Errorf("read secret: %w", err)
		}
		s.hmacs = append(s.hmacs, w)
	}
	return s, nil
}

// Sign gives the value of webhook-signature: a signature of each secret, separated by
// spaces. v1 is HMAC-SHA256 and v1a Ed25519, both over id.timestamp.body.
func (s *Signer) Sign(id string, at time.Time, body []byte) (string, error) {
	signatures := make([]string, 0, len(s.hmacs)+len(s.keys))
	for _, w := range s.hmacs {
		signature, err := w.Sign(id, at, body)
		if err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
		signatures = append(signatures, signature)
	}
	for _, key := range s.keys {
		message := fmt.Appendf(nil, "%s.%d.%s", id, at.Unix(), body)
		signatures = append(signatures, "v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(key, message)))
	}
	return strings.Join(signatures, " "), nil
}
