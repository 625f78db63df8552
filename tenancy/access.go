package tenancy

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
)

// ErrNoOrganization is what a caller meets who names an organization that is
// not there, or not theirs: the two must not be told apart.
var ErrNoOrganization = fault.New(fault.NotFound, "organization_not_found", "There is no such organization for you.")

// Organization is an organization's row.
type Organization struct {
	ID     uuid.UUID `db:"id" json:"id"`
	Slug   string    `db:"slug" json:"slug"`
	Name   string    `db:"name" json:"name"`
	Tier   string    `db:"tier" json:"tier"`
	Status string    `db:"status" json:"status"`
}

// GetOrganization reads the organization to which q is bound.
func GetOrganization(ctx context.Context, q Queries) (Organization, error) {
	rows, err := q.Query(ctx, "select id, slug, name, tier, status from organizations")
	if err != nil {
		return Organization{}, fmt.Errorf("read organization: %w", err)
	}
	o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Organization])
	if errors.Is(err, pgx.ErrNoRows) {
		return o, ErrNoOrganization
	}
	return o, err
}

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
