package main

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/tenancy"
)

func (b *bundle) setPolicies(t *testing.T, p tenancy.Policies) {
	t.Helper()
	if p.AllowedTypes == nil {
		p.AllowedTypes = []string{}
	}
	require.NoError(t, tenancy.SetPolicies(t.Context(), b.Single(b.org), p))
}

// TestTrashLastsAsLongAsItsOrganizationSays: an organization's own days go before
// the platform's, whether they are fewer or more.
func TestTrashLastsAsLongAsItsOrganizationSays(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	const platform = 10
	day := 24 * time.Hour
	fewer, more, none := 3, 20, (*int)(nil)
	type trashed struct {
		org  tenancy.OrgID
		file uuid.UUID
		gone bool
	}
	var all []trashed
	for _, c := range []struct {
		own  *int
		days int
		gone bool
	}{
		{&fewer, 2, false}, {&fewer, 4, true},
		{&more, 11, false}, {&more, 21, true},
		{none, 9, false}, {none, 11, true},
	} {
		a.org = a.Organization(t, room)
		a.user = a.Member(t, a.org, tenancy.Student)
		a.setPolicies(t, tenancy.Policies{TrashDays: c.own})
		ticket := a.scanned(t)
		_, err := a.publish(ticket.Version)
		require.NoError(t, err)
		a.trash(t, ticket.File)
		_, err = a.Single(a.org).Exec(t.Context(), "update files set trashed_at = now() - $1::interval", time.Duration(c.days)*day)
		require.NoError(t, err)
		all = append(all, trashed{a.org, ticket.File, c.gone})
	}
	s := sweep.New(a.DB, a.nowhere, a.cleaner, sweep.Config{Trash: platform * day})
	a.env.RegisterActivity(s)
	_, err := a.env.ExecuteActivity(s.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
	require.NoError(t, err)
	for i, f := range all {
		_, err := files.Get(t.Context(), a.Single(f.org), f.file)
		if f.gone {
			require.ErrorIs(t, err, files.ErrNotFound, "%d", i)
			continue
		}
		require.NoError(t, err, "%d", i)
	}
}

// TestInspectionObeysTheOrganizationsTypes: what the platform takes and the
// organization does not is rejected by its own rule, whatever was let in before
// the policy was set.
func TestInspectionObeysTheOrganizationsTypes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	text, picture := b.receive(t, "notes.txt", []byte("plain text")), b.receive(t, "photo.png", png)
	b.setPolicies(t, tenancy.Policies{AllowedTypes: []string{"image/png", "application/pdf"}})
	v, err := b.ends(t, b.start(t, text), text)
	require.NoError(t, err)
	require.Equal(t, files.Rejected, v.Status)
	require.Equal(t, "type_not_allowed_here", v.StatusReason)
	v, err = b.ends(t, b.start(t, picture), picture)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	b.setPolicies(t, tenancy.Policies{})
	again := b.receive(t, "notes.txt", []byte("plain text"))
	v, err = b.ends(t, b.start(t, again), again)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status, "without a policy everything that the platform takes")
	b.requireSettled(t)
}
