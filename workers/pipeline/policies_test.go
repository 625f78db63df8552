package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
)

func setPolicies(t *testing.T, b *pipelinetest.Bench, p tenancy.Policies) {
	t.Helper()
	if p.AllowedTypes == nil {
		p.AllowedTypes = []string{}
	}
	require.NoError(t, tenancy.SetPolicies(t.Context(), b.Single(b.Org), p))
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
		a.Org = a.Organization(t, room)
		a.User = a.Member(t, a.Org, tenancy.Student)
		setPolicies(t, &a.Bench, tenancy.Policies{TrashDays: c.own})
		ticket := a.Scanned(t)
		_, err := a.Publish(ticket.Version)
		require.NoError(t, err)
		a.Trash(t, ticket.File)
		_, err = a.Single(a.Org).Exec(t.Context(), "update files set trashed_at = now() - $1::interval", time.Duration(c.days)*day)
		require.NoError(t, err)
		all = append(all, trashed{a.Org, ticket.File, c.gone})
	}
	s := sweep.New(a.DB, a.Workflows, a.Cleaner, sweep.Config{Trash: platform * day})
	a.Env.RegisterActivity(s)
	_, err := a.Env.ExecuteActivity(s.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
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
	text, picture := b.Receive(t, "notes.txt", []byte("plain text")), b.Receive(t, "photo.png", png)
	setPolicies(t, &b.Bench, tenancy.Policies{AllowedTypes: []string{"image/png", "application/pdf"}})
	v, err := b.Ends(t, b.Process(t, text), text)
	require.NoError(t, err)
	require.Equal(t, files.Rejected, v.Status)
	require.Equal(t, "type_not_allowed_here", v.StatusReason)
	v, err = b.Ends(t, b.Process(t, picture), picture)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	setPolicies(t, &b.Bench, tenancy.Policies{})
	again := b.Receive(t, "notes.txt", []byte("plain text"))
	v, err = b.Ends(t, b.Process(t, again), again)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status, "without a policy everything that the platform takes")
	b.RequireSettled(t)
}
