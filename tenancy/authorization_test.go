package tenancy_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

// TestWhoMayGiveWhichRole walks every role and every role that can be given, by a
// person's token and by an API key.
func TestWhoMayGiveWhichRole(t *testing.T) {
	t.Parallel()
	const (
		owner, admin, teacher, student, parent, auditor, operator = tenancy.Owner, tenancy.Admin, tenancy.Teacher, tenancy.Student, tenancy.Parent, tenancy.Auditor, tenancy.Operator
	)
	type roles = []tenancy.Role
	everyone := roles{owner, admin, teacher, student, parent, auditor, operator}
	for _, c := range []struct {
		actor                  tenancy.Role
		key                    bool
		keys, assigns, manages roles
	}{
		{owner, false, roles{admin, teacher, student}, everyone, everyone},
		{admin, false, roles{admin, teacher, student}, everyone, roles{teacher, student, parent, auditor}},
		{teacher, false, roles{teacher, student}, everyone, roles{teacher, student, parent, auditor}},
		{operator, false, nil, everyone, everyone},
		{admin, true, roles{admin, teacher, student}, roles{teacher, student, parent}, roles{teacher, student, parent}},
		{teacher, true, roles{teacher, student}, roles{teacher, student, parent}, roles{teacher, student, parent}},
		{student, true, roles{student}, roles{student, parent}, roles{teacher, student, parent}},
	} {
		a := tenancy.Actor{Role: c.actor}
		if c.key {
			a.Key = tenancy.NewID()
		}
		for _, role := range tenancy.Roles {
			require.Equal(t, slices.Contains(c.keys, role), a.MayGiveKey(role), "%s (key %v) gives a key of %s", c.actor, c.key, role)
			require.Equal(t, slices.Contains(c.assigns, role), a.MayAssign(role), "%s (key %v) assigns %s", c.actor, c.key, role)
			require.Equal(t, slices.Contains(c.manages, role), a.MayManage(role), "%s (key %v) manages %s", c.actor, c.key, role)
		}
	}
}

func TestRolesOfAnOrganization(t *testing.T) {
	t.Parallel()
	school := tenancy.OrgID(tenancy.NewID())
	for _, role := range tenancy.Roles {
		require.Equal(t, role == tenancy.Operator, role.Belongs(tenancy.Platform), role)
		require.Equal(t, role != tenancy.Operator, role.Belongs(school), role)
	}
	require.False(t, tenancy.Role("head").Belongs(school))
	require.True(t, tenancy.Teacher.Above(tenancy.Parent))
	require.False(t, tenancy.Parent.Above(tenancy.Student))
	require.False(t, tenancy.Auditor.Above(tenancy.Student))
	require.False(t, tenancy.Actor{Role: tenancy.Auditor}.Staff())
	require.False(t, tenancy.Owner.Above(tenancy.Owner))
}
