package tenancy

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/internal/fault"
)

// ServiceIssuer is the issuer of service accounts: users without a person, for
// API keys. No identity provider has it, so no one can sign in as one.
const ServiceIssuer = "urn:satchel:service"

// ErrServiceAccount refuses to treat a service account as a person.
var ErrServiceAccount = fault.New(fault.Conflict, "service_account", "This is the service account of an API key. Its role is its key's: make another key instead.")

// AddServiceAccount makes a service account and its membership. One with allSpaces acts
// in every space of the organization, as staff.
func AddServiceAccount(ctx context.Context, tx *Tx, user uuid.UUID, role Role, allSpaces bool) error {
	var made uuid.UUID
	err := tx.QueryRow(ctx, "select app.user_ensure($1, $2, $3)", user, ServiceIssuer, user.String()).Scan(&made)
	if err != nil {
		return fmt.Errorf("make service account: %w", err)
	}
	_, err = tx.Exec(ctx, "insert into members (organization_id, user_id, role, service, all_spaces) values (app.org(), $1, $2, true, $3)", made, string(role), allSpaces)
	if err != nil {
		return fmt.Errorf("add service account: %w", err)
	}
	return nil
}
