package audit_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

const length = 9

// auditLog is an organization with some events, and a signed checkpoint after the
// fifth.
type auditLog struct {
	*pgtest.Database
	org         tenancy.OrgID
	signer      *audit.Signer
	checkpoints []audit.CheckpointCheck
}

func newAuditLog(t *testing.T) *auditLog {
	t.Helper()
	signer, err := audit.NewSigner(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	require.NoError(t, err)
	tr := &auditLog{Database: pgtest.New(t), signer: signer}
	tr.org = tr.Organization(t, 1)
	for i := range length {
		require.NoError(t, audit.Record(t.Context(), tr.Single(tr.org), audit.Event{Action: "file.trash", ObjectID: string(rune('a' + i))}))
		if i == 4 {
			tr.checkpoints = append(tr.checkpoints, audit.CheckpointCheck{Checkpoint: tr.sign(t)})
		}
	}
	return tr
}

func (tr *auditLog) sign(t *testing.T) audit.Checkpoint {
	t.Helper()
	head, err := audit.GetHead(t.Context(), tr.Single(tr.org))
	require.NoError(t, err)
	c, err := tr.signer.Sign(tr.org.String(), head.Seq, head.Hash, time.Now())
	require.NoError(t, err)
	require.NoError(t, c.Verify(tr.signer.Public()))
	return c
}

func (tr *auditLog) verify(t *testing.T) audit.Report {
	t.Helper()
	whole := verified(t, tr.Database, tr.org, tr.checkpoints, 1000)
	for most := 1; most <= length+1; most++ { // the steps end at every event once
		r := verified(t, tr.Database, tr.org, tr.checkpoints, most)
		if r.FirstBroken != nil { // at the end of a step, a missing event has another reason
			r.FirstBroken.Reason = whole.FirstBroken.Reason
		}
		require.Equal(t, whole, r, "%d events a step", most)
	}
	return whole
}

// verified verifies an audit log in steps of so many events. What is kept between
// two steps goes through JSON, as a workflow keeps it.
func verified(t *testing.T, d *pgtest.Database, org tenancy.OrgID, signed []audit.CheckpointCheck, most int) audit.Report {
	t.Helper()
	var v audit.Verification
	for steps := 0; !v.Ended; steps++ {
		require.LessOrEqual(t, steps, 2*length+2, "a step makes progress")
		before := v.Chain.Seq
		require.NoError(t, v.Next(t.Context(), d.Single(org), behind(signed), most))
		require.LessOrEqual(t, v.Chain.Seq-before, int64(most), "a step is bounded")
		b, err := json.Marshal(v)
		require.NoError(t, err)
		v = audit.Verification{}
		require.NoError(t, json.Unmarshal(b, &v))
	}
	return v.Report()
}

// behind gives checkpoints as a store does.
func behind(all []audit.CheckpointCheck) audit.Checkpoints {
	return func(_ context.Context, after int64, n int) (found []audit.CheckpointCheck, err error) {
		for _, c := range all {
			if c.Seq > after && len(found) < n {
				found = append(found, c)
			}
		}
		return found, nil
	}
}

// tamper acts as anyone who owns the cluster and switches the triggers off.
func (tr *auditLog) tamper(t *testing.T, sql string) {
	t.Helper()
	_, err := tr.Admin(t).Exec(t.Context(), "alter table audit_events disable trigger all; "+sql, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
}

func TestVerifyCompleteAuditLog(t *testing.T) {
	t.Parallel()
	tr := newAuditLog(t)
	r := tr.verify(t)
	require.True(t, r.OK)
	require.Nil(t, r.FirstBroken)
	require.EqualValues(t, length, r.Events)
	require.Equal(t, 1, r.Checkpoints)
	r = verified(t, tr.Database, tr.Organization(t, 1), nil, 1)
	require.True(t, r.OK, "an organization of which nothing was recorded")
}

// rewrite recomputes every hash after a change, as someone would who knows how.
const rewrite = `do $$ declare e record; prev bytea := decode(repeat('00', 32), 'hex'); begin
	for e in select * from audit_events order by seq loop
		prev := sha256(prev || int8send(e.seq) || convert_to(e.event, 'UTF8'));
		update audit_events set hash = prev where organization_id = e.organization_id and seq = e.seq;
	end loop;
	update audit_heads set hash = prev;
end $$`

func TestVerifyNamesTheFirstBrokenRow(t *testing.T) {
	t.Parallel()
	const change = `update audit_events set event = replace(event, '"object_id":"c"', '"object_id":"x"'), object_id = 'x' where seq = 3; `
	for name, c := range map[string]struct {
		sql string
		seq int64
	}{
		"a changed event":               {change, 3},
		"a changed column":              {"update audit_events set object_id = 'x' where seq = 4", 4},
		"a changed time":                {"update audit_events set at = at + interval '1 microsecond' where seq = 4", 4},
		"a changed hash":                {"update audit_events set hash = sha256('x') where seq = 6", 6},
		"a removed row":                 {"delete from audit_events where seq = 2", 2},
		"the first row removed":         {"delete from audit_events where seq = 1", 1},
		"two rows exchanged":            {"update audit_events set seq = 100 where seq = 7; update audit_events set seq = 7 where seq = 8; update audit_events set seq = 8 where seq = 100", 7},
		"a row put in":                  {"update audit_events set seq = seq + 100 where seq > 3; update audit_events set seq = seq - 99 where seq > 100; insert into audit_events select organization_id, 4, event, hash, at, action, actor, object, object_id, result from audit_events where seq = 3", 4},
		"the end cut off":               {"delete from audit_events where seq > 7", 8},
		"the end cut off, and the head": {"delete from audit_events where seq > 4; update audit_heads set seq = 4, hash = (select hash from audit_events where seq = 4)", 5},
		"everything removed":            {"delete from audit_events; delete from audit_heads", 1},
		"another head":                  {"update audit_heads set hash = sha256('x')", length},
		"all hashes recomputed":         {change + rewrite, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newAuditLog(t)
			tr.tamper(t, c.sql)
			r := tr.verify(t)
			require.False(t, r.OK)
			require.NotNil(t, r.FirstBroken)
			require.Equal(t, c.seq, r.FirstBroken.Seq, r.FirstBroken.Reason)
		})
	}
}

func TestCheckpointsCannotBeMadeUp(t *testing.T) {
	t.Parallel()
	tr := newAuditLog(t)
	good := tr.sign(t)
	for name, forge := range map[string]func(*audit.Checkpoint){
		"another place":     func(c *audit.Checkpoint) { c.Seq++ },
		"another hash":      func(c *audit.Checkpoint) { c.Hash[0]++ },
		"another school":    func(c *audit.Checkpoint) { c.Organization = tenancy.NewID().String() },
		"another time":      func(c *audit.Checkpoint) { c.At = "2020-01-01T00:00:00Z" },
		"another key":       func(c *audit.Checkpoint) { c.Key = "0000000000000000" },
		"another signature": func(c *audit.Checkpoint) { c.Signature = base64.StdEncoding.EncodeToString(make([]byte, 64)) },
		"no signature":      func(c *audit.Checkpoint) { c.Signature = "" },
	} {
		c := good
		forge(&c)
		require.Error(t, c.Verify(tr.signer.Public()), name)
	}
	b, err := json.Marshal(good)
	require.NoError(t, err)
	var again audit.Checkpoint
	require.NoError(t, json.Unmarshal(b, &again))
	require.NoError(t, again.Verify(tr.signer.Public()))
}

// TestManyWritersMakeOneChain lets two organizations record at once, every
// third transaction rolling back: both chains are whole and without gaps.
func TestManyWritersMakeOneChain(t *testing.T) {
	t.Parallel()
	const writers, each = 16, 12
	d := pgtest.New(t)
	orgs := []tenancy.OrgID{d.Organization(t, 1), d.Organization(t, 1)}
	no := errors.New("no")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				org := orgs[(w+i)%2]
				err := d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
					if err := audit.Record(context.Background(), tx, audit.Event{Action: "file.trash", ObjectID: "x"}); err != nil || i%3 > 0 {
						return err
					}
					return no
				})
				if err != nil && !errors.Is(err, no) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var sum int64
	for _, org := range orgs {
		r := verified(t, d, org, nil, 1000)
		require.True(t, r.OK, r.FirstBroken)
		sum += r.Events
	}
	require.EqualValues(t, writers*each*2/3, sum)
}

func TestListFiltersAndPages(t *testing.T) {
	t.Parallel()
	tr := newAuditLog(t)
	ctx, q := t.Context(), tr.Single(tr.org)
	require.NoError(t, audit.Record(ctx, q, audit.Event{Action: "file.read", ObjectID: "z", Result: audit.Denied, Code: "not_granted"}))
	all, err := audit.List(ctx, q, audit.Filter{Limit: 100})
	require.NoError(t, err)
	require.Len(t, all, length+1)
	require.EqualValues(t, length+1, all[0].Seq)
	for name, f := range map[string]audit.Filter{
		"action": {Action: "file.read"}, "object": {ObjectID: "z"}, "result": {Result: audit.Denied},
	} {
		f.Limit = 100
		found, err := audit.List(ctx, q, f)
		require.NoError(t, err)
		require.Len(t, found, 1, name)
	}
	second, err := audit.List(ctx, q, audit.Filter{Limit: 4, Before: all[3].Seq})
	require.NoError(t, err)
	require.Equal(t, all[4:8], second)
	none, err := audit.List(ctx, q, audit.Filter{Limit: 4, From: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Empty(t, none)
	require.ErrorContains(t, audit.Record(ctx, q, audit.Event{Action: "file.eat"}), "not in the table")
}

// A part of an audit log has every event of its time and no gap, and its chain holds
// from its second line on.
func TestVerifyPartOfAuditLog(t *testing.T) {
	t.Parallel()
	tr := newAuditLog(t)
	ctx, q := t.Context(), tr.Single(tr.org)
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	// The fourth was begun before the third, and ended after it.
	for seq, minute := range map[int]int{1: 1, 2: 2, 3: 4, 4: 3, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9} {
		_, err := tr.Admin(t).Exec(ctx, "alter table audit_events disable trigger all")
		require.NoError(t, err)
		_, err = tr.Admin(t).Exec(ctx, "update audit_events set at = $2, month = date_trunc('month', $2::timestamptz at time zone 'UTC') where seq = $1", seq, base.Add(time.Duration(minute)*time.Minute))
		require.NoError(t, err)
	}
	at := func(minute int) time.Time { return base.Add(time.Duration(minute) * time.Minute) }
	for name, c := range map[string]struct {
		from, to time.Time
		want     []int64
	}{
		"all":            {time.Time{}, time.Time{}, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"from":           {at(8), time.Time{}, []int64{8, 9}},
		"to":             {time.Time{}, at(3), []int64{1, 2}},
		"both":           {at(5), at(8), []int64{5, 6, 7}},
		"with a between": {at(2), at(4), []int64{2, 3, 4}},
		"nothing":        {at(20), at(30), nil},
	} {
		var lines []audit.Line
		var seqs []int64
		require.NoError(t, audit.EachBetween(ctx, q, c.from, c.to, func(l audit.Line) error {
			lines, seqs = append(lines, l), append(seqs, l.Seq)
			return nil
		}), name)
		require.Equal(t, c.want, seqs, name)
		if len(lines) < 2 {
			continue
		}
		chain, err := audit.From(lines[0])
		require.NoError(t, err)
		for _, l := range lines[1:] {
			require.NoError(t, chain.Next(l), name)
		}
		chain, err = audit.From(lines[0])
		require.NoError(t, err)
		lines[1].Event = json.RawMessage(`{"action":"file.eat"}`)
		require.Error(t, chain.Next(lines[1]), name)
	}
	stop := errors.New("stop")
	require.ErrorIs(t, audit.EachBetween(ctx, q, time.Time{}, time.Time{}, func(audit.Line) error { return stop }), stop)
	_, err := audit.From(audit.Line{Seq: 3, Event: json.RawMessage("x")})
	require.ErrorContains(t, err, "is not an event")
}

// TestAnAuditKeyIsReplaced: what an earlier key signed stays valid by its public half alone, the new key
// signs, and without the public half the earlier signature is refused.
func TestAnAuditKeyIsReplaced(t *testing.T) {
	t.Parallel()
	_, before, err := audit.NewKey()
	require.NoError(t, err)
	seed, alone, err := audit.NewKey()
	require.NoError(t, err)
	old, err := before.Sign("org", 7, audit.Hash{1}, time.Now())
	require.NoError(t, err)
	now, err := audit.NewSigner(seed + "\npublic:" + base64.StdEncoding.EncodeToString(before.Public()) + "\n")
	require.NoError(t, err)
	require.NoError(t, old.Verify(now.Trusted()...))
	require.Error(t, old.Verify(alone.Trusted()...))
	fresh, err := now.Sign("org", 8, audit.Hash{2}, time.Now())
	require.NoError(t, err)
	require.Equal(t, audit.KeyID(alone.Public()), fresh.Key)
	require.NoError(t, fresh.Verify(now.Trusted()...))
	old.Key = fresh.Key
	require.Error(t, old.Verify(now.Trusted()...))
	for _, bad := range []string{"", seed + "\n" + seed, seed + "\npublic:short", "public:" + seed} {
		_, err := audit.NewSigner(bad)
		require.Error(t, err, bad)
	}
}
