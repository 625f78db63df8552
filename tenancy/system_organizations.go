package tenancy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The questions of policies/rls/functions/system_organizations.sql.

// NewOrganization is an organization that is about to be set up.
type NewOrganization struct {
	ID                             OrgID
	Slug, Name, Tier, ContactEmail string
	Cluster                        string // in which it is to be; "": that of the directory
	ProvisioningSetup
}

// BeginOrganization makes the rows of an organization in the state
// provisioning, inside the caller's transaction of the platform. It refuses a
// slug that belongs to another with ErrSlugTaken; a second call with the same id
// succeeds.
func BeginOrganization(ctx context.Context, tx *Tx, n NewOrganization) error {
	if n.Cluster != "" {
		return beginElsewhere(ctx, tx, n)
	}
	var ok bool
	err := tx.QueryRow(ctx, "select app.organization_begin($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", n.ID, n.Slug, n.Name, n.Tier,
		n.ContactEmail, n.MaxBytes, n.MaxFileSize, n.Owner, n.OwnerEmail, n.Invitation).Scan(&ok)
	if err != nil {
		return fmt.Errorf("begin organization: %w", err)
	}
	if !ok {
		return ErrSlugTaken
	}
	return nil
}

// ListOrganizations pages through the organizations in the order of their ids,
// for operators. status and text are filters; empty lets everything through.
func (d *DB) ListOrganizations(ctx context.Context, after OrgID, status, text string, n int) ([]Organization, error) {
	return wholePageOf[Organization](ctx, d, "id", "select "+organizationColumns+" from app.organizations_list($1, $2, $3, $4)", after, status, text, n)
}

// UnfinishedOrganization is an organization whose workflow may have been lost.
type UnfinishedOrganization struct {
	Org      OrgID      `db:"organization_id"`
	Status   string     `db:"status"`
	Deletion *uuid.UUID `db:"deletion_id"`
}

// OrganizationsUnfinished finds organizations that are being set up, or should
// have been deleted, and have been quiet for longer than that.
func (d *DB) OrganizationsUnfinished(ctx context.Context, quiet time.Duration, after uuid.UUID, n int) ([]UnfinishedOrganization, error) {
	return pageOf[UnfinishedOrganization](ctx, d, "organization_id", "select organization_id, status, deletion_id from app.organizations_unfinished($1, $2, $3)", quiet, after, n)
}

// DeleteOrganizationRows removes every row of an organization that was never
// finished, or whose deletion has begun, and gives the count of each table; nil
// when there is no such organization. It runs in the caller's transaction.
func DeleteOrganizationRows(ctx context.Context, tx *Tx, org OrgID) (map[string]int64, error) {
	if c := tx.db.pools.clusters; c != nil {
		name, err := c.place(ctx, org)
		if err != nil && !errors.Is(err, ErrNoOrganization) {
			return nil, err
		}
		if name != "" {
			return deleteElsewhere(ctx, tx, name, org)
		}
	}
	var counts map[string]int64
	err := tx.QueryRow(ctx, "select app.organization_delete_rows($1)", org).Scan(&counts)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("delete the rows of an organization: %w", err)
	}
	return counts, nil
}

// PutTier makes or changes a tier, and at once the limits of every
// organization in it that follow the tier.
func PutTier(ctx context.Context, q Queries, t Tier) error {
	_, err := q.Exec(ctx, "select app.tier_set($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)", t.Name, t.MaxMembers, t.MaxBytes,
		t.MaxFileSize, t.RequestsPerMinute, t.ConcurrentUploads, t.ConcurrentScans, t.Renditions, t.Features,
		t.ShareOutside, t.ShareUpload, t.SharePassword, t.ShareDays, t.MaxWebhooks)
	if err != nil {
		return fmt.Errorf("set tier: %w", err)
	}
	return nil
}
