package sweep_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/holds"
	"satchel/tenancy/retention"
)

// childs is a published file that a student added who is not known to be 13.
func (b *bench) childs(t *testing.T, org tenancy.OrgID) uuid.UUID {
	t.Helper()
	user := b.Member(t, org, tenancy.Student)
	var created files.Created
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) (err error) {
		created, err = files.Create(t.Context(), tx, files.New{Name: "work.txt", Size: 10, UploadedBy: user, TTL: time.Hour})
		return err
	}))
	_, err := b.Single(org).Exec(t.Context(), `update file_versions set status = 'published', used_bytes = size, reserved_bytes = 0, received_at = now(), sha256 = repeat('0', 64),
		scan_verdict = 'clean', scan_sha256 = repeat('0', 64), scanned_at = now() - interval '20 days', published_at = now() - interval '20 days', object_etag = 'e' where id = $1`, created.Version)
	require.NoError(t, err)
	return created.File
}

func (b *bench) exec(t *testing.T, org tenancy.OrgID, sql string, args ...any) {
	t.Helper()
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	}))
}

func (b *bench) isHeld(t *testing.T, file uuid.UUID) (held bool) {
	t.Helper()
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select held_since is not null from files where id = $1", file).Scan(&held))
	return held
}

func (b *bench) recorded(t *testing.T, org tenancy.OrgID, action string) (n int) {
	t.Helper()
	require.NoError(t, b.Single(org).QueryRow(t.Context(), "select count(*) from audit_events where event::jsonb ->> 'action' = $1", action).Scan(&n))
	return n
}

// TestExpiredAgreementsHoldWhatIsHere: what was added by an agreement waits once its time is
// over, unless another one is in force, and comes back with the next one.
func TestExpiredAgreementsHoldWhatIsHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file, other, staffs := b.childs(t, b.good), b.childs(t, b.failing), b.published(t, b.good, 1)
	require.Zero(t, b.sweep(t, b.sweeper, "end-expired-agreements").Found)
	admin := b.Member(t, b.good, tenancy.Admin)
	agree := func(org tenancy.OrgID, set string) {
		_, err := b.Admin(t).Exec(t.Context(), "update agreements set "+set+" where organization_id = $1", org)
		require.NoError(t, err)
	}
	told := func() (n int) {
		require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select count(*) from notifications where kind = 'agreement.ending' and user_id = $1", admin).Scan(&n))
		return n
	}
	agree(b.good, "expires_at = now() + interval '29 days'")
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.sweep(t, b.sweeper, "end-expired-agreements"))
	require.Zero(t, b.sweep(t, b.sweeper, "end-expired-agreements").Found, "they are told once")
	require.Equal(t, 1, told())
	require.False(t, b.isHeld(t, file))
	for _, org := range []tenancy.OrgID{b.good, b.failing} {
		agree(org, "starts_at = now() - interval '2 days', expires_at = now() - interval '1 second'")
	}
	another := `insert into agreements (organization_id, id, signer, authority, purpose, notice_sent_at, expires_at) values (app.org(), $1, 'A', 'Board', 'School work', now(), now() + interval '1 year')`
	b.exec(t, b.failing, another, tenancy.NewID())
	require.Equal(t, sweep.SweepResult{Found: 2, Done: 2}, b.sweep(t, b.sweeper, "end-expired-agreements"))
	require.True(t, b.isHeld(t, file))
	require.False(t, b.isHeld(t, other), "another agreement covers it")
	require.False(t, b.isHeld(t, staffs))
	require.Equal(t, 1, b.recorded(t, b.good, "consent.agreement_expire"))
	require.Equal(t, 2, told())
	require.Zero(t, b.sweep(t, b.sweeper, "end-expired-agreements").Found, "a second run finds nothing")
	b.exec(t, b.good, another, tenancy.NewID())
	b.exec(t, b.good, "select app.consent_apply_all(app.org())")
	require.False(t, b.isHeld(t, file))
}

// TestHeldFilesAreDeletedForGood after their time, behind those that cannot be deleted, and
// not what a legal hold keeps, what a basis came for, or what has time left. What the store
// refused goes with a later run.
func TestHeldFilesAreDeletedForGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var refused, due []uuid.UUID
	for range page + 1 {
		refused = append(refused, b.childs(t, b.failing))
	}
	for range page + 1 {
		due = append(due, b.childs(t, b.good))
	}
	kept, young := b.childs(t, b.good), b.childs(t, b.good)
	for _, org := range []tenancy.OrgID{b.failing, b.good} {
		b.exec(t, org, "update agreements set ended_at = now()")
		b.exec(t, org, "select app.consent_apply_all(app.org())")
	}
	admin := b.Member(t, b.good, tenancy.Admin)
	require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error {
		return holds.Place(t.Context(), tx, holds.New{ID: tenancy.NewID(), By: admin, Kind: holds.Legal, Scope: holds.File, Target: kept, Reason: "case 4"})
	}))
	require.Zero(t, b.sweep(t, b.sweeper, "delete-files-held-long").Found, "their time is not over")
	for _, file := range append(append([]uuid.UUID{kept}, due...), refused...) {
		_, err := b.Admin(t).Exec(t.Context(), "update files set held_until = now() - interval '1 second' where id = $1", file)
		require.NoError(t, err)
	}
	_, err := b.Admin(t).Exec(t.Context(), "update files set trashed_at = now(), status = 'deleted' where id = $1", due[0]) // by a person, meanwhile
	require.NoError(t, err)
	require.Equal(t, sweep.SweepResult{Found: 2 * (page + 1), Done: page + 1, Failed: page + 1}, b.sweep(t, b.sweeper, "delete-files-held-long"))
	for _, file := range due {
		require.False(t, b.exists(t, file))
	}
	require.True(t, b.exists(t, kept))
	require.True(t, b.isHeld(t, young))
	require.Equal(t, page+1, b.recorded(t, b.good, "consent.delete_held"))
	require.Equal(t, page+1, b.recorded(t, b.good, "file.purge"))

	b.platform.refused = tenancy.OrgID{}
	require.Equal(t, sweep.SweepResult{Found: page + 1, Done: page + 1}, b.sweep(t, b.sweeper, "delete-files-held-long"))
	for _, file := range refused {
		require.False(t, b.exists(t, file))
	}
	require.Equal(t, page+1, b.recorded(t, b.failing, "consent.delete_held"))
	require.Zero(t, b.sweep(t, b.sweeper, "delete-files-held-long").Found)
}

// TestAgesAreNotedOnce, and what was collected before stays a child's.
func TestAgesAreNotedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.childs(t, b.good)
	b.exec(t, b.good, "insert into people (organization_id, user_id, kind, thirteen_from) select organization_id, uploaded_by, 'student', date_trunc('month', now()) from files where id = $1", file)
	young := b.Member(t, b.good, tenancy.Student)
	b.exec(t, b.good, "insert into people (organization_id, user_id, kind, thirteen_from) values (app.org(), $1, 'student', date_trunc('month', now()) + interval '1 year')", young)
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.sweep(t, b.sweeper, "note-ages"))
	require.Zero(t, b.sweep(t, b.sweeper, "note-ages").Found)
	require.Equal(t, 1, b.recorded(t, b.good, "consent.age_out"))
	var childs bool
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select collected_as_child from files where id = $1", file).Scan(&childs))
	require.True(t, childs)
}

// TestChildrensPolicyGoesFirst: before that of the category and that of every category, for
// files that were collected from children and for no others.
func TestChildrensPolicyGoesFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ten, hundred := int32(10), int32(100)
	b.policy(t, b.good, retention.Policy{Category: "essay", Days: &hundred, Begins: retention.Published, Disposal: retention.Delete})
	b.policy(t, b.good, retention.Policy{Days: nil, Begins: retention.Published, Disposal: retention.Delete})
	b.policy(t, b.good, retention.Policy{Children: true, Days: &ten, Begins: retention.Published, Disposal: retention.Delete})
	childs, essay, other := b.childs(t, b.good), b.childs(t, b.good), b.aged(t, b.good, "essay", 20)
	b.exec(t, b.good, "update files set category = 'essay' where id = $1", essay)
	require.Equal(t, sweep.SweepResult{Found: 2, Done: 2}, b.retention(t))
	require.Equal(t, "trashed", b.state(t, childs))
	require.Equal(t, "trashed", b.state(t, essay))
	require.Empty(t, b.state(t, other))
}
