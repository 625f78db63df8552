package tenancy

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The questions that look across organizations. Each calls one function of
// policies/rls/functions/system.sql and gives ids only; there are no others. A list is paged in
// the order of ids, behind the id that it is given.

// Membership is one person's place in one organization.
type Membership struct {
	User uuid.UUID `db:"user_id"`
	Org  OrgID     `db:"organization_id"`
	Role Role      `db:"role"`

	// Of the organization:
	Status              string   `db:"status"`
	Tier                string   `db:"tier"`
	RequestsPerMinute   int      `db:"requests_per_minute"`
	Origins             []string `db:"origins"` // of web pages that may call for it
	ReadsWhileSuspended bool     `db:"reads_while_suspended"`
	Features            []string `db:"features"` // of its tier

	Position string `db:"position"` // of the database, when it was asked; empty where it has no standby
}

const membershipColumns = "user_id, organization_id, role, status, tier, requests_per_minute, origins, reads_while_suspended, features"

// membershipColumns are those of a membership, and where the database is where a standby is asked what follows.
func (d *DB) membershipColumns() string {
	if d.pools.replica == nil {
		return membershipColumns
	}
	return membershipColumns + ", coalesce(app.wal_position(), '') as position"
}

// Memberships finds the memberships of the person that an issuer knows as subject.
func (d *DB) Memberships(ctx context.Context, issuer, subject string) ([]Membership, error) {
	if d.pools.clusters != nil {
		return d.pools.clusters.memberships(ctx, issuer, subject)
	}
	return systemQuery[Membership](ctx, d, "select "+d.membershipColumns()+" from app.memberships($1, $2)", issuer, subject)
}

// EnsureUser gives the id of a person, making the row when there is none.
func (d *DB) EnsureUser(ctx context.Context, issuer, subject string) (uuid.UUID, error) {
	var id uuid.UUID
	err := d.pool.QueryRow(ctx, "select app.user_ensure($1, $2, $3)", NewID(), issuer, subject).Scan(&id)
	return id, translate(err)
}

// Organizations pages through the organizations in the order of their ids. Those of a cluster that does not
// answer are left out.
func (d *DB) Organizations(ctx context.Context, after OrgID, n int) ([]OrgID, error) {
	rows, err := pageOf[organizationID](ctx, d, "id", "select id from app.organizations_page($1, $2)", after, n)
	return idsOf(rows), err
}

// AllOrganizations is Organizations for work that must not pass one over: without one of the clusters it is an
// error.
func (d *DB) AllOrganizations(ctx context.Context, after OrgID, n int) ([]OrgID, error) {
	rows, err := wholePageOf[organizationID](ctx, d, "id", "select id from app.organizations_page($1, $2)", after, n)
	return idsOf(rows), err
}

type organizationID struct{ ID OrgID }

func idsOf(rows []organizationID) []OrgID {
	orgs := make([]OrgID, len(rows))
	for i, r := range rows {
		orgs[i] = r.ID
	}
	return orgs
}

// Ref names a file, version or upload of an organization.
type Ref struct {
	Org     OrgID     `db:"organization_id"`
	File    uuid.UUID `db:"file_id"`
	Version uuid.UUID `db:"version_id"`
	Upload  uuid.UUID `db:"upload_id"`
}

// OrganizationsWaiting finds organizations with versions that have waited in the admission queue
// for that long though there is room: below what their tier and the ceiling let
// into the pipeline. Only Org is set.
func (d *DB) OrganizationsWaiting(ctx context.Context, unstarted time.Duration, ceiling int, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.organizations_waiting($1, $2, $3, $4)", unstarted, ceiling, after, n)
}

// VersionsWaiting finds versions that were let into the pipeline and whose
// workflow showed no life since, or has been silent for long.
func (d *DB) VersionsWaiting(ctx context.Context, unstarted, silent time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, file_id, version_id from app.versions_waiting($1, $2, $3, $4)", unstarted, silent, after, n)
}

// UploadsExpired finds uploads past their time.
func (d *DB) UploadsExpired(ctx context.Context, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "upload_id", "select organization_id, upload_id, version_id from app.uploads_expired($1, $2)", after, n)
}

// systemQuery asks where all organizations are in one cluster. Where they are not, who asks says how: see
// clusters_ask.go.
func systemQuery[T any](ctx context.Context, d *DB, sql string, args ...any) ([]T, error) {
	if d.pools.clusters != nil {
		return nil, errNotAcross
	}
	return systemQueryAt[T](ctx, d, sql, args...)
}

func systemQueryAt[T any](ctx context.Context, d *DB, sql string, args ...any) ([]T, error) {
	rows, err := d.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(fmt.Errorf("ask across organizations: %w", err))
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
	return found, translate(err)
}
