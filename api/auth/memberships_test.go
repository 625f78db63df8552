package auth

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestMembershipsAreForgottenWhenTheyChange: each kind of change empties the cache, whichever
// process made it. Time stands still, so that nothing is forgotten for its age.
func TestMembershipsAreForgottenWhenTheyChange(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	watched, flushed := tenancy.NewWatched(), make(chan string, 16)
	m := newMembershipCache(time.Second, watched.Live, prometheus.NewRegistry())
	began := time.Now()
	m.found.Now = func() time.Time { return began }
	go func() {
		_ = db.Listen(ctx, tenancy.Channels{MembershipsChannel: func(p string) { m.forget(); flushed <- p }}, watched)
	}()
	require.Empty(t, <-flushed)

	const issuer = "https://issuer.test"
	subject, org := uuid.NewString(), db.Organization(t, 1<<20)
	user, err := db.EnsureUser(ctx, issuer, subject)
	require.NoError(t, err)
	require.NoError(t, tenancy.SetMember(ctx, db.Single(org), user, tenancy.Teacher))
	drain := func() {
		for len(flushed) > 0 {
			<-flushed
		}
	}
	asked := 0
	find := func() []tenancy.Membership {
		t.Helper()
		places, err := m.of(ctx, login{issuer, subject}, func(ctx context.Context, issuer, subject string) ([]tenancy.Membership, error) {
			asked++
			return db.Memberships(ctx, issuer, subject)
		})
		require.NoError(t, err)
		return places
	}
	admin := db.Admin(t)
	settle := func() { // what was committed before has been heard of
		t.Helper()
		_, err := admin.Exec(ctx, "select pg_notify('memberships', 'settled')")
		require.NoError(t, err)
		for <-flushed != "settled" {
		}
	}
	settle()
	for _, change := range []string{
		"update members set role = 'student' where user_id = $1",
		"update organizations set status = 'suspended' where id = (select organization_id from members where user_id = $1)",
		"update organizations set allowed_origins = '{https://school.test}' where id = (select organization_id from members where user_id = $1)",
		"update tiers set requests_per_minute = requests_per_minute + 1 where name = (select o.tier from organizations o join members m on m.organization_id = o.id where m.user_id = $1)",
		"update logins set subject = subject || '-' where user_id = $1",
		"update logins set subject = left(subject, -1) where user_id = $1",
		"delete from members where user_id = $1",
	} {
		drain()
		before := find()
		asked = 0
		require.Equal(t, before, find())
		require.Equal(t, len(before) == 0, asked > 0, "that a person belongs somewhere is from the cache, before: %s", change)
		_, err := admin.Exec(ctx, change, user)
		require.NoError(t, err)
		require.Equal(t, "changed", <-flushed, change)
		require.NotEqual(t, before, find(), change)
	}
	settle()
	_, err = admin.Exec(ctx, "update organizations set name = name || '!'")
	require.NoError(t, err)
	settle()
	require.Empty(t, flushed, "a name is no part of a membership")
}

// TestMembershipsAreReadWhereNothingIsHeard: without a connection that listens, for a login that
// belongs nowhere, for an answer that is older than a change, and for one that is old.
func TestMembershipsAreReadWhereNothingIsHeard(t *testing.T) {
	t.Parallel()
	live, now, asked := false, time.Now(), 0
	m := newMembershipCache(time.Second, func() bool { return live }, prometheus.NewRegistry())
	m.found.Now = func() time.Time { return now }
	places, during := []tenancy.Membership{{User: uuid.New()}}, func() {}
	reads := func(want bool, why string) {
		t.Helper()
		before := asked
		_, err := m.of(t.Context(), login{"i", "s"}, func(context.Context, string, string) ([]tenancy.Membership, error) {
			asked++
			during()
			return places, nil
		})
		require.NoError(t, err)
		require.Equal(t, want, asked > before, why)
	}
	reads(true, "nothing listens")
	live = true
	reads(true, "nothing was kept meanwhile")
	reads(false, "it was kept")
	live = false
	reads(true, "the connection is lost")
	live = true
	now = now.Add(time.Second)
	reads(true, "it is old")
	m.forget()
	during = m.forget
	reads(true, "something changed")
	during = func() {}
	reads(true, "what was read when something changed is not kept")
	reads(false, "it was kept")
	m.forget()
	places = nil
	reads(true, "something changed")
	reads(true, "that it belongs nowhere is not kept")
	places = []tenancy.Membership{{Position: "0/1"}}
	reads(true, "belongs somewhere now")
	reads(true, "a standby needs the position of each question")

	m = newMembershipCache(0, func() bool { return live }, prometheus.NewRegistry())
	places[0].Position = ""
	reads(true, "nothing may be remembered")
	reads(true, "nothing was remembered")
}
