package tenancy

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/internal/fault"
)

// ErrNoOrganization is what a caller meets who names an organization that is
// not there, or not theirs: the two must not be told apart.
var ErrNoOrganization = fault.New(fault.NotFound, "organization_not_found", "There is no such organization for you.")

// SetMember gives a person a role in the organization, or another one.
func SetMember(ctx context.Context, q Queries, user uuid.UUID, role Role) error {
	tag, err := q.Exec(ctx, `insert into members (organization_id, user_id, role) values (app.org(), $1, $2)
		on conflict (organization_id, user_id) do update set role = excluded.role where not members.service`, user, string(role))
	if err != nil {
		return fmt.Errorf("set member: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrServiceAccount
	}
	return nil
}
