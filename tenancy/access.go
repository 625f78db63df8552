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

// GetMembership reads the current role of an authenticated actor, the status of
// its organization and how many requests its tier has. It returns ErrNoOrganization for an actor that is not a member
// any more, or whose key has ended.
func GetMembership(ctx context.Context, q Queries, a Actor) (Membership, error) {
	rows, err := q.Query(ctx, `select m.user_id, m.organization_id, m.role, o.status, o.reads_while_suspended, o.tier, t.requests_per_minute, coalesce(app.wal_position(), '') as position
		from members m join organizations o on o.id = m.organization_id join tiers t on t.name = o.tier where m.user_id = $1
		and ($2 = '00000000-0000-0000-0000-000000000000'::uuid or exists (select from api_keys k where k.id = $2 and k.revoked_at is null and k.expires_at > now()))`, a.User, a.Key)
	if err != nil {
		return Membership{}, fmt.Errorf("read membership: %w", err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[Membership])
	if errors.Is(err, pgx.ErrNoRows) {
		return m, ErrNoOrganization
	}
	return m, err
}

// Allows says whether the status of the organization permits an action.
func (m Membership) Allows(needs Action) bool {
	return m.Status == Active || m.Status == Suspended && m.ReadsWhileSuspended && needs.Reads()
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
