package sweep_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/holds"
	"satchel/tenancy/retention"
)

func (b *bench) policy(t *testing.T, org tenancy.OrgID, p retention.Policy) uuid.UUID {
	t.Helper()
	p.ID, p.CreatedBy, p.Purpose, p.Need = tenancy.NewID(), b.Member(t, org, tenancy.Admin), "teaching", "graded work"
	require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) error { return retention.Create(t.Context(), tx, p) }))
	return p.ID
}

// aged makes a file of a category whose versions were published so many days ago.
func (b *bench) aged(t *testing.T, org tenancy.OrgID, category string, days ...int) uuid.UUID {
	t.Helper()
	file := b.published(t, org, len(days))
	_, err := b.Admin(t).Exec(t.Context(), "update files set category = $2 where id = $1", file, category)
	require.NoError(t, err)
	for i, d := range days {
		_, err := b.Admin(t).Exec(t.Context(), "update file_versions set published_at = now() - make_interval(days => $3), scanned_at = now() - make_interval(days => $3) where file_id = $1 and number = $2", file, i+1, d)
		require.NoError(t, err)
	}
	return file
}

func (b *bench) state(t *testing.T, file uuid.UUID) string {
	t.Helper()
	var state string
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), `select case when f.trashed_at is not null then 'trashed' else coalesce((select r.state from retention_reviews r where r.file_id = f.id), '') end
		from files f where f.id = $1`, file).Scan(&state))
	return state
}

func (b *bench) retention(t *testing.T) sweep.SweepResult {
	t.Helper()
	return b.run(t, b.sweeper.ApplyRetention, sweep.ApplyRetentionInput{Org: tenancy.Platform})
}

// TestRetentionAppliesThePolicyOfTheCategory: to the trash, with the policy in the audit log, or
// to the list. What is young, on hold, kept, on its way or of no policy stays, and a second
// run finds nothing.
func TestRetentionAppliesThePolicyOfTheCategory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ten, hundred := int32(10), int32(100)
	essays := b.policy(t, b.good, retention.Policy{Category: "essay", Days: &ten, Begins: retention.Published, Disposal: retention.Delete})
	b.policy(t, b.good, retention.Policy{Category: "record", Days: &ten, Begins: retention.LastVersion, Disposal: retention.Review})
	b.policy(t, b.good, retention.Policy{Category: "forever", Begins: retention.Published, Disposal: retention.Delete})
	b.policy(t, b.good, retention.Policy{Days: &hundred, Begins: retention.Published, Disposal: retention.Delete})
	b.policy(t, b.good, retention.Policy{Category: "essay", Children: true, Days: &ten, Begins: retention.Published, Disposal: retention.Delete})
	admin := b.Member(t, b.good, tenancy.Admin)
	want := map[uuid.UUID]string{
		b.aged(t, b.good, "essay", 11, 1):     "trashed", // counted from the first publication
		b.aged(t, b.good, "essay", 9):         "",
		b.aged(t, b.good, "record", 30, 11):   "waiting",
		b.aged(t, b.good, "record", 30, 9):    "", // counted from the last
		b.aged(t, b.good, "forever", 5000):    "",
		b.aged(t, b.good, "else", 101):        "trashed",
		b.aged(t, b.good, "else", 99):         "",
		b.aged(t, b.failing, "essay", 30_000): "", // no policy
	}
	held := b.aged(t, b.good, "essay", 50)
	want[held] = ""
	require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error {
		return holds.Place(t.Context(), tx, holds.New{ID: tenancy.NewID(), By: admin, Kind: holds.AccessRequest, Scope: holds.File, Target: held, Reason: "request 12"})
	}))
	newer := b.aged(t, b.good, "essay", 50)
	want[newer] = ""
	require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error {
		_, err := files.Create(t.Context(), tx, files.New{File: newer, Name: "notes.txt", Size: 10, UploadedBy: admin, TTL: time.Hour})
		return err
	}))
	require.Equal(t, sweep.SweepResult{Found: 3, Done: 3}, b.retention(t))
	require.Equal(t, sweep.SweepResult{}, b.retention(t))
	for file, state := range want {
		require.Equal(t, state, b.state(t, file))
	}
	var recorded int
	require.NoError(t, b.Single(b.good).QueryRow(t.Context(), "select count(*) from audit_events where event::jsonb ->> 'action' = 'file.trash' and event::jsonb ->> 'code' = $1", "retention:"+essays.String()).Scan(&recorded))
	require.Equal(t, 1, recorded)

	// What is kept until a day comes back to the list after it.
	for file, state := range want {
		if state != "waiting" {
			continue
		}
		require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error {
			return retention.Keep(t.Context(), tx, file, admin, time.Now().Add(time.Hour), "exam")
		}))
		require.Equal(t, sweep.SweepResult{}, b.retention(t))
		_, err := b.Admin(t).Exec(t.Context(), "update retention_reviews set keep_until = now() - interval '1 second' where file_id = $1", file)
		require.NoError(t, err)
		require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.retention(t))
		require.Equal(t, "waiting", b.state(t, file))
	}
}

// TestRetentionGoesOnWhereItWas: organizations take turns, and a run that was cut off after some
// of the files does the rest when it is started again.
func TestRetentionGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := int32(1)
	var all []uuid.UUID
	for _, org := range []tenancy.OrgID{b.failing, b.good} {
		b.policy(t, org, retention.Policy{Days: &one, Begins: retention.Published, Disposal: retention.Delete})
		for range 3 {
			all = append(all, b.aged(t, org, "", 2))
		}
	}
	// Killed in the middle: the file of one transaction is in the trash and nothing else is.
	require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error { _, err := files.Trash(t.Context(), tx, all[4]); return err }))
	boom := errors.New("killed")
	require.ErrorIs(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error {
		if _, err := files.TrashFor(t.Context(), tx, all[5], "retention:x"); err != nil {
			return err
		}
		return boom
	}), boom)
	in := sweep.ApplyRetentionInput{Org: tenancy.Platform, After: map[uuid.UUID]uuid.UUID{b.failing.UUID(): all[0]}}
	require.Equal(t, sweep.SweepResult{Found: 4, Done: 4}, b.run(t, b.sweeper.ApplyRetention, in), "it begins behind the place that it is given")
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.retention(t), "and at the head when there is none")
	for _, file := range all {
		require.Equal(t, "trashed", b.state(t, file))
	}
}

// TestTheTrashKeepsForThePolicysDays: longer or shorter than the organization's.
func TestTheTrashKeepsForThePolicysDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.platform.refused = tenancy.OrgID{}
	b.use(b.platform, sweep.Config{Silent: time.Hour, Trash: 720 * time.Hour})
	two, year := int32(2), int32(365)
	b.policy(t, b.good, retention.Policy{Category: "short", Days: &two, Begins: retention.Trashed, Disposal: retention.Delete})
	b.policy(t, b.good, retention.Policy{Category: "long", Days: &year, Begins: retention.Trashed, Disposal: retention.Delete})
	left := map[uuid.UUID]bool{}
	for _, c := range []struct {
		category string
		days     int
		left     bool
	}{{"short", 3, false}, {"short", 1, true}, {"long", 60, true}, {"long", 366, false}, {"", 60, false}, {"", 3, true}} {
		file := b.trashed(t, b.good, c.days, nil)
		_, err := b.Admin(t).Exec(t.Context(), "update files set category = $2 where id = $1", file, c.category)
		require.NoError(t, err)
		left[file] = c.left
	}
	require.Equal(t, sweep.SweepResult{Found: 3, Done: 3}, b.run(t, b.sweeper.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform}))
	for file, is := range left {
		require.Equal(t, is, b.exists(t, file))
	}
}

// TestTheDatabaseRefusesChildrensDataWithoutDays whatever program asks.
func TestTheDatabaseRefusesChildrensDataWithoutDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, days := range []string{"null", "0", "-1"} {
		_, err := b.Admin(t).Exec(t.Context(), `insert into retention_policies (organization_id, id, children, purpose, business_need, days, begins, disposal, created_by)
			values ($1, $2, true, 'p', 'n', `+days+`, 'published', 'delete', $3)`, b.good, tenancy.NewID(), b.Member(t, b.good, tenancy.Admin))
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		require.Equal(t, "23514", pg.Code)
	}
}
