// Package shares is who was given a file, a folder or a space, how far, and until when.
// Inside the organization a share is links and grants that carry its id, which triggers
// keep as the share says (policies/rls/functions/system_sharing.sql): the access rule
// reads those alone. To people outside a share is a token. Times are the database's.
package shares

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/policies/disclosure"
)

// Kind is with whom something is shared.
type Kind string

// The kinds.
const (
	Link    Kind = "link"    // anyone who holds the link
	Members Kind = "members" // of the organization, by name
	Classes Kind = "classes" // all who are in them
	People  Kind = "people"  // outside, by an address that they prove
)

// Kinds lists every kind.
var Kinds = []Kind{Link, Members, Classes, People}

// Outside says whether the share leaves the organization.
func (k Kind) Outside() bool { return k == Link || k == People }

// Permission is how far a share goes.
type Permission string

// The permissions.
const (
	View     Permission = "view"     // previews; the original is not delivered
	Download Permission = "download" // the original too
	Upload   Permission = "upload"   // adds files, and sees only those
	Edit     Permission = "edit"     // of members and classes
)

// Permissions lists every permission.
var Permissions = []Permission{View, Download, Upload, Edit}

// Way is the way out that a share is; of one inside the organization it is not asked.
func Way(k Kind, p Permission) disclosure.Way {
	switch {
	case p == Upload:
		return disclosure.DropBox
	case k == People:
		return disclosure.OutsidePerson
	}
	return disclosure.Link
}

// Status is what a share is now: open, or why it is not (app.share_status).
type Status string

// The states. Those from Revoked on are ends: the others may open again.
const (
	Open        Status = "open"
	NotOpen     Status = "not_open" // before starts_at
	Trashed     Status = "target_trashed"
	UsedUp      Status = "used_up"       // until the limit is raised
	NotDisclose Status = "not_disclosed" // by the organization's rules of today
	Suspended   Status = "organization_suspended"
	Unknown     Status = "unknown"

	Revoked        Status = "revoked"
	Expired        Status = "expired"
	SharerLeft     Status = "sharer_left"
	SharerDemoted  Status = "sharer_demoted"
	TargetDeleted  Status = "target_deleted"
	TargetMoved    Status = "target_moved"
	ClassDeleted   Status = "class_deleted"
	RecipientsLeft Status = "recipients_left"
)

// Target is what is shared: exactly one of the three.
type Target = disclosure.Target

// Bounds are those of a drop box. Zero is without a bound of its own.
type Bounds struct {
	MaxFiles int32    // files in all
	MaxBytes int64    // bytes in all
	Accepted []string // extensions; none: what the organization takes
}

// Share is one row. EndedAt is nil while it is alive; ExpiresAt is nil where nothing
// ends it.
type Share struct {
	ID           uuid.UUID
	Kind         Kind
	Permission   Permission
	Target       Target
	Version      *uuid.UUID // nil: the current one
	Label        string
	HasPassword  bool
	StartsAt     time.Time
	ExpiresAt    *time.Time
	MaxDownloads *int32
	Downloads    int32
	Bounds       Bounds
	DroppedFiles int32
	DroppedBytes int64
	Status       Status
	EndedAt      *time.Time
	EndedBy      *uuid.UUID
	CreatedBy    uuid.UUID
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Delivery is what became of a recipient's mail.
type Delivery string

// The deliveries. A mail that could not be sent yet is Queued; Failed was refused for
// good and waits for a person.
const (
	Queued Delivery = "queued"
	Sent   Delivery = "sent"
	Failed Delivery = "failed"
)

// Recipient is with whom a share is: a member, a class, or a person outside, whose
// Email is nil once the share has ended.
type Recipient struct {
	ID           uuid.UUID
	User, Class  *uuid.UUID
	Email        *string
	Name         string
	Outside      bool
	VerifiedAt   *time.Time
	Delivery     Delivery
	DeliveryCode string
	SentAt       *time.Time
	EndedAt      *time.Time
	CreatedAt    time.Time
}

const tokenBytes = 32

// NewToken makes the secret of a link, and what is kept of it. It is shown once.
func NewToken() (token string, hash []byte) {
	b := make([]byte, tokenBytes)
	for token == "" || token[0] == '-' { // which a command line takes for an option
		_, _ = rand.Read(b) // never fails (crypto/rand)
		token = base64.RawURLEncoding.EncodeToString(b)
	}
	return token, Hash(token)
}

// Hash is what is kept of a token. One of 256 random bits needs no slow hash.
func Hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// URL is the address of a share for people, below the platform's public one.
func URL(base, token string) string { return strings.TrimSuffix(base, "/") + "/s/" + token }
