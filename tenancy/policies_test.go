package tenancy_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// Policies and role come in one statement, each with its own default, and never
// those of another organization.
func TestPoliciesForAPerson(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	a, b := d.Organization(t, 1), d.Organization(t, 1)
	teacher, student := d.Member(t, a, tenancy.Teacher), d.Member(t, a, tenancy.Student)
	got, staff, err := tenancy.GetPoliciesFor(t.Context(), d.Single(a), teacher)
	require.NoError(t, err)
	require.True(t, staff)
	require.Equal(t, tenancy.DefaultPolicies(), got)
	days := 3
	set := tenancy.Policies{TrashDays: &days, AllowedTypes: []string{"text/plain"}, Switches: []string{"scripts"}, Extensions: []string{".sib"}}
	require.NoError(t, tenancy.SetPolicies(t.Context(), d.Single(a), set))
	for user, want := range map[uuid.UUID]bool{teacher: true, student: false, uuid.New(): false} {
		got, staff, err = tenancy.GetPoliciesFor(t.Context(), d.Single(a), user)
		require.NoError(t, err)
		require.Equal(t, want, staff)
		alone, err := tenancy.GetPolicies(t.Context(), d.Single(a))
		require.NoError(t, err)
		require.Equal(t, alone, got)
	}
	got, staff, err = tenancy.GetPoliciesFor(t.Context(), d.Single(b), teacher)
	require.NoError(t, err)
	require.False(t, staff, "a teacher elsewhere")
	require.Equal(t, tenancy.DefaultPolicies(), got)
}
