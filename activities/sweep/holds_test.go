package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/holds"
)

// held is a row that a hold may keep: a version with its objects.
type held struct {
	file, version, subject, uploader, sender, space uuid.UUID
	name, category                                  string
	created                                         time.Time
}

// model knows the holds in force, and says by itself what they cover.
type model struct {
	*bench
	random        *rand.Rand
	admin         *pgx.Conn
	first, second uuid.UUID // two admins
	active        []holds.New
	removed       map[uuid.UUID]bool // versions whose objects were removed
}

func (m *model) RemoveDeleted(_ context.Context, _ tenancy.OrgID, version uuid.UUID) (bool, error) {
	m.removed[version] = true
	return true, nil
}

func (m *model) covers(h holds.New, v held) bool {
	switch h.Scope {
	case holds.Organization:
		return true
	case holds.File:
		return h.Target == v.file
	case holds.Space:
		return h.Target == v.space
	case holds.Person:
		return h.Target == v.subject || h.Target == v.uploader || h.Target == v.sender
	case holds.Query:
		return (h.Category == nil || *h.Category == v.category) && (h.NameContains == nil || strings.Contains(strings.ToLower(v.name), strings.ToLower(*h.NameContains))) &&
			(h.CreatedFrom == nil || !v.created.Before(*h.CreatedFrom)) && (h.CreatedBefore == nil || v.created.Before(*h.CreatedBefore))
	}
	return false
}

// versions reads what has objects. A version that a person sent makes all of its file
// the person's, so the rows of a file are looked at together.
func (m *model) versions(t *testing.T) []held {
	t.Helper()
	rows, err := m.admin.Query(t.Context(), `select f.id, v.id, coalesce(f.subject_id, '00000000-0000-0000-0000-000000000000'), f.uploaded_by, v.uploaded_by, f.space_id, f.name, f.category, f.created_at
		from file_versions v join files f on f.organization_id = v.organization_id and f.id = v.file_id
		where v.organization_id = $1 and v.status in ('published', 'held', 'quarantined') order by v.id`, m.good)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (h held, err error) {
		return h, r.Scan(&h.file, &h.version, &h.subject, &h.uploader, &h.sender, &h.space, &h.name, &h.category, &h.created)
	})
	require.NoError(t, err)
	return all
}

// kept lists the versions that must outlive the next step.
func (m *model) kept(t *testing.T) (kept []uuid.UUID, on map[uuid.UUID]bool) {
	t.Helper()
	on = map[uuid.UUID]bool{}
	all := m.versions(t)
	for _, v := range all {
		on[v.file] = on[v.file] || slices.ContainsFunc(m.active, func(h holds.New) bool { return m.covers(h, v) })
	}
	for _, v := range all {
		if on[v.file] {
			kept = append(kept, v.version)
		}
	}
	return kept, on
}

func pick[T any](m *model, all []T) T { return all[m.random.IntN(len(all))] }

// place places a hold of any scope.
func (m *model) place(t *testing.T) {
	t.Helper()
	all := m.versions(t)
	if len(all) == 0 {
		return
	}
	v := pick(m, all)
	h := holds.New{ID: tenancy.NewID(), By: m.first, Kind: pick(m, holds.Kinds), Reason: "case 7"}
	h.Scope = pick(m, []holds.Scope{holds.Person, holds.Space, holds.File, holds.Query, holds.Query, holds.File, holds.Person, holds.Organization})
	switch h.Scope {
	case holds.Person:
		h.Target = pick(m, []uuid.UUID{v.uploader, v.sender})
	case holds.Space:
		h.Target = v.space
	case holds.File:
		h.Target = v.file
	case holds.Query:
		part, later := strings.ToUpper(v.name[:3]), v.created.Add(time.Microsecond)
		h.Conditions = pick(m, []holds.Conditions{{NameContains: &part}, {CreatedFrom: &v.created}, {CreatedBefore: &later, NameContains: &part}})
		if v.category != "" && m.random.IntN(2) == 0 {
			h.Conditions = holds.Conditions{Category: &v.category, CreatedBefore: &later}
		}
	case holds.Organization: // covers all
	}
	require.NoError(t, m.InTx(t.Context(), m.good, func(tx *tenancy.Tx) error { return holds.Place(t.Context(), tx, h) }))
	m.active = append(m.active, h)
}

func (m *model) release(t *testing.T, i int) {
	t.Helper()
	require.NoError(t, m.InTx(t.Context(), m.good, func(tx *tenancy.Tx) error {
		if err := holds.AskRelease(t.Context(), tx, m.active[i].ID, m.first, "settled"); err != nil {
			return err
		}
		return holds.ApproveRelease(t.Context(), tx, m.active[i].ID, m.second)
	}))
	m.active = slices.Delete(m.active, i, i+1)
}

// swept runs both sweeps, which have nothing that fails: what is on hold is not theirs.
func (m *model) swept(t *testing.T) {
	t.Helper()
	_, err := m.admin.Exec(t.Context(), "update files set trashed_at = now() - interval '1 year' where trashed_at is not null")
	require.NoError(t, err)
	require.Zero(t, m.run(t, m.sweeper.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform}).Failed)
	require.Zero(t, m.run(t, m.sweeper.PruneVersions, sweep.PruneVersionsInput{Org: tenancy.Platform}).Failed)
}

// destroy tries one of the ways in which something may go, those included that no program
// of ours takes.
func (m *model) destroy(t *testing.T) error {
	t.Helper()
	all := m.versions(t)
	if len(all) == 0 {
		return nil
	}
	v := pick(m, all)
	ctx := t.Context()
	exec := func(sql string, args ...any) error {
		_, err := m.Single(m.good).Exec(ctx, sql, args...)
		return err
	}
	in := func(f func(tx *tenancy.Tx) error) error { return m.InTx(ctx, m.good, f) }
	return pick(m, []func() error{
		func() error {
			return in(func(tx *tenancy.Tx) error { return files.DeleteVersion(ctx, tx, v.file, v.version, files.ByPerson) })
		},
		func() error {
			return exec("update file_versions set status = 'deleted', used_bytes = 0 where id = $1", v.version)
		},
		func() error { return exec("delete from file_versions where file_id = $1", v.file) },
		func() error { return exec("delete from files where id = $1", v.file) },
		func() error { return in(func(tx *tenancy.Tx) error { return files.Purge(ctx, tx, v.file) }) },
		func() error {
			return exec("update files set name = $2 where id = $1", v.file, fmt.Sprintf("x%d.txt", m.random.IntN(1000)))
		},
		func() error { return exec("update files set category = '' where id = $1", v.file) },
		func() error { return exec("update files set uploaded_by = $2 where id = $1", v.file, m.second) },
		func() error {
			return exec("update file_versions set status = 'quarantined', used_bytes = 0 where id = $1 and status = 'published'", v.version)
		},
		func() error {
			if m.random.IntN(4) > 0 {
				return nil
			}
			return in(func(tx *tenancy.Tx) error { _, err := files.PurgePage(ctx, tx, 1); return err })
		},
		func() error {
			return in(func(tx *tenancy.Tx) error { _, err := files.Trash(ctx, tx, v.file); return err })
		},
		func() error {
			err := in(func(tx *tenancy.Tx) error { return files.Restore(ctx, tx, v.file, files.ConflictFails) })
			if errors.Is(err, files.ErrNotInTrash) {
				return nil
			}
			return err
		},
	})()
}

// TestNothingOnHoldIsDestroyed takes random steps. A model says what the holds cover, and each
// version that it names has its row, its status and its objects after the step.
func TestNothingOnHoldIsDestroyed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			m := &model{bench: b, admin: b.Admin(t), random: rand.New(rand.NewPCG(seed, 32)), removed: map[uuid.UUID]bool{}}
			b.use(remover{b.platform, m}, sweep.Config{Silent: time.Hour})
			m.first, m.second = b.Member(t, b.good, tenancy.Admin), b.Member(t, b.good, tenancy.Owner)
			b.keep(t, b.good, 2)
			for i := range 12 {
				file := b.published(t, b.good, 1+i%3)
				_, err := m.admin.Exec(t.Context(), "update files set category = $2, name = $3 where id = $1", file, []string{"essay", "record"}[i%2], fmt.Sprintf("%s%d.txt", []string{"Iep", "math"}[i%2], i))
				require.NoError(t, err)
			}
			refused := 0
			for range 60 {
				kept, _ := m.kept(t)
				switch m.random.IntN(6) {
				case 0:
					m.place(t)
				case 1:
					if len(m.active) > 0 {
						m.release(t, m.random.IntN(len(m.active)))
					}
				case 2:
					m.swept(t)
				default:
					if errors.Is(m.destroy(t), tenancy.ErrOnHold) {
						refused++
					}
				}
				var left int
				require.NoError(t, m.admin.QueryRow(t.Context(), "select count(*) from file_versions where id = any($1) and status in ('published', 'held', 'quarantined')", kept).Scan(&left))
				require.Equal(t, len(kept), left, "what was on hold before the step is there after it")
				for _, v := range kept {
					require.False(t, m.removed[v], "its objects were not removed")
				}
			}
			t.Log("refused", refused)
			// Without holds everything goes.
			for len(m.active) > 0 {
				m.release(t, 0)
			}
			for _, v := range m.versions(t) {
				require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error { _, err := files.Trash(t.Context(), tx, v.file); return err }))
			}
			m.swept(t)
			require.Empty(t, m.versions(t))
		})
	}
}

// use has the sweeps work with another remover and other settings.
func (b *bench) use(r sweep.Cleaner, c sweep.Config) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b.sweeper, b.env = sweep.Paged(sweep.New(b.DB, b.platform, r, c), page), suite.NewTestActivityEnvironment()
	b.env.RegisterActivity(b.sweeper)
}

// remover has the model note the objects that are removed.
type remover struct {
	*platform
	model *model
}

func (r remover) RemoveDeleted(ctx context.Context, org tenancy.OrgID, v uuid.UUID) (bool, error) {
	return r.model.RemoveDeleted(ctx, org, v)
}

func (r remover) RemoveVersion(ctx context.Context, org tenancy.OrgID, v uuid.UUID) error {
	_, err := r.model.RemoveDeleted(ctx, org, v)
	return err
}

// blocked waits until a statement of this database waits for an advisory lock.
func (b *bench) blocked(t *testing.T) {
	t.Helper()
	admin := b.Admin(t)
	require.Eventually(t, func() bool {
		var waiting bool
		err := admin.QueryRow(t.Context(), "select exists (select from pg_locks l where l.locktype = 'advisory' and not l.granted and l.database = (select oid from pg_database where datname = current_database()))").Scan(&waiting)
		return err == nil && waiting
	}, time.Minute, time.Millisecond)
}

// TestHoldsAndDeletionsWaitForEachOther in both orders: a hold that is placed in the middle of
// a deletion finds it done, and a deletion in the middle of a placement is refused.
func TestHoldsAndDeletionsWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	admin := b.Member(t, b.good, tenancy.Admin)
	place := func(file uuid.UUID) func(*tenancy.Tx) error {
		return func(tx *tenancy.Tx) error {
			return holds.Place(ctx, tx, holds.New{ID: tenancy.NewID(), By: admin, Kind: holds.Legal, Scope: holds.File, Target: file, Reason: "case 7"})
		}
	}
	end := func(file uuid.UUID) func(*tenancy.Tx) error {
		return func(tx *tenancy.Tx) error { _, err := files.Unpublish(ctx, tx, file); return err }
	}
	for name, c := range map[string]struct {
		first, second func(uuid.UUID) func(*tenancy.Tx) error
		result        error
		left          bool
	}{
		"the deletion first":  {end, place, nil, false},
		"the placement first": {place, end, tenancy.ErrOnHold, true},
	} {
		file := b.trashed(t, b.good, 1, nil)
		second := make(chan error, 1)
		require.NoError(t, b.InTx(ctx, b.good, func(tx *tenancy.Tx) error {
			if err := c.first(file)(tx); err != nil {
				return err
			}
			go func() { second <- b.InTx(ctx, b.good, c.second(file)) }()
			b.blocked(t)
			return nil
		}), name)
		err := <-second
		if c.result == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, c.result, name)
		}
		err = b.InTx(ctx, b.good, func(tx *tenancy.Tx) error { return files.Purge(ctx, tx, file) })
		if c.left {
			require.ErrorIs(t, err, tenancy.ErrOnHold, name)
		} else {
			require.NoError(t, err, "%s: a deletion that began before the hold comes to its end", name)
		}
		require.Equal(t, c.left, b.exists(t, file), name)
	}
}
