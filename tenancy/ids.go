package tenancy

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// OrgID names an organization. The zero value is no organization, and every
// entry point refuses it.
type OrgID uuid.UUID

// Platform is the reserved organization of the people who run Satchel.
// Operators are its members; their operations and audit rows live under it.
var Platform = OrgID(uuid.MustParse("00000000-0000-7000-8000-000000000000"))

// ErrNoTenant refuses work that names no organization.
var ErrNoTenant = errors.New("no organization: every query and activity names one")

// ParseOrgID reads an organization id; the nil UUID is refused.
func ParseOrgID(s string) (OrgID, error) {
	id, err := uuid.Parse(s)
	if err != nil {
		return OrgID{}, fmt.Errorf("organization id: %w", err)
	}
	if id == uuid.Nil {
		return OrgID{}, ErrNoTenant
	}
	return OrgID(id), nil
}

// String gives the canonical form.
func (o OrgID) String() string { return uuid.UUID(o).String() }

// UUID gives the id as a database parameter.
func (o OrgID) UUID() uuid.UUID { return uuid.UUID(o) }

// IsZero says whether no organization is named.
func (o OrgID) IsZero() bool { return o == OrgID{} }

// MarshalText and UnmarshalText make an OrgID travel as its canonical string
// in JSON; an empty string stays zero, which the entries refuse by name.
func (o OrgID) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the canonical form.
func (o *OrgID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*o = OrgID{}
		return nil
	}
	id, err := uuid.ParseBytes(b)
	*o = OrgID(id)
	return err
}

// NewID gives a UUIDv7: its order is the order of creation, which keeps indexes
// dense and makes it the natural cursor.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// UUIDValue and ScanUUID let pgx write and read an OrgID as a uuid. The zero
// value is written as the nil UUID and not as null: lists over all organizations
// start behind it.
func (o OrgID) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: o, Valid: true}, nil }

// ScanUUID refuses null: a column that may be null is read into a *OrgID.
func (o *OrgID) ScanUUID(v pgtype.UUID) error {
	if !v.Valid {
		return ErrNoTenant
	}
	*o = v.Bytes
	return nil
}
