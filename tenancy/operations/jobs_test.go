package operations_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// TestTheRowFollowsTheWork: it waits, runs, is tried again, recovers and ends, and its
// timeline has each of that.
func TestTheRowFollowsTheWork(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	q := db.Single(db.Organization(t, 1))
	id := tenancy.NewID()
	require.NoError(t, operations.Insert(ctx, q, operations.Operation{ID: id, Kind: "rescan_storage", WorkflowID: "w"}))
	look := func() operations.Operation {
		o, err := operations.Get(ctx, q, id)
		require.NoError(t, err)
		return o
	}
	require.Equal(t, operations.Waiting, look().State)
	require.Equal(t, queue.Batch, look().Queue)
	require.Equal(t, operations.Low, look().Priority, "clean-up comes late")

	require.NoError(t, operations.Attempt(ctx, q, "w", 1))
	require.Equal(t, operations.Running, look().State)
	require.NotNil(t, look().StartedAt)
	next := time.Now().Add(time.Minute).Truncate(time.Millisecond)
	require.NoError(t, operations.FailedAttempt(ctx, q, "w", operations.Trouble{Attempt: 1, Class: operations.Theirs, Code: "store_unavailable", Next: next}))
	o := look()
	require.Equal(t, operations.Retrying, o.State)
	require.True(t, next.Equal(*o.NextTryAt))
	require.Equal(t, "store_unavailable", o.ReasonCode)
	require.NoError(t, operations.Attempt(ctx, q, "w", 2))
	require.NoError(t, operations.Recovered(ctx, q, "w"))
	o = look()
	require.Equal(t, operations.Running, o.State)
	require.Equal(t, 2, o.Attempts)
	require.Empty(t, o.ReasonCode)
	require.Nil(t, o.NextTryAt)

	require.NoError(t, operations.FailedAttempt(ctx, q, "w", operations.Trouble{Attempt: 3, Class: operations.Input, Code: "file_damaged"}))
	require.Equal(t, operations.Running, look().State, "no other attempt comes: the workflow decides")
	require.NoError(t, operations.End(ctx, q, id, operations.Failed, nil, nil, &operations.Failure{Code: "rescan_failed"}))
	o = look()
	require.Equal(t, operations.Input, o.ReasonClass, "of the last attempt")
	require.Equal(t, "rescan_failed", o.ReasonCode)

	require.NoError(t, operations.Retry(ctx, q, id))
	require.ErrorIs(t, operations.Retry(ctx, q, id), operations.ErrNotRetryable, "it waits already")
	o = look()
	require.Equal(t, operations.Waiting, o.State)
	require.Equal(t, 1, o.Rounds)
	require.Empty(t, o.ReasonCode)

	moments, err := operations.Timeline(ctx, q, id)
	require.NoError(t, err)
	var states []operations.State
	for _, m := range moments {
		states = append(states, m.State)
	}
	require.Equal(t, []operations.State{operations.Waiting, operations.Running, operations.Retrying, operations.Running, operations.Running, operations.Running, operations.Failed, operations.Waiting}, states)
}

// TestTheEndOfAJobIsNoAttempt: what ends a job that never began may fail and be tried again, and the job has not begun by it.
func TestTheEndOfAJobIsNoAttempt(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	q := db.Single(db.Organization(t, 1))
	id := tenancy.NewID()
	require.NoError(t, operations.Insert(ctx, q, operations.Operation{ID: id, Kind: "build_report", WorkflowID: "w"}))
	require.NoError(t, operations.FailedAttempt(ctx, q, "w", operations.Trouble{Class: operations.Theirs, Code: "store_unavailable", Next: time.Now().Add(time.Minute)}))
	for _, state := range []operations.State{operations.Retrying, operations.Waiting} {
		o, err := operations.Get(ctx, q, id)
		require.NoError(t, err)
		require.Equal(t, state, o.State)
		require.Zero(t, o.Attempts)
		require.Nil(t, o.StartedAt)
		require.NoError(t, operations.Recovered(ctx, q, "w"))
	}
	require.NoError(t, operations.Attempt(ctx, q, "w", 1))
	require.NoError(t, operations.FailedAttempt(ctx, q, "w", operations.Trouble{Class: operations.Theirs, Code: "store_unavailable"}))
	o, err := operations.Get(ctx, q, id)
	require.NoError(t, err)
	require.Equal(t, 1, o.Attempts, "of its work")
}

// TestATimelineIsBounded: what tries for ever writes no more than so many lines, and the
// end is among them.
func TestATimelineIsBounded(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	q := db.Single(db.Organization(t, 1))
	id := tenancy.NewID()
	require.NoError(t, operations.Insert(ctx, q, operations.Operation{ID: id, Kind: "rescan_storage", WorkflowID: "w"}))
	for n := int32(1); n < 250; n++ {
		require.NoError(t, operations.FailedAttempt(ctx, q, "w", operations.Trouble{Attempt: n, Class: operations.Theirs, Code: "down", Next: time.Now()}))
	}
	require.NoError(t, operations.End(ctx, q, id, operations.Cancelled, nil, nil, nil))
	moments, err := operations.Timeline(ctx, q, id)
	require.NoError(t, err)
	require.Len(t, moments, 201)
	require.Equal(t, operations.Cancelled, moments[200].State)
}

// TestCountsAreExact: whatever happens to jobs, the counts are those of the rows.
func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	kinds := []string{"rescan_storage", "verify_audit_log", "import_roster"}
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		q := db.Single(db.Organization(outer, 1))
		var ids []uuid.UUID
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				id := tenancy.NewID()
				if err := operations.Insert(ctx, q, operations.Operation{ID: id, Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), WorkflowID: id.String()}); err == nil {
					ids = append(ids, id)
				}
			},
			"change": func(t *rapid.T) {
				if len(ids) == 0 {
					return
				}
				id := rapid.SampledFrom(ids).Draw(t, "id")
				switch rapid.IntRange(0, 5).Draw(t, "what") {
				case 0:
					_ = operations.Attempt(ctx, q, id.String(), 1)
				case 1:
					_ = operations.FailedAttempt(ctx, q, id.String(), operations.Trouble{Attempt: 1, Code: "x", Next: time.Now()})
				case 2:
					_ = operations.End(ctx, q, id, operations.Succeeded, nil, nil, nil)
				case 3:
					_ = operations.End(ctx, q, id, operations.Failed, nil, nil, nil)
				case 4:
					_ = operations.Retry(ctx, q, id)
				case 5:
					_ = operations.SetPriority(ctx, q, id, operations.High)
				}
			},
			"": func(t *rapid.T) {
				counts, err := operations.Counts(ctx, q, nil)
				if err != nil {
					t.Fatal(err)
				}
				all, err := operations.List(ctx, q, operations.Filter{Limit: 10_000})
				if err != nil {
					t.Fatal(err)
				}
				type key struct {
					kind, state, queue, priority string
				}
				want, got := map[key]int64{}, map[key]int64{}
				for _, o := range all {
					want[key{o.Kind, string(o.State), string(o.Queue), string(o.Priority)}]++
				}
				for _, c := range counts {
					got[key{c.Kind, string(c.State), string(c.Queue), string(c.Priority)}] = c.N
				}
				require.Equal(t, want, got)
			},
		})
	})
}

// TestListNarrowsAndPages: each filter gives what it says, newest first, and the pages
// give each job once; operators see the same across organizations.
func TestListNarrowsAndPages(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	org, other := db.Organization(t, 1), db.Organization(t, 1)
	q := db.Single(org)
	person := db.Member(t, org, tenancy.Teacher)
	for n := range 7 {
		o := operations.Operation{ID: tenancy.NewID(), Kind: "rescan_storage", WorkflowID: "w"}
		if n%2 == 0 {
			o.Kind, o.CreatedBy, o.Priority = "import_roster", &person, operations.High
		}
		require.NoError(t, operations.Insert(ctx, q, o))
	}
	require.NoError(t, operations.Insert(ctx, db.Single(other), operations.Operation{ID: tenancy.NewID(), Kind: "rescan_storage", WorkflowID: "w"}))
	for name, c := range map[string]struct {
		f    operations.Filter
		want int
	}{
		"all": {operations.Filter{}, 7}, "kind": {operations.Filter{Kind: "import_roster"}, 4}, "state": {operations.Filter{State: operations.Waiting}, 7},
		"none": {operations.Filter{State: operations.Failed}, 0}, "queue": {operations.Filter{Queue: queue.Batch}, 7}, "priority": {operations.Filter{Priority: operations.High}, 4},
		"person": {operations.Filter{RequestedBy: person}, 4}, "future": {operations.Filter{From: time.Now().Add(time.Hour)}, 0}, "past": {operations.Filter{To: time.Now().Add(-time.Hour)}, 0},
	} {
		f, seen := c.f, map[uuid.UUID]bool{}
		f.Limit = 2
		for {
			page, err := operations.List(ctx, q, f)
			require.NoError(t, err, name)
			for _, o := range page {
				require.False(t, seen[o.ID], name)
				seen[o.ID] = true
				f.Before = operations.Cursor{At: o.CreatedAt, ID: o.ID}
			}
			if len(page) < f.Limit {
				break
			}
		}
		require.Len(t, seen, c.want, name)
		f.Limit, f.Before = 100, operations.Cursor{}
		all, err := operations.ListAll(ctx, db.DB, org, f)
		require.NoError(t, err, name)
		require.Len(t, all, c.want, name)
	}
	all, err := operations.ListAll(ctx, db.DB, tenancy.OrgID{}, operations.Filter{Limit: 100})
	require.NoError(t, err)
	require.Len(t, all, 8)
	mine, err := operations.Counts(ctx, q, &person)
	require.NoError(t, err)
	require.Equal(t, []operations.Count{{Kind: "import_roster", State: operations.Waiting, Queue: queue.Batch, Priority: operations.High, N: 4}}, mine)
	counts, err := operations.CountAll(ctx, db.DB)
	require.NoError(t, err)
	var n int64
	for _, c := range counts {
		n += c.N
	}
	require.EqualValues(t, 8, n)
	marked, err := db.MarkPaused(ctx, "batch", true)
	require.NoError(t, err)
	require.EqualValues(t, 8, marked)
	backlog, err := db.JobBacklogs(ctx)
	require.NoError(t, err)
	require.Len(t, backlog, 3)
	marked, err = db.MarkPaused(ctx, "batch", false)
	require.NoError(t, err)
	require.EqualValues(t, 8, marked)
}

func TestPriorityIsGranted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role  tenancy.Role
		kind  string
		asked operations.Priority
		want  operations.Priority
		code  string
	}{
		{tenancy.Teacher, "rescan_storage", "", operations.Low, ""},
		{tenancy.Teacher, "import_roster", operations.Low, operations.Low, ""},
		{tenancy.Teacher, "import_roster", operations.High, "", "priority_not_granted"},
		{tenancy.Admin, "import_roster", operations.High, operations.High, ""},
		{tenancy.Owner, "import_roster", operations.High, operations.High, ""},
		{tenancy.Operator, "rescan_storage", operations.High, operations.High, ""},
		{tenancy.Owner, "import_roster", "first", "", "invalid_priority"},
	} {
		got, err := operations.PriorityFor(tenancy.Actor{Role: c.role}, c.kind, c.asked)
		require.Equal(t, c.want, got)
		if c.code != "" {
			require.Equal(t, c.code, fault.Of(err).Code)
			continue
		}
		require.NoError(t, err)
	}
}

// TestASweepIsOneJob: its activities add to one row.
func TestASweepIsOneJob(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	q, run := db.Single(tenancy.Platform), uuid.New()
	for range 2 {
		require.NoError(t, operations.Swept(ctx, q, operations.Sweep{Run: run, Kind: "start_waiting_uploads", Workflow: "sweep/start-waiting-uploads", Started: time.Now(), Found: 3, Done: 2}))
	}
	o, err := operations.Get(ctx, q, run)
	require.NoError(t, err)
	require.Equal(t, operations.Succeeded, o.State)
	require.EqualValues(t, 6, o.Total)
	require.EqualValues(t, 4, o.Done)
	require.Equal(t, "items_failed", o.ReasonCode)
}
