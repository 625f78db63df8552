package share_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/share"
	"satchel/internal/activitytest"
	"satchel/tenancy"
)

// TestAccessesAreForgotten after as many days as the organization says, and not where it
// says nothing.
func TestAccessesAreForgotten(t *testing.T) {
	t.Parallel()
	b := activitytest.New(t)
	silent := b.Organization(t, 1<<20)
	left := func(org tenancy.OrgID) (n int) {
		require.NoError(t, b.Single(org).QueryRow(t.Context(), "select count(*) from share_accesses").Scan(&n))
		return n
	}
	for _, org := range []tenancy.OrgID{b.Org, silent} {
		user, id := b.Member(t, org, tenancy.Teacher), tenancy.NewID()
		_, err := b.Single(org).Exec(t.Context(), "insert into folders (organization_id, id, space_id, name, created_by) select app.org(), $1, s.id, 'f', $2 from spaces s where s.owner_id = $2 limit 1", id, user)
		require.NoError(t, err)
		_, err = b.Single(org).Exec(t.Context(), "insert into shares (organization_id, id, kind, permission, folder_id, token_hash, created_by) values (app.org(), $1, 'link', 'download', $1, sha256($1::uuid::text::bytea), $2)", id, user)
		require.NoError(t, err)
		_, err = b.Admin(t).Exec(t.Context(), `insert into share_accesses (organization_id, share_id, id, what, outcome, at)
			select $1, $2, app.new_id(), 'page', 'ok', now() - n * interval '1 day' from generate_series(20, 1520) n`, org, id)
		require.NoError(t, err)
	}
	sweep := func() {
		t.Helper()
		_, err := activitytest.Sweep(t, share.SweepsOf(share.New(b.DB, nil)), "forget-share-accesses")
		require.NoError(t, err)
	}
	sweep()
	require.Equal(t, []int{1501, 1501}, []int{left(b.Org), left(silent)})
	days := 30
	p, err := tenancy.GetPolicies(t.Context(), b.Single(b.Org))
	require.NoError(t, err)
	p.ShareAccessDays = &days
	require.NoError(t, tenancy.SetPolicies(t.Context(), b.Single(b.Org), p))
	sweep()
	require.Equal(t, []int{10, 1501}, []int{left(b.Org), left(silent)})
	_, err = b.Single(b.Org).Exec(t.Context(), "delete from share_accesses where id <> $1", uuid.Nil)
	require.Error(t, err, "the application deletes none by itself")
}
