package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

const issuer = "https://issuer.test"

// twoClusters are a directory with an organization, and a cluster with another one, which can be cut off.
// Both are databases of one server here; api TestTwoClusters has two servers.
type twoClusters struct {
	*pgtest.Database
	there      *pgtest.Database
	line       *line
	near, east tenancy.OrgID
}

func newTwoClusters(t *testing.T) *twoClusters {
	t.Helper()
	w := &twoClusters{Database: pgtest.New(t), there: pgtest.New(t)}
	var url string
	w.line, url = newLine(t, w.there.AppURL)
	require.NoError(t, w.UseClusters(t.Context(), tenancy.ClustersConfig{Clusters: " east=" + url + "\n"}))
	require.Equal(t, []string{"east"}, w.Clusters())
	require.NoError(t, w.PingCluster(t.Context(), "east"))
	w.near = w.Organization(t, 1<<30)
	w.east = w.begin(t, "east-school")
	require.NoError(t, w.InTx(t.Context(), w.east, func(tx *tenancy.Tx) error {
		_, err := tenancy.Activate(t.Context(), tx)
		return err
	}))
	return w
}

// begin makes an organization in the other cluster, as a request does and then what it starts.
func (w *twoClusters) begin(t *testing.T, slug string) tenancy.OrgID {
	t.Helper()
	ctx, org := t.Context(), tenancy.OrgID(tenancy.NewID())
	owner, err := w.EnsureUser(ctx, issuer, "owner of "+slug)
	require.NoError(t, err)
	require.NoError(t, w.place(t, org, slug, "east", &owner))
	_, err = tenancy.GetOrganization(ctx, w.Single(org))
	require.ErrorIs(t, err, tenancy.ErrNoOrganization, "it is promised and not made")
	require.NoError(t, w.SettleOrganization(ctx, org))
	require.NoError(t, w.SettleOrganization(ctx, org), "twice is once")
	return org
}

func (w *twoClusters) place(t *testing.T, org tenancy.OrgID, slug, cluster string, owner *uuid.UUID) error {
	t.Helper()
	return w.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) error {
		return tenancy.BeginOrganization(t.Context(), tx, tenancy.NewOrganization{
			ID: org, Slug: slug, Name: "School", Tier: "enterprise", Cluster: cluster, ProvisioningSetup: tenancy.ProvisioningSetup{Owner: owner}})
	})
}

// member makes a person a member by their own login.
func (w *twoClusters) member(t *testing.T, org tenancy.OrgID, subject string) uuid.UUID {
	t.Helper()
	user, err := w.EnsureUserOf(t.Context(), org, issuer, subject)
	require.NoError(t, err)
	require.NoError(t, tenancy.SetMember(t.Context(), w.Single(org), user, tenancy.Teacher))
	return user
}

func (w *twoClusters) places(t *testing.T, subject string) (orgs []tenancy.OrgID, err error) {
	t.Helper()
	found, err := w.Memberships(t.Context(), issuer, subject)
	for _, m := range found {
		orgs = append(orgs, m.Org)
	}
	return orgs, err
}

// rows counts, behind the rules, the rows of organizations that a condition on the id names.
func rows(t *testing.T, admin *pgx.Conn, condition string) map[string]int {
	t.Helper()
	tables, err := admin.Query(t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') union select 'organizations'`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	require.NoError(t, err)
	found := map[string]int{}
	for _, name := range names {
		id := "organization_id"
		if name == "organizations" {
			id = "id"
		}
		var n int
		require.NoError(t, admin.QueryRow(t.Context(), fmt.Sprintf("select count(*) from %s where %s %s", name, id, condition)).Scan(&n))
		if n > 0 {
			found[name] = n
		}
	}
	return found
}

func texts(t *testing.T, admin *pgx.Conn, sql string) []string {
	t.Helper()
	found, err := admin.Query(t.Context(), sql)
	require.NoError(t, err)
	all, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err)
	return all
}

// TestTwoClusters: each organization is in its own cluster and in no other, what looks across
// organizations looks at both, and a cluster that is gone takes its own organizations with it.
func TestTwoClusters(t *testing.T) {
	t.Parallel()
	w := newTwoClusters(t)
	w.slugs(t)
	teacher, both := w.member(t, w.east, "teacher"), w.member(t, w.near, "both")
	require.Equal(t, both, w.member(t, w.east, "both"), "a person is one in both")
	w.member(t, w.near, "near")
	w.separate(t, teacher)
	w.tiers(t)
	w.across(t)
	w.locked(t)
	w.deleted(t)
	w.wrong(t)
	w.gone(t)
}

// slugs are taken in all clusters at once.
func (w *twoClusters) slugs(t *testing.T) {
	t.Helper()
	require.ErrorIs(t, w.place(t, tenancy.OrgID(tenancy.NewID()), "east-school", "", nil), tenancy.ErrSlugTaken)
	require.ErrorIs(t, w.place(t, tenancy.OrgID(tenancy.NewID()), "o-"+w.near.String(), "east", nil), tenancy.ErrSlugTaken)
	require.ErrorIs(t, w.place(t, tenancy.OrgID(tenancy.NewID()), "west-school", "west", nil), tenancy.ErrNoCluster)
	require.NoError(t, w.place(t, w.east, "east-school", "east", nil), "a repeated request finds what it made")
	require.ErrorIs(t, w.place(t, w.near, "o-"+w.near.String(), "east", nil), tenancy.ErrSlugTaken, "one that is here is not elsewhere")
}

func (w *twoClusters) separate(t *testing.T, teacher uuid.UUID) {
	t.Helper()
	ctx := t.Context()
	for _, org := range []tenancy.OrgID{w.near, w.east} {
		_, err := w.Single(org).Exec(ctx, insert, tenancy.NewID(), "test")
		require.NoError(t, err)
		require.Equal(t, 1, count(t, w.Single(org)))
	}
	_, err := w.Single(tenancy.OrgID(tenancy.NewID())).Exec(ctx, insert, tenancy.NewID(), "test")
	require.ErrorIs(t, err, tenancy.ErrNoOrganization, "an organization that is nowhere has no cluster")
	require.ErrorIs(t, w.InTx(ctx, tenancy.OrgID{}, func(*tenancy.Tx) error { return nil }), tenancy.ErrNoTenant)
	require.ErrorIs(t, w.ForPeople().InTx(ctx, w.east, func(*tenancy.Tx) error { return nil }), tenancy.ErrNoActor)
	acting := tenancy.WithActor(ctx, tenancy.Actor{Org: w.east, User: teacher, Role: tenancy.Teacher})
	var role string
	require.NoError(t, w.ForPeople().Single(w.east).QueryRow(acting, "select current_user::text").Scan(&role))
	require.Equal(t, "satchel_people", role)

	here, there := w.Admin(t), w.there.Admin(t)
	require.Empty(t, rows(t, here, fmt.Sprintf("= '%s'", w.east)))
	require.NotEmpty(t, rows(t, there, fmt.Sprintf("= '%s'", w.east)))
	require.Empty(t, rows(t, there, fmt.Sprintf("not in ('%s', '%s')", w.east, tenancy.Platform)))
	require.ElementsMatch(t, []string{"owner of east-school", "teacher", "both"}, texts(t, there, "select subject from logins"), "of others the cluster knows no login")
	require.Len(t, texts(t, there, "select id::text from users"), 3)
	require.ElementsMatch(t, []string{"owner of east-school", "teacher", "both", "near"}, texts(t, here, "select subject from logins where issuer = '"+issuer+"'"), "the directory has all")
	require.Equal(t, texts(t, here, "select name from tiers order by name"), texts(t, there, "select name from tiers order by name"))
}

// tiers are the directory's. A copy writes those that differ alone.
func (w *twoClusters) tiers(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	wide, err := w.Tier(ctx, "enterprise")
	require.NoError(t, err)
	wide.MaxBytes++
	require.NoError(t, tenancy.PutTier(ctx, w.Single(tenancy.Platform), wide))
	limit := func() (bytes int64, at time.Time) {
		require.NoError(t, w.Single(w.east).QueryRow(ctx, "select max_bytes, updated_at from storage_quotas").Scan(&bytes, &at))
		return bytes, at
	}
	require.NoError(t, tenancy.SetLimits(ctx, w.Single(w.east), nil, nil))
	before, _ := limit()
	require.NoError(t, w.CopyTiers(ctx))
	after, at := limit()
	require.Equal(t, before+1, after, "what follows the tier follows it at once")
	require.NoError(t, w.SettleOrganizations(ctx))
	_, again := limit()
	require.Equal(t, at, again)
}

func (w *twoClusters) across(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for subject, want := range map[string][]tenancy.OrgID{"teacher": {w.east}, "near": {w.near}, "both": {w.near, w.east}, "nobody": nil} {
		got, err := w.places(t, subject)
		require.NoError(t, err)
		require.Equal(t, want, got, subject)
	}
	all := []tenancy.OrgID{tenancy.Platform, w.near, w.east}
	for n := 1; n <= 4; n++ {
		var after tenancy.OrgID
		var paged []tenancy.OrgID
		for {
			page, err := w.Organizations(ctx, after, n)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			require.LessOrEqual(t, len(page), n)
			paged, after = append(paged, page...), page[len(page)-1]
		}
		require.Equal(t, all, paged, "pages of %d", n)
	}
	listed, err := w.ListOrganizations(ctx, tenancy.OrgID{}, "", "", 10)
	require.NoError(t, err)
	require.Len(t, listed, 3)
	open, err := w.JobsOpen(ctx, 0, tenancy.OrgID{}, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, open, 2, "a sweep sees both")
	levels, err := w.TierLevels(ctx)
	require.NoError(t, err)
	require.Contains(t, levels, tenancy.TierLevel{Tier: "enterprise", Organizations: 2, Members: 4})
	due, err := w.ReconcileDue(ctx, tenancy.ReconcileDue{}, 10)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(due, func(d tenancy.ReconcileDue) bool { return d.Org == w.east }))
	due = slices.DeleteFunc(due, func(d tenancy.ReconcileDue) bool { return d.Org != tenancy.Platform })
	require.LessOrEqual(t, len(due), 1, "the platform is the directory's")
	known, err := w.OriginKnown(ctx, "https://no.test")
	require.NoError(t, err)
	require.False(t, known)
	unknown, err := w.RosterInboxesUnknown(ctx, []tenancy.RosterInbox{{Org: w.east, Source: uuid.New()}})
	require.NoError(t, err)
	require.Len(t, unknown, 1)
}

// deleted: what is removed there and not yet forgotten here is counted by the next attempt too.
func (w *twoClusters) deleted(t *testing.T) {
	t.Helper()
	ctx, org := t.Context(), w.begin(t, "short-lived")
	died := errors.New("the process died here")
	var first, second map[string]int64
	require.ErrorIs(t, w.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) (err error) {
		first, err = tenancy.DeleteOrganizationRows(ctx, tx, org)
		require.NoError(t, err)
		return died
	}), died)
	require.NoError(t, w.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) (err error) {
		second, err = tenancy.DeleteOrganizationRows(ctx, tx, org)
		return err
	}))
	require.NotEmpty(t, first)
	require.Equal(t, first, second)
	require.NoError(t, w.ForgetLogins(ctx, time.Hour))
	require.Contains(t, texts(t, w.Admin(t), "select subject from logins"), "owner of short-lived", "it may be on its way")
	require.NoError(t, w.ForgetLogins(ctx, -time.Second))
	require.NotContains(t, texts(t, w.Admin(t), "select subject from logins"), "owner of short-lived")
	require.ElementsMatch(t, []string{"owner of east-school", "teacher", "both"}, texts(t, w.Admin(t), "select subject from login_places"))
	require.NoError(t, w.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error {
		third, err := tenancy.DeleteOrganizationRows(ctx, tx, org)
		require.Nil(t, third)
		return err
	}))
	require.Empty(t, rows(t, w.there.Admin(t), fmt.Sprintf("= '%s'", org)))
	require.Empty(t, texts(t, w.there.Admin(t), "select id::text from organization_places"))
	_, err := tenancy.GetOrganization(ctx, w.Single(org))
	require.ErrorIs(t, err, tenancy.ErrNoOrganization)
}

// locked: a lock of an organization is where its transactions look for it.
func (w *twoClusters) locked(t *testing.T) {
	t.Helper()
	locks := tenancy.NewLocks(w.DB)
	kept, stop := context.WithCancel(t.Context())
	defer func() { stop(); locks.Keep(kept) }() // gives all back
	for _, org := range []tenancy.OrgID{w.near, w.east} {
		in, err := locks.In(t.Context(), org)
		require.NoError(t, err)
		again, err := locks.In(t.Context(), org)
		require.NoError(t, err)
		require.Same(t, in, again)
		free := func() (is bool) {
			require.NoError(t, w.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				return tx.QueryRow(t.Context(), "select pg_try_advisory_xact_lock(hashtextextended('turn', 0))").Scan(&is)
			}))
			return is
		}
		require.True(t, free())
		living, err := in.Share(t.Context(), "turn")
		require.NoError(t, err)
		require.False(t, free())
		living.Release(t.Context())
		require.True(t, free())
	}
}

// wrong: what a cluster answers with an error is no cluster that does not answer.
func (w *twoClusters) wrong(t *testing.T) {
	t.Helper()
	admin := w.there.Admin(t)
	_, err := admin.Exec(t.Context(), "alter function app.organizations_page rename to organizations_page_gone")
	require.NoError(t, err)
	_, err = w.Organizations(t.Context(), tenancy.OrgID{}, 10)
	require.ErrorContains(t, err, "organizations_page")
	var partly *tenancy.PartlyError
	require.NotErrorAs(t, err, &partly)
	_, err = admin.Exec(t.Context(), "alter function app.organizations_page_gone rename to organizations_page")
	require.NoError(t, err)
}

// TestRestingByAddress: an address that is gone is in the way of no other one of its cluster.
func TestRestingByAddress(t *testing.T) {
	t.Parallel()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return l
	}
	alive, gone := listen(), listen()
	t.Cleanup(func() { _ = alive.Close() })
	require.NoError(t, gone.Close())
	dial := tenancy.RestingDial()
	for range 2 {
		_, err := dial(t.Context(), "tcp", gone.Addr().String())
		require.Error(t, err)
		conn, err := dial(t.Context(), "tcp", alive.Addr().String())
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
}

func (w *twoClusters) gone(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	w.line.cut()
	for range 2 { // once for the connections that are there, and once for new ones
		_, err := w.Single(w.east).Exec(ctx, insert, tenancy.NewID(), "test")
		require.Equal(t, fault.Unavailable, fault.Of(err).Kind, "%v", err)
	}
	require.Equal(t, 1, count(t, w.Single(w.near)))
	got, err := w.places(t, "near")
	require.NoError(t, err)
	require.Equal(t, []tenancy.OrgID{w.near}, got)
	got, err = w.places(t, "both")
	var partly *tenancy.PartlyError
	require.ErrorAs(t, err, &partly)
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind)
	require.Equal(t, []tenancy.OrgID{w.near}, got)
	due, err := w.ReconcileDue(ctx, tenancy.ReconcileDue{}, 10)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(due, func(d tenancy.ReconcileDue) bool { return d.Org == w.near }))
	require.NoError(t, w.TextsAsked(ctx, []tenancy.Ref{{Org: w.near, File: uuid.New(), Version: uuid.New()}}))
	require.NoError(t, w.PersonalDataAsked(ctx, []tenancy.Ref{{Org: w.near, Version: uuid.New()}}))
	page, err := w.Organizations(ctx, tenancy.OrgID{}, 10)
	require.NoError(t, err, "sweeps go on for the others")
	require.Equal(t, []tenancy.OrgID{tenancy.Platform, w.near}, page)
	_, err = w.AllOrganizations(ctx, tenancy.OrgID{}, 10)
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind, "a check after a restore leaves none out")
	_, err = w.ListOrganizations(ctx, tenancy.OrgID{}, "", "", 10)
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind, "a list that lacks some would pass for all")
	_, _, err = w.FindKey(ctx, [32]byte{1})
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind, "whether there is such a key is not known")
	require.Error(t, w.CopyTiers(ctx))
	require.Error(t, w.PingCluster(ctx, "east"))
}

// TestClusterIsItsDatabase: a name of a cluster is the database in which organizations were made under it, so that
// another one is not believed that it knows none of their people, and no database has two names.
func TestClusterIsItsDatabase(t *testing.T) {
	t.Parallel()
	w := newTwoClusters(t)
	w.member(t, w.east, "teacher")
	other := pgtest.New(t)
	again := func(clusters string) error {
		d, err := tenancy.Open(t.Context(), tenancy.Config{URL: w.AppURL, MaxConns: 2})
		require.NoError(t, err)
		t.Cleanup(d.Close)
		return d.UseClusters(t.Context(), tenancy.ClustersConfig{Clusters: clusters})
	}
	require.NoError(t, again("east="+w.there.AppURL))
	require.ErrorContains(t, again("east="+other.AppURL), "it is another database")
	require.ErrorContains(t, again("west="+w.there.AppURL), "it is the database of cluster east")
	require.ErrorContains(t, again("north="+other.AppURL+" south="+other.AppURL), "north and south are one database")
	require.NoError(t, again("east="+w.there.AppURL+" west="+other.AppURL))

	// As if it had been accepted before the directory knew.
	_, err := w.Admin(t).Exec(t.Context(), "update cluster_identities set identity = 'another'")
	require.NoError(t, err)
	_, err = w.there.Admin(t).Exec(t.Context(), "delete from logins where subject = 'teacher'")
	require.NoError(t, err)
	require.NoError(t, w.ForgetLogins(t.Context(), -time.Second))
	require.Contains(t, texts(t, w.Admin(t), "select subject from login_places"), "teacher")
	require.Error(t, func() error {
		org, owner := tenancy.OrgID(tenancy.NewID()), w.member(t, w.near, "owner")
		require.NoError(t, w.place(t, org, "second-school", "east", &owner))
		return w.SettleOrganization(t.Context(), org)
	}(), "nothing is made in it")

	// Connections that are made from now on are refused, as if it did not answer.
	_, err = w.there.Admin(t).Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
	require.NoError(t, err)
	for range 2 { // once for the connections that are there, and once for new ones
		_, err = w.Single(w.east).Exec(t.Context(), insert, tenancy.NewID(), "test")
		require.Equal(t, fault.Unavailable, fault.Of(err).Kind, "%v", err)
	}
	require.ErrorContains(t, err, "another database")
	page, err := w.Organizations(t.Context(), tenancy.OrgID{}, 10)
	require.NoError(t, err, "sweeps go on for the others")
	require.NotContains(t, page, w.east)
}

// TestLoginStaysForAnotherCluster: who leaves the directory's cluster keeps the login by which they are known in
// another one.
func TestLoginStaysForAnotherCluster(t *testing.T) {
	t.Parallel()
	w := newTwoClusters(t)
	ctx := t.Context()
	both, leaves := w.member(t, w.near, "both"), w.member(t, w.near, "leaves")
	require.Equal(t, both, w.member(t, w.east, "both"))
	promised := tenancy.OrgID(tenancy.NewID())
	owner := w.member(t, w.near, "owner of the promised")
	require.NoError(t, w.place(t, promised, "promised", "east", &owner))
	_, err := w.Admin(t).Exec(ctx, "update organizations set status = 'deleting', deletes_at = now(), deletion_id = $2, deletion_begun_at = now() where id = $1", w.near, uuid.New())
	require.NoError(t, err)
	require.NoError(t, w.InTx(ctx, tenancy.Platform, func(tx *tenancy.Tx) error {
		counts, err := tenancy.DeleteOrganizationRows(ctx, tx, w.near)
		require.EqualValues(t, 1, counts["logins"])
		return err
	}))
	require.NotContains(t, texts(t, w.Admin(t), "select user_id::text from logins"), leaves.String())
	again, err := w.EnsureUserOf(ctx, w.east, issuer, "both")
	require.NoError(t, err)
	require.Equal(t, both, again)
	require.NoError(t, w.SettleOrganizations(ctx))
	_, err = tenancy.GetOrganization(ctx, w.Single(promised))
	require.NoError(t, err)

	// The directory made the user a second time; the cluster's own user stays.
	_, err = w.Admin(t).Exec(ctx, "delete from logins where subject = 'both'")
	require.NoError(t, err)
	second, err := w.EnsureUser(ctx, issuer, "both")
	require.NoError(t, err)
	require.NotEqual(t, both, second)
	later := tenancy.OrgID(tenancy.NewID())
	require.NoError(t, w.place(t, later, "later", "east", &second))
	require.NoError(t, w.SettleOrganization(ctx, later))
	setup, _, err := tenancy.GetProvisioningSetup(ctx, w.Single(later))
	require.NoError(t, err)
	require.Equal(t, both, *setup.Owner)
}

// TestClustersAreRefused: what could not keep organizations apart, or is no cluster of its own.
func TestClustersAreRefused(t *testing.T) {
	t.Parallel()
	here, there := pgtest.New(t), pgtest.Clone(t)
	for clusters, why := range map[string]string{
		"east":                              "list of name=URL",
		"East=" + there.AppURL:              "list of name=URL",
		"a=" + there.AppURL + " a=postgres": "list of name=URL",
		"east=" + here.AppURL:               "it is the database of SATCHEL_DATABASE_URL",
		"east=" + there.AdminURL:            "the role is a superuser",
		"east=" + there.OwnerURL:            "the role owns",
	} {
		require.ErrorContains(t, here.UseClusters(t.Context(), tenancy.ClustersConfig{Clusters: clusters}), why, clusters)
	}
	require.Empty(t, here.Clusters())
}
