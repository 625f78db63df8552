package erasures

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/tenancy"
)

// KeysKept is for how long the backup of the data keys lives at most (docs/backup.md): after
// that, no copy of what was encrypted can be read.
const KeysKept = 7 * 24 * time.Hour

// The methods, in the terms of NIST SP 800-88.
const (
	CryptographicErase = "cryptographic_erase_and_delete" // the data key is destroyed, and every object was removed
	Deletion           = "delete"                         // it was not encrypted: every object was removed
)

// Certificate says what was erased. It names ids, sizes and hashes, and nothing of a person.
type Certificate struct {
	Form         int              `json:"form"` // 1
	ID           uuid.UUID        `json:"id"`
	Organization string           `json:"organization"`
	Scope        Scope            `json:"scope"`
	Target       uuid.UUID        `json:"target"`
	Basis        Basis            `json:"basis"`
	Rule         string           `json:"rule"`
	RequestedAt  string           `json:"requested_at"`
	RequestedBy  string           `json:"requested_by"` // a user's id; empty: the platform
	CertifiedAt  string           `json:"certified_at"`
	Files        int64            `json:"files"`
	Versions     int64            `json:"versions"`
	Bytes        int64            `json:"bytes"`
	Exports      int64            `json:"exports"`           // copies of the organization that were removed because they may have held it
	Objects      int64            `json:"objects,omitempty"` // of an organization: what was removed from the stores
	Items        []Item           `json:"items,omitempty"`
	Kept         []Kept           `json:"kept,omitempty"`    // what was not erased, and why
	Derived      []Derived        `json:"derived,omitempty"` // documents that were made from what was erased, and stay until a person decides
	Person       PersonState      `json:"person,omitempty"`  // what became of the person's own row
	Rows         map[string]int64 `json:"rows,omitempty"`    // of an organization: what was removed, by table
	Stores       []string         `json:"stores"`            // that were listed, and have nothing of it
	Holds        string           `json:"holds"`
	KeysBackup   string           `json:"keys_backup_until"` // when the last backup with its data keys is gone
	AuditSeq     int64            `json:"audit_seq"`         // the end of the audit log then
	AuditHash    audit.Hash       `json:"audit_hash"`
	Key          string           `json:"key"` // KeyID of the public key
	Signature    string           `json:"signature,omitempty"`
}

// Item is a version that was erased.
type Item struct {
	File    uuid.UUID `json:"file"`
	Version uuid.UUID `json:"version"`
	SHA256  string    `json:"sha256"` // of the bytes; empty: none had arrived
	Size    int64     `json:"size"`
	Method  string    `json:"method"`
}

// PersonState is what became of the row of a person (name, grade, identifiers, hashes of names
// and addresses).
type PersonState string

// The states of a person's row. It is erased when the person has left.
const (
	PersonErased PersonState = "erased"
	PersonMember PersonState = "still_a_member"
	PersonHeld   PersonState = "on_hold"
)

// Kept is a file that was not erased.
type Kept struct {
	File   uuid.UUID `json:"file"`
	Reason string    `json:"reason"`
}

// heldBack says in a certificate how holds were asked.
const heldBack = "asked in each transaction that ended a version; none covered it then"

// Stores are the places that are listed before an erasure is certified.
var Stores = []string{"staging", "clean", "quarantine", "exports", "keys", "database"}

// sign completes a certificate.
func (c Certificate) sign(s *audit.Signer) (Certificate, error) {
	c.Form, c.Holds, c.Stores, c.Key, c.Signature = 1, heldBack, Stores, audit.KeyID(s.Public()), ""
	signature, err := s.Seal(c)
	c.Signature = signature
	return c, err
}

// ErrForged says that a certificate was not signed by the platform, or was changed since.
var ErrForged = errors.New("the certificate is not signed with this key, or was changed since")

// ReadCertificate reads a certificate and checks its signature.
func ReadCertificate(b []byte, trusted ...ed25519.PublicKey) (c Certificate, err error) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields() // what is not signed must not be taken for a part of it
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("read certificate: %w", err)
	}
	signed := c
	signed.Signature = ""
	if k, ok := audit.Named(c.Key, trusted); !ok || !audit.Sealed(signed, c.Signature, k) {
		return c, ErrForged
	}
	return c, nil
}

// CertificateOf reads the copy of the certificate of an erasure. One that lies in the place of
// another is refused as one that was changed: it would say of this erasure what is true of that.
func CertificateOf(b []byte, trusted []ed25519.PublicKey, org tenancy.OrgID, id uuid.UUID) (Certificate, error) {
	c, err := ReadCertificate(b, trusted...)
	if err == nil && (c.Organization != org.String() || c.ID != id) {
		err = ErrForged
	}
	return c, err
}

// Entry is one line of the ledger of erasures: what may never be readable again. The ledger
// lies beside the checkpoints of audit logs, where nothing is removed: a database that was
// restored to an earlier moment finds there what was erased since.
type Entry struct {
	At           string      `json:"at"`
	Erasure      uuid.UUID   `json:"erasure"`
	Organization string      `json:"organization"`
	Scope        Scope       `json:"scope"`
	Files        []EntryFile `json:"files,omitempty"`  // of an organization none: all that it had
	Person       *uuid.UUID  `json:"person,omitempty"` // whose own row was emptied
	Key          string      `json:"key"`
	Signature    string      `json:"signature,omitempty"`
}

// EntryFile is a file and its versions.
type EntryFile struct {
	File     uuid.UUID   `json:"file"`
	Versions []uuid.UUID `json:"versions"`
}

// SignEntry signs an entry.
func SignEntry(s *audit.Signer, e Entry, at time.Time) (Entry, error) {
	e.At, e.Key, e.Signature = at.UTC().Format(time.RFC3339), audit.KeyID(s.Public()), ""
	signature, err := s.Seal(e)
	e.Signature = signature
	return e, err
}

// MostVersions is of how many versions one entry tells: an entry is read whole.
const MostVersions = 5000

// Split gives entries of a ledger of which each tells of at most most versions.
func (e Entry) Split(most int) []Entry {
	var all []Entry
	part, n := e, 0
	part.Files = nil
	for _, f := range e.Files {
		for versions := f.Versions; len(versions) > 0; {
			if n == most {
				all = append(all, part)
				part.Files, n = nil, 0
			}
			take := min(most-n, len(versions))
			part.Files = append(part.Files, EntryFile{File: f.File, Versions: versions[:take]})
			versions, n = versions[take:], n+take
		}
	}
	return append(all, part)
}

// ReadEntry reads an entry of an organization's ledger. One that the platform did not sign is
// an error: it would have something destroyed.
func ReadEntry(b []byte, org tenancy.OrgID, trusted ...ed25519.PublicKey) (e Entry, err error) {
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("read ledger of erasures: %w", err)
	}
	signed := e
	signed.Signature = ""
	if k, ok := audit.Named(e.Key, trusted); !ok || e.Organization != org.String() || !audit.Sealed(signed, e.Signature, k) {
		return e, ErrForged
	}
	return e, nil
}

// LedgerPrefix is where the ledger of an organization lies in the bucket of checkpoints.
func LedgerPrefix(org tenancy.OrgID) string { return "erasures/" + org.String() + "/" }

// OrganizationKey is where the entry lies that says that an organization was erased.
func OrganizationKey(org tenancy.OrgID) string {
	return LedgerPrefix(org) + org.String() + "/organization.json"
}

// LedgerKey is where a new entry of an erasure lies. Each is written once.
func LedgerKey(org tenancy.OrgID, erasure uuid.UUID) string {
	return LedgerPrefix(org) + erasure.String() + "/" + tenancy.NewID().String() + ".json"
}

// CertificateKey is where the copy of a certificate lies in that bucket.
func CertificateKey(org tenancy.OrgID, erasure uuid.UUID) string {
	return "certificates/" + org.String() + "/" + erasure.String() + ".json"
}
