package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/keyring"
	"satchel/internal/s3"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/operations"
	"satchel/workflows/offboarding"
	"satchel/workflows/provisioning"
	"satchel/workflows/upload"
)

func (b *worker) operationEnds(t *testing.T, id uuid.UUID) operations.Operation {
	t.Helper()
	return b.operationOf(t, tenancy.Platform, id)
}

func (b *worker) operationOf(t *testing.T, org tenancy.OrgID, id uuid.UUID) operations.Operation {
	t.Helper()
	var o operations.Operation
	require.Eventually(t, func() bool {
		var err error
		o, err = operations.Get(context.Background(), b.Single(org), id)
		return err == nil && !o.State.Open()
	}, patience, pause)
	return o
}

// TestOrganizationLivesAndDies sets an organization up, fills it, and deletes it
// while files are being scanned: nothing is left, anywhere.
func TestOrganizationLivesAndDies(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.Member(t, tenancy.Platform, tenancy.Operator)
	n := tenancy.NewOrganization{ID: tenancy.OrgID(tenancy.NewID()), Slug: "s-" + uuid.NewString(), Name: "School", Tier: "basic"}
	op, err := provisioning.Begin(t.Context(), b.DB, b.Client, operator, n)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, b.operationEnds(t, op).State)
	b.Org, b.User = n.ID, b.Member(t, n.ID, tenancy.Student)
	b.Authorized(t, b.Org)

	ticket := b.Receive(t, "photo.png", png)
	_, err = b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	gate := make(chan struct{})
	defer close(gate)
	b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate})
	before := b.Clamd.Scans()
	caught := b.Receive(t, "notes.txt", []byte("still being scanned"))
	b.Process(t, caught)
	require.Eventually(t, func() bool { return b.Clamd.Scans() > before }, patience, pause)
	open := files.StagingKey(b.Org, uuid.New())
	require.NoError(t, b.Store.Staging.Prepare(t.Context(), open))
	_, err = b.Store.Staging.CreateMultipart(t.Context(), open)
	require.NoError(t, err)

	deletion := tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.Client, operator, b.Org, deletion, 0))
	ended := b.operationEnds(t, deletion)
	require.Equal(t, operations.Succeeded, ended.State, string(ended.Error))
	require.Contains(t, string(ended.Result), `"files"`)
	b.requireNothingLeft(t)
	running, err := upload.Running(t.Context(), b.Client, b.Org, caught.Version)
	require.NoError(t, err)
	require.False(t, running)
	var trail int
	require.NoError(t, b.Single(tenancy.Platform).QueryRow(t.Context(),
		"select count(*) from audit_events where action = 'organization.erase' and object_id = $1", b.Org.String()).Scan(&trail))
	require.Equal(t, 1, trail)

	// The platform has the certificate, and a copy of it lies where the ledger says that the
	// organization was erased. Neither is taken back by a restore of the database.
	c, err := erasures.GetCertificate(t.Context(), b.Single(tenancy.Platform), deletion)
	require.NoError(t, err)
	require.Equal(t, b.Org.UUID(), c.Target)
	require.Equal(t, operator.String(), c.RequestedBy)
	require.EqualValues(t, 2, c.Files)
	require.Positive(t, c.Objects)
	require.Positive(t, c.Versions, "the published one, and the other where it was counted before it ended")
	require.GreaterOrEqual(t, c.Bytes, int64(len(png)))
	require.EqualValues(t, 1, c.Rows["storage_quotas"])
	copied, err := erasures.ReadCertificate(read(t, b.Store.Audit, erasures.CertificateKey(b.Org, deletion)), signer(t).Public())
	require.NoError(t, err)
	require.Equal(t, c, copied)
	entry, err := erasures.ReadEntry(read(t, b.Store.Audit, erasures.OrganizationKey(b.Org)), b.Org, signer(t).Public())
	require.NoError(t, err)
	require.Equal(t, erasures.Organization, entry.Scope)
}

// requireNothingLeft looks from behind the rules into every table of tenants,
// and into every bucket.
func (b *worker) requireNothingLeft(t *testing.T) {
	t.Helper()
	admin := b.Admin(t)
	rows, err := admin.Query(t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, tables)
	for _, name := range tables {
		var n int
		require.NoError(t, admin.QueryRow(t.Context(), fmt.Sprintf("select count(*) from %s where organization_id = $1", name), b.Org).Scan(&n))
		require.Zero(t, n, name)
	}
	for _, bucket := range []*s3.Bucket{b.Store.Staging, b.Store.Clean, b.Store.Quarantine, b.Store.Exports, b.Store.Keys} {
		require.NoError(t, bucket.List(t.Context(), b.Org.String(), func(o s3.Object) error { return fmt.Errorf("left in %s", bucket.Name()) }))
		pending, err := bucket.ListPending(t.Context(), b.Org.String())
		require.NoError(t, err)
		require.Empty(t, pending)
	}
	require.NoError(t, b.Store.Keys.List(t.Context(), keyring.Masters+b.Org.String(), func(s3.Object) error { return errors.New("the key of the organization is left") }))
}

func TestKeptOrganizationIsAsBefore(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.Member(t, tenancy.Platform, tenancy.Operator)
	op := tenancy.NewID()
	require.NoError(t, offboarding.Begin(t.Context(), b.DB, b.Client, operator, b.Org, op, time.Hour))
	require.ErrorIs(t, offboarding.Begin(t.Context(), b.DB, b.Client, operator, b.Org, tenancy.NewID(), 0), tenancy.ErrWrongStatus)
	require.NoError(t, offboarding.CancelDeletion(t.Context(), b.DB, b.Client, b.Org))
	require.Equal(t, operations.Cancelled, b.operationEnds(t, op).State)
	o, err := tenancy.GetOrganization(t.Context(), b.Single(b.Org))
	require.NoError(t, err)
	require.Equal(t, tenancy.Active, o.Status)
	require.ErrorIs(t, offboarding.CancelDeletion(t.Context(), b.DB, b.Client, b.Org), tenancy.ErrWrongStatus)
}

// TestLostStartIsMadeGood: the rows of a request whose process died before the
// start are found by the sweep.
func TestLostStartIsMadeGood(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	n := tenancy.NewOrganization{ID: tenancy.OrgID(tenancy.NewID()), Slug: "s-" + uuid.NewString(), Name: "School", Tier: "basic"}
	require.NoError(t, b.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) error {
		if err := tenancy.BeginOrganization(t.Context(), tx, n); err != nil {
			return err
		}
		return operations.Insert(t.Context(), tx, operations.Operation{ID: n.ID.UUID(), Kind: provisioning.Kind, WorkflowID: provisioning.WorkflowID(n.ID)})
	}))
	_, err := b.Admin(t).Exec(t.Context(), "update organizations set updated_at = now() - interval '1 minute' where id = $1", n.ID)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, b.operationEnds(t, n.ID.UUID()).State)
}
