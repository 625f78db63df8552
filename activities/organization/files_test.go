package organization_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/finalize"
	"satchel/activities/organization"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// prefixes is a bucket as the activities of this package know it.
type prefixes struct{ *activitytest.Bucket }

func (p prefixes) Put(ctx context.Context, key string, body *bytes.Reader) error {
	_, err := p.Bucket.Put(ctx, key, body, int64(body.Len()), "")
	return err
}

// cleaner clears what an ended upload left.
type cleaner struct{ finalize.Cleaner }

func (c cleaner) Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	_, err := c.Cleaner.Clear(ctx, org, version)
	return err
}

func newOrganization(t *testing.T) (*activitytest.Fixture, *organization.Activities) {
	t.Helper()
	f := activitytest.New(t)
	c := finalize.NewCleaner(f.DB, finalize.Objects{Staging: f.Staging, Clean: f.Clean, Quarantine: f.Quarantine})
	buckets := []organization.Bucket{prefixes{f.Staging}, prefixes{f.Clean}}
	return f, organization.New(organization.Parts{DB: f.DB, Buckets: buckets, Clearer: cleaner{c}})
}

// TestStorageCheckLeavesNothing: a bucket that refuses fails the step, the
// compensation removes what the others took, and a repeated step leaves nothing.
func TestStorageCheckLeavesNothing(t *testing.T) {
	t.Parallel()
	f, a := newOrganization(t)
	operation := operations.Operation{ID: f.Org.UUID(), Kind: "provision", WorkflowID: "w"}
	require.NoError(t, operations.Insert(t.Context(), f.Single(tenancy.Platform), operation))
	in := organization.CheckStorageInput{Org: tenancy.Platform, Target: f.Org}
	f.Clean.Fail("put")
	_, err := activitytest.Run[organization.CheckStorageResult](t, a, a.CheckStorage, in)
	activitytest.RequireRefused(t, err, "internal", true)
	require.Len(t, f.Staging.Keys(t), 1, "the first bucket took its probe")
	for range 2 {
		_, err = activitytest.Run[organization.RemoveProbesResult](t, a, a.RemoveProbes, organization.RemoveProbesInput{Org: tenancy.Platform, Target: f.Org})
		require.NoError(t, err)
		require.Empty(t, f.Staging.Keys(t))
	}
	for range 2 {
		_, err = activitytest.Run[organization.CheckStorageResult](t, a, a.CheckStorage, in)
		require.NoError(t, err)
		require.Empty(t, f.Staging.Keys(t))
		require.Empty(t, f.Clean.Keys(t))
	}
}

// TestUploadsOfASuspendedOrganizationEnd: an active one keeps its uploads, and a
// failure half way is made good by the next attempt.
func TestUploadsOfASuspendedOrganizationEnd(t *testing.T) {
	t.Parallel()
	f, parts := newOrganization(t)
	a := organization.NewBatch(parts.Parts)
	received := f.Receive(t, "received.txt", []byte("complete"))
	for range 3 {
		require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
			_, err := files.Create(t.Context(), tx, files.New{Name: "open.txt", Size: 10, UploadedBy: f.User, TTL: time.Hour})
			return err
		}))
	}
	in := organization.EndUploadsInput{Org: tenancy.Platform, Target: f.Org}
	done, err := activitytest.Run[organization.EndUploadsResult](t, a, a.EndUploads, in)
	require.NoError(t, err)
	require.Zero(t, done.Ended, "the organization is active")

	_, err = f.Admin(t).Exec(t.Context(), "update organizations set status = 'suspended' where id = $1", f.Org.UUID())
	require.NoError(t, err)
	f.Staging.Fail("remove")
	_, err = activitytest.Run[organization.EndUploadsResult](t, a, a.EndUploads, in)
	activitytest.RequireRefused(t, err, "internal", true)
	for _, want := range []int64{2, 0} {
		done, err = activitytest.Run[organization.EndUploadsResult](t, a, a.EndUploads, in)
		require.NoError(t, err)
		require.Equal(t, want, done.Ended)
	}
	require.Equal(t, files.Processing, f.Version(t, received.Version).Status, "what is complete goes on")
	quota, err := files.GetQuota(t.Context(), f.Single(f.Org))
	require.NoError(t, err)
	require.EqualValues(t, len("complete"), quota.ReservedBytes)
}

func TestOrganizationStepsAreThePlatforms(t *testing.T) {
	t.Parallel()
	f, parts := newOrganization(t)
	a := organization.NewBatch(parts.Parts)
	f.Receive(t, "kept.txt", []byte("kept"))
	for org, code := range map[tenancy.OrgID]string{{}: "no_organization", f.Organization(t, 1000): "foreign_organization"} {
		_, err := activitytest.Run[organization.EndUploadsResult](t, a, a.EndUploads, organization.EndUploadsInput{Org: org, Target: f.Org})
		activitytest.RequireRefused(t, err, code, false)
		_, err = activitytest.Run[organization.CheckStorageResult](t, parts, parts.CheckStorage, organization.CheckStorageInput{Org: org, Target: f.Org})
		activitytest.RequireRefused(t, err, code, false)
	}
	require.Len(t, f.Staging.Keys(t), 1)
}
