package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/api/storage"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// replicated is a class over a primary and a standby that streams from it.
type replicated struct {
	*testBundle
	standby  *pgtest.Cluster
	teacher  *person
	student  *person
	space    uuid.UUID
	file     storage.FileView
	patience time.Duration
}

// TestReadReplica: what only reads is answered by a standby, which shows no one what they may not see
// any more and hides nothing from its writer; and none of its faults is one of a request.
func TestReadReplica(t *testing.T) { //nolint:paralleltest // sets the server of its database
	primary := pgtest.NewCluster(t)
	t.Setenv("SATCHEL_TEST_POSTGRES", primary.URL())
	r := &replicated{testBundle: setup(t), patience: time.Minute}
	r.standby = primary.Standby(t)
	r.refusals(t)
	require.NoError(t, r.db.UseReplica(t.Context(), tenancy.ReplicaConfig{URL: r.standby.Of(t, r.db.AppURL), MaxLag: time.Second}))
	org := r.organization()
	r.teacher, r.student = r.person(org, tenancy.Teacher), r.person(org, tenancy.Student)
	r.space = r.teacher.group(r.student.id)
	r.newFolder("Week 1")
	r.file = r.teacher.publishedIn(r.space, "plan.txt", lorem)

	for _, part := range []func(*testing.T){r.answersReads, r.showsOwnWrites, r.conflicts, r.paused, r.gone} {
		part(t)
		t.Logf("%+v", r.stat())
	}
}

// refusals: of a role that steps around row-level security, and of another database.
func (r *replicated) refusals(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	at := func(url string) tenancy.ReplicaConfig { return tenancy.ReplicaConfig{URL: url, MaxLag: time.Second} }
	require.ErrorContains(t, r.db.UseReplica(ctx, at(r.standby.Of(t, r.db.AdminURL))), "the role is a superuser")
	require.ErrorContains(t, r.db.UseReplica(ctx, at(r.standby.Of(t, r.db.OwnerURL))), "the role owns")
	require.ErrorContains(t, r.db.UseReplica(ctx, at(r.standby.OfDatabase(t, r.db.AppURL, "postgres"))), "no standby of the database")
	require.ErrorContains(t, r.db.UseReplica(ctx, tenancy.ReplicaConfig{URL: r.db.AppURL}), "SATCHEL_DATABASE_REPLICA_MAX_LAG")
	_, has := r.db.ReplicaStat()
	require.False(t, has, "what was refused is not asked")

	standby, err := pgx.Connect(ctx, r.standby.Of(t, r.db.AppURL))
	require.NoError(t, err)
	defer func() { _ = standby.Close(ctx) }()
	for place, has := range map[string]bool{"00000001 0/0": true, "00000001 FFFF/0": false, "00000002 0/0": false} {
		var replayed bool
		require.NoError(t, standby.QueryRow(ctx, "select app.replayed($1)", place).Scan(&replayed))
		require.Equal(t, has, replayed, "LSNs of another timeline do not compare: %s", place)
	}
}

func (r *replicated) stat() tenancy.ReplicaStat {
	s, _ := r.db.ReplicaStat()
	return s
}

func (r *replicated) newFolder(name string) uuid.UUID {
	return read[struct{ ID uuid.UUID }](r.teacher.call(post, spacesPath+"/"+r.space.String()+"/folders", map[string]any{"name": name}).is(http.StatusCreated)).ID
}

// byStandby has a request answered by the standby. On a busy machine the primary may be sooner at first.
func (r *replicated) byStandby(t *testing.T, p *person, path string, status int) {
	t.Helper()
	require.Eventually(t, func() bool {
		before := r.stat().ByReplica
		p.call(get, path, nil).is(status)
		return r.stat().ByReplica > before
	}, r.patience, 20*time.Millisecond, "%s: %+v", path, r.stat())
}

// answersReads: each of these routes works on a server that takes no writes.
func (r *replicated) answersReads(t *testing.T) {
	t.Helper()
	space := spacesPath + "/" + r.space.String()
	for _, path := range []string{
		storagePath + "/files", storagePath + "/files?space_id=" + r.space.String() + "&include=details,scan,renditions,steps", storagePath + "/files?starred=true", storagePath + "/files?shared=true",
		storagePath + "/files?q=plan&sort=name", storagePath + "/search?q=plan", storagePath + "/search?q=plam", storagePath + "/recent",
		at(r.file.ID, ""), at(r.file.ID, "/versions"), at(r.file.ID, "/content"), at(r.file.ID, "/versions/1/content"),
		spacesPath, space, space + "/people", space + "/folders",
	} {
		r.byStandby(t, r.teacher, path, 200)
		r.byStandby(t, r.student, path, 200)
	}
	r.byStandby(t, r.student, at(r.file.ID, "/renditions/thumb-128.jpg"), 404)
	r.byStandby(t, r.student, at(uuid.New(), ""), 404)
	r.byStandby(t, r.student, r.student.link(r.file.ID, nil), 200)
	require.Zero(t, r.stat().Failed)
	require.NotZero(t, r.recorded(r.student.org, "file.read", r.file.ID), "the reads of bytes are on record, at the primary")
}

// showsOwnWrites: each list behind a write has it, by whichever server.
func (r *replicated) showsOwnWrites(t *testing.T) {
	t.Helper()
	before := r.stat().ByReplica
	for n := range 20 {
		name := fmt.Sprintf("Own %d", n)
		r.newFolder(name)
		require.True(t, r.seesFolder(r.teacher, name))
		require.True(t, r.seesFolder(r.student, name), "another member sees it at once too")
	}
	t.Logf("%d of 40 lists behind a write were the standby's", r.stat().ByReplica-before)
}

func (r *replicated) seesFolder(p *person, name string) bool {
	type folder struct{ Name string }
	page := read[struct{ Items []folder }](p.call(get, spacesPath+"/"+r.space.String()+"/folders?limit=100", nil).is(200))
	return slices.Contains(page.Items, folder{name})
}

// conflicts: a statement that recovery cancels is asked the primary.
func (r *replicated) conflicts(t *testing.T) {
	t.Helper()
	r.standby.Exec(t, "alter system set max_standby_streaming_delay = 0")
	r.standby.Exec(t, "select pg_reload_conf()")
	admin, watch := r.db.Admin(t), r.standby.Connect(t)
	require.Eventually(t, func() bool { // until the standby is the one that is asked
		var cause error
		ctx, ended, runs := r.as(t, r.teacher), make(chan error), 0
		go func() {
			_, err := tenancy.Read(ctx, r.db.ForPeople(), r.teacher.org, func(ctx context.Context, q tenancy.Queries) (n int, err error) {
				seconds := max(2-2*runs, 0)
				err = q.QueryRow(ctx, "select count(*) from files, pg_sleep($1)", seconds).Scan(&n)
				if runs++; runs == 1 {
					cause = err
				}
				return n, err
			})
			ended <- err
		}()
		for runs := false; !runs; {
			select {
			case err := <-ended:
				require.NoError(t, err)
				return false
			default:
			}
			require.NoError(t, watch.QueryRow(t.Context(), "select exists (select from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%pg_sleep%')").Scan(&runs))
		}
		_, err := admin.Exec(t.Context(), "begin; lock table files in access exclusive mode; commit")
		require.NoError(t, err)
		require.NoError(t, <-ended, "the primary answered")
		var pg *pgconn.PgError
		return errors.As(cause, &pg) && pg.Code == "40001"
	}, r.patience, 20*time.Millisecond)
	require.NotZero(t, r.stat().Failed)
}

// paused: a standby that stands still answers what nothing has changed since, and nothing else. A right
// that has ended has ended, at once.
func (r *replicated) paused(t *testing.T) {
	t.Helper()
	address := r.student.link(r.file.ID, nil)
	second := r.teacher.publishedIn(r.space, "later.txt", lorem)
	r.byStandby(t, r.student, at(second.ID, "/content"), 200)
	r.standby.Exec(t, "select pg_wal_replay_pause()")
	watch := r.standby.Connect(t)
	require.Eventually(t, func() bool {
		var state string
		return watch.QueryRow(t.Context(), "select pg_get_wal_replay_pause_state()").Scan(&state) == nil && state == "paused"
	}, r.patience, 20*time.Millisecond)

	r.quarantine(r.teacher.org, second.ID)
	r.student.call(get, at(second.ID, "/content"), nil).refused(http.StatusForbidden, "quarantined")
	_, err := r.db.Single(r.student.org).Exec(t.Context(), "delete from space_grants where user_id = $1", r.student.id)
	require.NoError(t, err)
	before := r.stat()
	for _, path := range []string{at(r.file.ID, ""), at(r.file.ID, "/content"), spacesPath + "/" + r.space.String() + "/folders", address} {
		r.student.call(get, path, nil).is(http.StatusNotFound)
	}
	require.Empty(t, read[struct{ Items []storage.ListedView }](r.student.call(get, storagePath+"/files", nil).is(200)).Items)
	r.newFolder("While it stands still")
	require.True(t, r.seesFolder(r.teacher, "While it stands still"))
	require.Equal(t, before.ByReplica, r.stat().ByReplica, "it lacks what these callers may have seen")
	require.Eventually(t, func() bool {
		before := r.stat()
		r.teacher.call(get, storagePath+"/files", nil).is(200)
		now := r.stat()
		return now.Lagging > before.Lagging && now.Behind == before.Behind && now.Lag > time.Second
	}, r.patience, 20*time.Millisecond, "it is asked nothing once it is known to be behind")

	r.standby.Exec(t, "select pg_wal_replay_resume()")
	r.byStandby(t, r.teacher, storagePath+"/files", 200)
	r.student.call(get, at(r.file.ID, ""), nil).is(http.StatusNotFound)
}

// gone: a standby that hangs, and one that is not there, cost time and no answer.
func (r *replicated) gone(t *testing.T) {
	t.Helper()
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		r.standby.Signal(t, signal)
		for range 3 {
			r.teacher.call(get, storagePath+"/files", nil).is(200)
			r.teacher.call(get, at(r.file.ID, "/content"), nil).is(200)
		}
	}
	require.Eventually(t, func() bool { return r.stat().Lag > 2*time.Second }, r.patience, 20*time.Millisecond)
}

// as is the context of a request of the person.
func (r *replicated) as(t *testing.T, p *person) context.Context {
	t.Helper()
	actor := tenancy.Actor{Org: p.org, User: p.id, Role: p.role}
	ctx := tenancy.WithActor(t.Context(), actor)
	m, err := tenancy.GetMembership(ctx, r.db.ForPeople().Single(p.org), actor)
	require.NoError(t, err)
	actor.Position = m.Position
	return tenancy.WithActor(t.Context(), actor)
}
