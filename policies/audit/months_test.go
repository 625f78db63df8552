package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"satchel/internal/pgtest"
	"satchel/policies/audit"
)

// writtenIn has events be written as if it were that month.
func writtenIn(t *testing.T, d *pgtest.Database, month time.Time) {
	t.Helper()
	_, err := d.Admin(t).Exec(t.Context(), fmt.Sprintf("alter table audit_events alter column month set default '%s'", month.Format(time.DateOnly)))
	require.NoError(t, err)
}

// monthsOf are this month and those behind it: of the last there is no partition.
func monthsOf() (months []time.Time) {
	y, m, _ := time.Now().UTC().Date()
	for i := range 6 {
		months = append(months, time.Date(y, m+time.Month(i), 1, 0, 0, 0, 0, time.UTC))
	}
	return months
}

// partitionsUsed counts the partitions that have rows of the audit log.
func partitionsUsed(t *testing.T, d *pgtest.Database) (n int) {
	t.Helper()
	require.NoError(t, d.Admin(t).QueryRow(t.Context(), "select count(distinct tableoid) from audit_events").Scan(&n))
	return n
}

// TestTheChainGoesThroughMonths: numbers, hashes, checkpoints, pages, parts and exports do not know of
// months, nor of the partition that takes what has none, and a verification names what is wrong in any.
func TestTheChainGoesThroughMonths(t *testing.T) {
	t.Parallel()
	logInMonths := func(t *testing.T) *auditLog {
		t.Helper()
		tr := newAuditLog(t)
		for i, month := range monthsOf() {
			writtenIn(t, tr.Database, month)
			require.NoError(t, audit.Record(t.Context(), tr.Single(tr.org), audit.Event{Action: "file.trash", ObjectID: string(rune('p' + i))}))
		}
		tr.checkpoints = append(tr.checkpoints, audit.CheckpointCheck{Checkpoint: tr.sign(t)})
		return tr
	}
	tr := logInMonths(t)
	require.Equal(t, 4, partitionsUsed(t, tr.Database), "two months of the first partition, two of their own, two without")
	r := verified(t, tr.Database, tr.org, tr.checkpoints, 3)
	require.Nil(t, r.FirstBroken)
	require.True(t, r.OK)
	require.EqualValues(t, length+6, r.Events)
	require.Equal(t, 2, r.Checkpoints)

	var seqs []int64
	require.NoError(t, audit.EachEvent(t.Context(), tr.Single(tr.org), 0, func(l audit.Line) error {
		seqs = append(seqs, l.Seq)
		return nil
	}))
	require.Len(t, seqs, length+6)
	require.IsIncreasing(t, seqs)
	page, err := audit.List(t.Context(), tr.Single(tr.org), audit.Filter{Limit: 4, Before: length + 5})
	require.NoError(t, err)
	require.Equal(t, []int64{length + 4, length + 3, length + 2, length + 1}, []int64{page[0].Seq, page[1].Seq, page[2].Seq, page[3].Seq})

	for name, c := range map[string]struct {
		sql string
		seq int64
	}{
		"a row of a month removed":          {fmt.Sprintf("delete from audit_events where seq = %d", length+4), length + 4},
		"the same number in two months":     {fmt.Sprintf("insert into audit_events select organization_id, seq, event, hash, at, action, actor, object, object_id, result, '2001-01-01' from audit_events where seq = %d", length+4), length + 5},
		"a month removed, and the next too": {fmt.Sprintf("delete from audit_events where month >= '%s'", monthsOf()[2].Format(time.DateOnly)), length + 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := logInMonths(t)
			tr.tamper(t, c.sql)
			r := verified(t, tr.Database, tr.org, tr.checkpoints, 1000)
			require.False(t, r.OK)
			require.Equal(t, c.seq, r.FirstBroken.Seq, r.FirstBroken.Reason)
		})
	}
}

// TestNumbersAreUniqueOverMonths: the key is one of each partition, so it is the locked row of the head that
// keeps two transactions on the two sides of a month's border from the same number.
func TestNumbersAreUniqueOverMonths(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	event := `{"action":"file.trash","actor":"","address":"","at":"2026-01-01T00:00:00Z","code":"","key":"","object":"file","object_id":"f","organization":"` + org.String() + `","request":"","result":"done","role":"system"}`
	var before int64
	require.NoError(t, d.Admin(t).QueryRow(t.Context(), "select count(*) from audit_events where organization_id = $1", org).Scan(&before))
	const writers, each = 6, 20
	months := monthsOf()
	var group errgroup.Group
	for w := range writers { // each in a month of its own
		conn := d.Admin(t)
		group.Go(func() error {
			for range each {
				if _, err := conn.Exec(context.Background(), "insert into audit_events (organization_id, event, month) values ($1, $2, $3)", org, event, months[w]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	var rows, numbers, last int64
	require.NoError(t, d.Admin(t).QueryRow(t.Context(), "select count(*), count(distinct seq), max(seq) from audit_events where organization_id = $1", org).Scan(&rows, &numbers, &last))
	require.Equal(t, before+writers*each, rows)
	require.Equal(t, rows, numbers)
	require.Equal(t, rows, last)
	require.True(t, verified(t, d, org, nil, 50).OK)
}

// TestFiltersByTimeReadTheirMonths: what was written in other months is not read, and what was there
// before the months is.
func TestFiltersByTimeReadTheirMonths(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	now := time.Now()
	written := map[string]time.Time{"now": now, "old": now.AddDate(-3, 0, 0), "last year": now.AddDate(-1, 0, 0)}
	admin := d.Admin(t)
	for name := range written {
		require.NoError(t, audit.Record(t.Context(), d.Single(org), audit.Event{Action: "file.trash", ObjectID: name}))
	}
	_, err := admin.Exec(t.Context(), "alter table audit_events disable trigger all")
	require.NoError(t, err)
	for name, at := range written {
		_, err := admin.Exec(t.Context(), `update audit_events set at = $2::timestamptz, month = case when $1 = 'old' then '-infinity' else date_trunc('month', $2::timestamptz at time zone 'UTC')::date end where object_id = $1`, name, at)
		require.NoError(t, err)
	}
	ids := func(f audit.Filter) (ids []string) {
		f.Limit, f.Action = 10, "file.trash"
		found, err := audit.List(t.Context(), d.Single(org), f)
		require.NoError(t, err)
		for _, l := range found {
			var e struct {
				ObjectID string `json:"object_id"`
			}
			require.NoError(t, json.Unmarshal(l.Event, &e))
			ids = append(ids, e.ObjectID)
		}
		return ids
	}
	require.ElementsMatch(t, []string{"now", "last year", "old"}, ids(audit.Filter{}))
	require.ElementsMatch(t, []string{"now"}, ids(audit.Filter{From: now.Add(-time.Hour)}))
	require.ElementsMatch(t, []string{"last year", "old"}, ids(audit.Filter{To: now.Add(-time.Hour)}))
	require.ElementsMatch(t, []string{"last year"}, ids(audit.Filter{From: now.AddDate(-2, 0, 0), To: now.AddDate(0, -6, 0)}))
	require.ElementsMatch(t, []string{"old"}, ids(audit.Filter{From: now.AddDate(-4, 0, 0), To: now.AddDate(-2, 0, 0)}))
	for span, n := range map[[2]time.Time]int{{now.AddDate(-4, 0, 0), now.AddDate(-2, 0, 0)}: 1, {{}, now.AddDate(0, -6, 0)}: 2, {now.Add(-time.Hour), {}}: 1} {
		seen := map[string]bool{}
		require.NoError(t, audit.EachBetween(t.Context(), d.Single(org), span[0], span[1], func(l audit.Line) error {
			seen[string(l.Event)] = true
			return nil
		}))
		require.GreaterOrEqual(t, len(seen), n, "%v", span)
	}
}
