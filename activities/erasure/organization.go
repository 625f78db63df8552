package erasure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// Organizations keeps the ledger and the certificates of organizations that are deleted, for the
// process that deletes them.
type Organizations struct{ parts Parts }

// NewOrganizations makes it.
func NewOrganizations(p Parts) *Organizations { return &Organizations{p} }

// Tell writes into the ledger that all of an organization goes, before anything of it does. A
// repeated call finds it written.
func (o *Organizations) Tell(ctx context.Context, target tenancy.OrgID) error {
	entry := erasures.Entry{Erasure: target.UUID(), Organization: target.String(), Scope: erasures.Organization}
	entry, err := erasures.SignEntry(o.parts.Signer, entry, time.Now())
	if err != nil {
		return err
	}
	b, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("write ledger of erasures: %w", err)
	}
	if err := o.parts.Archive.PutNew(ctx, erasures.OrganizationKey(target), bytes.NewReader(b), "application/json"); err != nil {
		return fmt.Errorf("write ledger of erasures: %w", err)
	}
	return nil
}

// Certify writes the certificate in the transaction that removed the last rows.
func (o *Organizations) Certify(ctx context.Context, tx *tenancy.Tx, target tenancy.OrgID, id uuid.UUID, r erasures.Removed) error {
	return erasures.CertifyOrganization(ctx, tx, target, id, r, o.parts.Signer, time.Now())
}

// Keep keeps a copy of the certificate outside the database. An organization that was deleted by a
// release without certificates has none.
func (o *Organizations) Keep(ctx context.Context, target tenancy.OrgID, id uuid.UUID) error {
	c, err := erasures.GetCertificate(ctx, o.parts.DB.Single(tenancy.Platform), id)
	if errors.Is(err, erasures.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return KeepCertificate(ctx, o.parts.Archive, target, c)
}
