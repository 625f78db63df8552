package tenancy_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func TestOrgIDTravelsAsText(t *testing.T) {
	t.Parallel()
	type letter struct{ Org tenancy.OrgID }
	sent := letter{tenancy.OrgID(tenancy.NewID())}
	b, err := json.Marshal(sent)
	require.NoError(t, err)
	require.JSONEq(t, `{"Org":"`+sent.Org.String()+`"}`, string(b))
	var got letter
	require.NoError(t, json.Unmarshal(b, &got))
	require.Equal(t, sent, got)
	require.NoError(t, json.Unmarshal([]byte(`{"Org":""}`), &got))
	require.True(t, got.Org.IsZero())
	require.Error(t, json.Unmarshal([]byte(`{"Org":"school"}`), &got))
	require.False(t, tenancy.Platform.IsZero())
}

func FuzzParseOrgID(f *testing.F) {
	for _, s := range []string{"", "school", uuid.Nil.String(), tenancy.Platform.String(), "urn:uuid:" + tenancy.Platform.String()} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		org, err := tenancy.ParseOrgID(s)
		require.Equal(t, err != nil, org.IsZero(), "an error and no organization come together")
		if err == nil {
			again, err := tenancy.ParseOrgID(org.String())
			require.NoError(t, err)
			require.Equal(t, org, again)
		}
	})
}

func TestNewIDsAreInOrder(t *testing.T) {
	t.Parallel()
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = tenancy.NewID().String()
	}
	require.True(t, slices.IsSorted(ids))
	require.Len(t, slices.Compact(ids), 1000)
}

func TestGrantsAreSane(t *testing.T) {
	t.Parallel()
	for action, roles := range tenancy.Grants {
		require.NotEmpty(t, roles, "%s is granted to no role", action)
		seen := map[tenancy.Role]bool{}
		for _, role := range roles {
			require.Contains(t, tenancy.Roles, role, "%s is granted to an unknown role", action)
			require.False(t, seen[role], "%s names %s twice", action, role)
			seen[role] = true
			require.True(t, tenancy.Actor{Role: role}.May(action))
		}
		for _, role := range append(slices.Clone(tenancy.Roles), "", "root") {
			require.Equal(t, seen[role], tenancy.Actor{Role: role}.May(action), "%s by %q", action, role)
		}
	}
	for _, role := range tenancy.Roles {
		require.False(t, tenancy.Actor{Role: role}.May("unheard_of"))
		wider := map[tenancy.Action]tenancy.Action{tenancy.EditFiles: tenancy.ReadFiles, tenancy.ManageSpaces: tenancy.MakeSpaces, tenancy.MakeSpaces: tenancy.ReadSpaces}
		for all, own := range wider {
			if (tenancy.Actor{Role: role}).May(all) {
				require.True(t, tenancy.Actor{Role: role}.May(own), "%s may %s and so must %s", role, all, own)
			}
		}
	}
}

func TestMemberships(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	a, b := d.OrganizationOf(t, "free", 1), d.OrganizationOf(t, "free", 1)
	user, err := d.EnsureUser(t.Context(), "issuer", "subject")
	require.NoError(t, err)
	again, err := d.EnsureUser(t.Context(), "issuer", "subject")
	require.NoError(t, err)
	require.Equal(t, user, again)
	for org, role := range map[tenancy.OrgID]tenancy.Role{a: tenancy.Owner, b: tenancy.Student} {
		_, err := d.Single(org).Exec(t.Context(), "insert into members (organization_id, user_id, role) values (app.org(), $1, $2)", user, role)
		require.NoError(t, err)
	}
	got, err := d.Memberships(t.Context(), "issuer", "subject")
	require.NoError(t, err)
	require.ElementsMatch(t, []tenancy.Membership{
		{User: user, Org: a, Role: tenancy.Owner, Status: "active", Tier: "free", RequestsPerMinute: 600, Origins: []string{}, ReadsWhileSuspended: true, Features: []string{}},
		{User: user, Org: b, Role: tenancy.Student, Status: "active", Tier: "free", RequestsPerMinute: 600, Origins: []string{}, ReadsWhileSuspended: true, Features: []string{}},
	}, got)
	for _, other := range [][2]string{{"issuer", "other"}, {"other", "subject"}, {"", ""}} {
		got, err := d.Memberships(t.Context(), other[0], other[1])
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

func TestOrganizations(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	want := []tenancy.OrgID{tenancy.Platform}
	for range 7 {
		want = append(want, d.Organization(t, 1))
	}
	var got []tenancy.OrgID
	var after tenancy.OrgID
	for {
		page, err := d.Organizations(t.Context(), after, 3)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		after = page[len(page)-1]
	}
	require.Equal(t, want, got, "each once, in the order of creation")
	begin := func(id tenancy.OrgID) error {
		return d.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) error {
			return tenancy.BeginOrganization(t.Context(), tx, tenancy.NewOrganization{ID: id, Slug: "o-" + want[1].String(), Name: "Another", Tier: "free"})
		})
	}
	require.ErrorIs(t, begin(tenancy.OrgID(tenancy.NewID())), tenancy.ErrSlugTaken)
	require.NoError(t, begin(want[1]), "a repeat is no error")
}
