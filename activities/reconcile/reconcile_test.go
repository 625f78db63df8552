package reconcile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/reconcile"
	"satchel/activities/reconcile/reconciletest"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/rosters"
	"satchel/tenancy"
)

var errRefused = errors.New("refused")

// bench is a database, buckets in memory and a Temporal in which nothing runs.
type bench struct {
	*pgtest.Database
	staging, clean, quarantine, exports *reconciletest.Bucket
	env                                 *testsuite.TestActivityEnvironment
	started                             []uuid.UUID
	cleared                             []uuid.UUID
}

func (b *bench) Running(context.Context, tenancy.OrgID, uuid.UUID) (bool, error) { return false, nil }

func (b *bench) StartUpload(_ context.Context, _ tenancy.OrgID, _, version uuid.UUID) error {
	b.started = append(b.started, version)
	return nil
}

func (b *bench) Clear(_ context.Context, _ tenancy.OrgID, version uuid.UUID) (files.Status, error) {
	b.cleared = append(b.cleared, version)
	return "", nil
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{Database: pgtest.New(t), staging: &reconciletest.Bucket{}, clean: &reconciletest.Bucket{}, quarantine: &reconciletest.Bucket{}, exports: &reconciletest.Bucket{}}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b.env = suite.NewTestActivityEnvironment()
	return b
}

// keyStore is the keys of versions in memory. The first of those that it refuses to drop stays.
type keyStore struct {
	versions []uuid.UUID
	stuck    uuid.UUID
}

func (k *keyStore) Each(_ context.Context, _ tenancy.OrgID, after uuid.UUID, visit func(uuid.UUID, time.Time) error) error {
	for _, v := range slices.Clone(k.versions) {
		if bytes.Compare(v[:], after[:]) > 0 {
			if err := visit(v, reconciletest.Old()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *keyStore) Drop(_ context.Context, _ tenancy.OrgID, version uuid.UUID) error {
	if version == k.stuck {
		return errors.New("the key store refuses")
	}
	k.versions = slices.DeleteFunc(k.versions, func(v uuid.UUID) bool { return v == version })
	return nil
}

// TestAKeyThatStaysDoesNotBlockOthers: it is told as not repaired, and passed over.
func TestAKeyThatStaysDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	ids := b.publish(t, org, 2)
	lost := []uuid.UUID{tenancy.NewID(), tenancy.NewID()}
	k := &keyStore{versions: slices.Concat(ids, lost), stuck: lost[0]}
	c := b.checker()
	c.Keys, c.KeyAge = k, time.Nanosecond
	s, err := c.Slice(t.Context(), org, reconcile.Position{}, reconcile.Options{Repair: true}, reconcile.Limit{})
	require.NoError(t, err)
	require.Error(t, s.Failed)
	require.True(t, s.Done)
	require.Equal(t, []string{"orphan_key " + lost[0].String(), "orphan_key " + lost[1].String()}, kinds(s.Findings))
	require.Equal(t, slices.Concat(ids, lost[:1]), k.versions)
}

func (b *bench) checker() reconcile.Checker {
	return reconcile.Checker{DB: b.DB, Staging: b.staging, Clean: b.clean, Quarantine: b.quarantine, Exports: b.exports, Workflows: b, Clearer: b}
}

// activities registers them with slices of so many versions, for so long, and lists of
// two organizations.
func (b *bench) activities(versions int, longest time.Duration) *reconcile.Activities {
	a := reconcile.Bounded(reconcile.New(b.checker(), prometheus.NewRegistry()), reconcile.Limit{Versions: versions}, longest, 2)
	b.env.RegisterActivity(a)
	return a
}

// content is as many zeros, as the buckets' objects have them.
const size = 10

var content = sha256.Sum256(make([]byte, size))

// publish makes published versions with their objects, in the order of their ids.
func (b *bench) publish(t *testing.T, org tenancy.OrgID, n int) []uuid.UUID {
	t.Helper()
	user := b.Member(t, org, tenancy.Student)
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = tenancy.NewID()
	}
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		for _, sql := range []string{
			"insert into files (organization_id, id, name, uploaded_by) select app.org(), id, 'notes.txt', $2 from unnest($1::uuid[]) id where $3 > 0 and $4 <> ''",
			`insert into file_versions (organization_id, id, file_id, number, size, status, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, cleaned_at, uploaded_by)
				select app.org(), id, id, 1, $3::bigint, 'published', $4, $4, 'clean', now(), now(), 'e', $3::bigint, now(), $2 from unnest($1::uuid[]) id`,
		} {
			if _, err := tx.Exec(t.Context(), sql, ids, user, size, hex.EncodeToString(content[:])); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, id := range ids {
		b.put(b.clean, files.ContentKey(org, id))
		b.put(b.clean, files.RenditionKey(org, id, "fit320.webp"))
	}
	return ids
}

func (b *bench) put(bucket *reconciletest.Bucket, key string) {
	bucket.Put(reconcile.Object{Key: key, Size: size, ETag: "e", Modified: reconciletest.Old()})
}

func kinds(found []reconcile.Finding) (all []string) {
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %s", f.Kind, f.Version))
	}
	return all
}

// TestListingsAreCompared: a store that agrees with its rows is asked for nothing but
// listings, and what differs is found with a request for each difference.
func TestListingsAreCompared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	ids := b.publish(t, org, 30)
	other := b.Organization(t, 1<<30)
	b.publish(t, other, 3)
	found, err := b.checker().Check(t.Context(), org, reconcile.Options{})
	require.NoError(t, err)
	require.Empty(t, found)
	require.Zero(t, b.clean.Sizes, "no request for a single object")
	require.Equal(t, 1, b.clean.Lists)
	require.Equal(t, 2*len(ids), b.clean.Listed, "nothing of another organization")

	stray := tenancy.NewID() // behind all rows
	require.NoError(t, b.clean.Remove(t.Context(), files.ContentKey(org, ids[0])))
	b.clean.Put(reconcile.Object{Key: files.ContentKey(org, ids[4]), Size: size + 1, ETag: "e", Modified: reconciletest.Old()})
	b.clean.Put(reconcile.Object{Key: files.ContentKey(org, ids[9]), Size: size, ETag: "another", Modified: reconciletest.Old()})
	b.put(b.clean, files.ContentKey(org, uuid.UUID{15: 1})) // in front of all rows
	b.put(b.clean, files.ContentKey(org, stray))
	b.put(b.clean, org.String()+"/"+ids[5].String()+"-copy/content")
	b.put(b.clean, org.String()+"/zzz")
	b.put(b.quarantine, files.ContentKey(org, stray))
	b.put(b.staging, files.StagingKey(org, ids[3]))
	b.put(b.staging, files.TailKey(org, ids[3]))
	b.put(b.staging, org.String()+"/"+ids[3].String()+".tail.tail")
	want := []string{
		fmt.Sprintf("orphan_clean %s", uuid.UUID{15: 1}), fmt.Sprintf("content_missing %s", ids[0]), fmt.Sprintf("content_size %s", ids[4]),
		fmt.Sprintf("orphan_clean %s", uuid.Nil), fmt.Sprintf("content_differs %s", ids[9]), fmt.Sprintf("orphan_clean %s", stray), fmt.Sprintf("orphan_clean %s", uuid.Nil),
		fmt.Sprintf("orphan_quarantine %s", stray),
		fmt.Sprintf("orphan_staging %s", ids[3]), fmt.Sprintf("orphan_staging %s", ids[3]), fmt.Sprintf("orphan_staging %s", uuid.Nil),
	}
	found, err = b.checker().Check(t.Context(), org, reconcile.Options{})
	require.NoError(t, err)
	require.ElementsMatch(t, want, kinds(found))

	found, err = b.checker().Check(t.Context(), org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.ElementsMatch(t, want, kinds(found))
	found, err = b.checker().Check(t.Context(), org, reconcile.Options{})
	require.NoError(t, err)
	require.Len(t, found, 3, "the three that cannot be repaired: %v", found)
}

// TestSlicesFindWhatOneCheckFinds: a check that is cut after every version finds the
// same, each once.
func TestSlicesFindWhatOneCheckFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	ids := b.publish(t, org, 7)
	require.NoError(t, b.clean.Remove(t.Context(), files.ContentKey(org, ids[2])))
	b.put(b.clean, files.ContentKey(org, tenancy.NewID()))
	for _, id := range ids[:3] {
		b.put(b.staging, files.StagingKey(org, id))
		b.put(b.staging, files.TailKey(org, id))
		b.put(b.quarantine, files.ContentKey(org, tenancy.NewID()))
	}
	whole, err := b.checker().Check(t.Context(), org, reconcile.Options{})
	require.NoError(t, err)
	require.Len(t, whole, 11)
	var parts []reconcile.Finding
	var at reconcile.Position
	for slicesMade := 0; ; slicesMade++ {
		s, err := b.checker().Slice(t.Context(), org, at, reconcile.Options{}, reconcile.Limit{Versions: 1})
		require.NoError(t, err)
		parts, at = append(parts, s.Findings...), s.Next
		if s.Done {
			break
		}
		require.Less(t, slicesMade, 50, "each slice moves the position")
	}
	require.Equal(t, kinds(whole), kinds(parts))
}

// TestRepairThatFailsIsPassedOver: what cannot be removed is reported as it is, and
// what comes behind it is repaired.
func TestRepairThatFailsIsPassedOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	b.put(b.clean, files.ContentKey(org, tenancy.NewID()))
	b.put(b.clean, files.ContentKey(org, tenancy.NewID()))
	b.put(b.staging, files.StagingKey(org, tenancy.NewID()))
	b.clean.Keeps = errRefused
	found, err := b.checker().Check(t.Context(), org, reconcile.Options{Repair: true})
	require.ErrorIs(t, err, errRefused)
	require.Len(t, found, 3)
	require.Equal(t, []bool{false, false, true}, []bool{found[0].Repaired, found[1].Repaired, found[2].Repaired})
	require.Empty(t, b.staging.Keys())
}

// unsorted lists objects in an order that a store must not have.
type unsorted struct {
	*reconciletest.Bucket
	objects []reconcile.Object
}

func (u unsorted) List(context.Context, string, string) iter.Seq2[reconcile.Object, error] {
	return func(yield func(reconcile.Object, error) bool) {
		for _, o := range u.objects {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// failing cannot list the objects of one organization.
type failing struct {
	*reconciletest.Bucket
	org tenancy.OrgID
}

func (f failing) List(ctx context.Context, prefix, after string) iter.Seq2[reconcile.Object, error] {
	if strings.HasPrefix(prefix, f.org.String()) {
		return func(yield func(reconcile.Object, error) bool) { yield(reconcile.Object{}, errRefused) }
	}
	return f.Bucket.List(ctx, prefix, after)
}

// TestUnsortedListingIsRefused: the merge of an unsorted listing would take objects
// for missing.
func TestUnsortedListingIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	ids := b.publish(t, org, 2)
	objects := []reconcile.Object{{Key: files.ContentKey(org, ids[1]), Size: size, ETag: "e"}, {Key: files.ContentKey(org, ids[0]), Size: size, ETag: "e"}}
	c := b.checker()
	c.Clean = unsorted{b.clean, objects}
	found, err := c.Check(t.Context(), org, reconcile.Options{})
	require.ErrorContains(t, err, "not in the order of its keys")
	require.Empty(t, found)
}

func (b *bench) due(t *testing.T, a *reconcile.Activities) reconcile.ReconcileOrganizationsResult {
	t.Helper()
	encoded, err := b.env.ExecuteActivity(a.ReconcileDueOrganizations, reconcile.ReconcileDueOrganizationsInput{Org: tenancy.Platform, Repair: true})
	require.NoError(t, err)
	var result reconcile.ReconcileOrganizationsResult
	require.NoError(t, encoded.Get(&result))
	return result
}

// passes counts the organizations whose last complete pass is there, and those that
// are due.
func (b *bench) passes(t *testing.T) (complete, due int) {
	t.Helper()
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), `select count(p.completed_at), count(*) filter (where coalesce(p.due_at <= now(), true))
		from organizations o left join reconcile_passes p on p.organization_id = o.id`).Scan(&complete, &due))
	return complete, due
}

// TestEachOrganizationIsCheckedOnceADay: one run checks all that are due, large ones in
// several slices, and the next one has nothing to do until a day later.
func TestEachOrganizationIsCheckedOnceADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	large := b.Organization(t, 1<<30)
	b.publish(t, large, 9)
	for range 4 {
		org := b.Organization(t, 1<<30)
		b.put(b.clean, files.ContentKey(org, tenancy.NewID()))
	}
	a := b.activities(2, time.Hour)
	first := b.due(t, a)
	require.False(t, first.More)
	require.EqualValues(t, 6, first.Organizations, "the platform is one of them")
	require.Zero(t, first.Failed)
	require.EqualValues(t, 4, first.Counts[reconcile.OrphanClean])
	complete, due := b.passes(t)
	require.Equal(t, []int{6, 0}, []int{complete, due})

	lists := b.clean.Lists
	second := b.due(t, a)
	require.Zero(t, second.Organizations)
	require.Equal(t, lists, b.clean.Lists, "nothing is listed")

	_, err := b.Admin(t).Exec(t.Context(), "update reconcile_passes set due_at = due_at - interval '24 hours', updated_at = updated_at - interval '24 hours'")
	require.NoError(t, err)
	require.EqualValues(t, 6, b.due(t, a).Organizations)
}

// TestRunsGoOnWhereTheLastOneEnded: with time for one slice in each run, every
// organization has its first slice before any has its second, and all are checked
// to their end.
func TestRunsGoOnWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	large := b.Organization(t, 1<<30)
	b.publish(t, large, 5)
	late := b.Organization(t, 1<<30)
	b.put(b.clean, files.ContentKey(late, tenancy.NewID()))
	a := b.activities(2, 0)
	var found []int64
	for range 3 {
		result := b.due(t, a)
		require.True(t, result.More)
		require.EqualValues(t, 1, result.Organizations)
		found = append(found, result.Counts[reconcile.OrphanClean])
	}
	require.Equal(t, []int64{0, 0, 1}, found, "the platform, the large one, the late one")
	for range 2 {
		b.due(t, a)
	}
	complete, due := b.passes(t)
	require.Equal(t, []int{3, 0}, []int{complete, due})
}

// TestFailingOrganizationsDoNotBlock: the database refuses to keep the cursor of the
// first organizations, more than fit a page, and the store cannot list the quarantine
// of anyone; the others go on, and the failures are counted.
func TestFailingOrganizationsDoNotBlock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.Admin(t)
	_, err := admin.Exec(t.Context(), `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$`)
	require.NoError(t, err)
	for i := range 3 {
		org := b.Organization(t, 1<<30)
		_, err = admin.Exec(t.Context(), fmt.Sprintf(`create trigger refuse_%d before insert on reconcile_passes for each row when (new.organization_id = '%s') execute function refuse()`, i, org))
		require.NoError(t, err)
	}
	good := b.Organization(t, 1<<30)
	b.put(b.clean, files.ContentKey(good, tenancy.NewID()))
	a := b.activities(2, time.Hour)
	result := b.due(t, a)
	require.False(t, result.More, "the failing ones are not tried for ever")
	require.EqualValues(t, 3, result.Failed)
	require.EqualValues(t, 5, result.Organizations)
	require.EqualValues(t, 1, result.Counts[reconcile.OrphanClean])
	require.Empty(t, b.clean.Keys())

	broken := b.Organization(t, 1<<30)
	b.put(b.staging, files.StagingKey(broken, tenancy.NewID()))
	b.quarantine.Fails = errRefused
	result = b.due(t, a)
	require.EqualValues(t, 4, result.Failed)
	var stage string
	require.NoError(t, admin.QueryRow(t.Context(), "select stage from reconcile_passes where organization_id = $1 and due_at > now() and completed_at is null", broken.UUID()).Scan(&stage))
	require.Equal(t, string(reconcile.StageQuarantine), stage, "it goes on there in the next run")
	b.quarantine.Fails = nil
	_, err = admin.Exec(t.Context(), "update reconcile_passes set due_at = now() where organization_id = $1", broken.UUID())
	require.NoError(t, err)
	require.EqualValues(t, 1, b.due(t, a).Counts[reconcile.OrphanStaged])
}

// TestOperatorsCheckPassesOverAFailingOrganization: an operator's run counts the
// organizations whose check broke off and checks the others.
func TestOperatorsCheckPassesOverAFailingOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.Organization(t, 1<<30)
	second := b.Organization(t, 1<<30)
	b.put(b.clean, files.ContentKey(second, tenancy.NewID()))
	c := b.checker()
	c.Clean = failing{b.clean, first}
	a := reconcile.Bounded(reconcile.New(c, prometheus.NewRegistry()), reconcile.Limit{Versions: 1}, time.Hour, 2)
	b.env.RegisterActivity(a)
	encoded, err := b.env.ExecuteActivity(a.ReconcileOrganizations, reconcile.ReconcileOrganizationsInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result reconcile.ReconcileOrganizationsResult
	require.NoError(t, encoded.Get(&result))
	require.False(t, result.More)
	require.EqualValues(t, 3, result.Organizations)
	require.EqualValues(t, 1, result.Failed)
	require.EqualValues(t, 1, result.Counts[reconcile.OrphanClean])
}

// TestOperatorsCheckGoesOnInTheMiddle: a stretch that is out of time ends in the middle
// of an organization, and the next one goes on there.
func TestOperatorsCheckGoesOnInTheMiddle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	ids := b.publish(t, org, 6)
	for _, id := range ids {
		require.NoError(t, b.clean.Remove(t.Context(), files.ContentKey(org, id)))
	}
	a := b.activities(2, time.Nanosecond)
	in := reconcile.ReconcileOrganizationsInput{Org: tenancy.Platform, Only: org}
	var found []reconcile.Finding
	for stretches := 1; ; stretches++ {
		encoded, err := b.env.ExecuteActivity(a.ReconcileOrganizations, in)
		require.NoError(t, err)
		var result reconcile.ReconcileOrganizationsResult
		require.NoError(t, encoded.Get(&result))
		found, in.After = append(found, result.Findings...), result.Next
		if !result.More {
			break
		}
		require.Less(t, stretches, 20, "each stretch moves on")
	}
	var missing []uuid.UUID
	for _, f := range found {
		missing = append(missing, f.Version)
	}
	require.Equal(t, ids, missing, "each once")
}

// TestPackagesOfRostersAreTheirImports, until those are cleaned. What no import has is
// left over.
func TestPackagesOfRostersAreTheirImports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.Organization(t, 1<<30)
	user, source, id := b.Member(t, org, tenancy.Owner), tenancy.NewID(), tenancy.NewID()
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		return errors.Join(rosters.AddSource(t.Context(), tx, rosters.Source{ID: source, Name: "SIS"}, user),
			rosters.Begin(t.Context(), tx, rosters.Package{Import: id, Source: source, Size: size, SHA256: strings.Repeat("0", 64), ETag: "x"}))
	}))
	kept, lost, strange := rosters.Key(org, id), rosters.Key(org, tenancy.NewID()), org.String()+"/roster/notes.txt"
	for _, key := range []string{kept, lost, strange} {
		b.put(b.staging, key)
	}
	found, err := b.checker().Check(t.Context(), org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, []string{kept}, b.staging.Keys())
	_, err = b.Single(org).Exec(t.Context(), "update roster_imports set cleaned_at = now()")
	require.NoError(t, err)
	found, err = b.checker().Check(t.Context(), org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Empty(t, b.staging.Keys())
}
