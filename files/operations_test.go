package files_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// TestModel runs ten thousand random operations of two organizations and
// compares every row with the model after each.
func TestModel(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rapid.Check(t, func(r *rapid.T) {
		both := []*model{newModel(t, db), newModel(t, db)}
		for range 100 {
			m := both[rapid.IntRange(0, 1).Draw(r, "organization")]
			m.compare(r, m.step(t, r))
		}
		for _, m := range both {
			m.compareEvents(r)
		}
	})
}

// call is what an operation works on.
type call struct {
	ctx  context.Context
	r    *rapid.T
	m    *model
	f    *modelFile
	v    *modelVersion
	size int64
	want error
}

type inTx = func(*tenancy.Tx) error

// operations are drawn by weight. Each sets what the model expects and gives
// what to run against the database.
var operations = []struct {
	name   string
	weight int
	do     func(*call) inTx
}{
	{"version", 1, func(c *call) inTx { return c.create() }},
	{"grow", 1, func(c *call) inTx {
		c.want = c.m.grow(c.v, c.size)
		return func(tx *tenancy.Tx) error { return files.Reserve(c.ctx, tx, c.v.id, c.size) }
	}},
	{"receive", 2, func(c *call) inTx {
		c.want = c.m.receive(c.f, c.v, c.size)
		return func(tx *tenancy.Tx) error {
			return files.Receive(c.ctx, tx, files.Received{Upload: c.v.id, Size: c.size, SHA256: oneSum, ETag: "staged"})
		}
	}},
	{"inspect", 1, func(c *call) inTx {
		c.want = c.m.processing(c.v)
		return func(tx *tenancy.Tx) error {
			return files.Inspected(c.ctx, tx, c.v.id, files.Inspection{MimeType: "text/plain"})
		}
	}},
	{"scan", 2, func(c *call) inTx {
		clean := files.Verdict{Verdict: verdict.Clean, SHA256: oneSum}
		verdict := rapid.SampledFrom([]files.Verdict{clean, {Verdict: verdict.Clean, SHA256: otherSum}, {Verdict: verdict.Infected, SHA256: oneSum}}).Draw(c.r, "verdict")
		c.want = c.m.scan(c.v, verdict == clean)
		return func(tx *tenancy.Tx) error { return files.Scanned(c.ctx, tx, c.v.id, verdict) }
	}},
	{"publish", 3, func(c *call) inTx {
		c.want = c.m.publish(c.f, c.v)
		return func(tx *tenancy.Tx) error { return files.Publish(c.ctx, tx, c.v.id, "published") }
	}},
	{"withdraw", 1, func(c *call) inTx {
		to := rapid.SampledFrom([]files.Status{files.Quarantined, files.Rejected, files.Failed, files.Expired, files.Deleted}).Draw(c.r, "to")
		c.want = c.m.withdraw(c.f, c.v, to)
		return func(tx *tenancy.Tx) error { return files.Withdraw(c.ctx, tx, c.v.id, to, "why") }
	}},
	{"trash", 1, func(c *call) inTx {
		processing := c.f.processing()
		c.want = c.m.trash(c.f)
		return func(tx *tenancy.Tx) error {
			got, err := files.Trash(c.ctx, tx, c.f.id)
			require.Equal(c.r, processing, got)
			return err
		}
	}},
	{"restore", 1, func(c *call) inTx {
		c.want = c.m.restore(c.f)
		return func(tx *tenancy.Tx) error { return files.Restore(c.ctx, tx, c.f.id, files.ConflictFails) }
	}},
	{"unpublish", 1, func(c *call) inTx {
		c.want = c.m.unpublish(c.f)
		return func(tx *tenancy.Tx) error {
			_, err := files.Unpublish(c.ctx, tx, c.f.id)
			return err
		}
	}},
	{"revoke", 1, func(c *call) inTx {
		c.want = c.m.revoke(c.f, c.v)
		return func(tx *tenancy.Tx) error {
			_, err := files.Revoke(c.ctx, tx, c.v.id, "late", files.Verdict{Verdict: verdict.Infected, SHA256: oneSum})
			return err
		}
	}},
	{"purge", 1, func(c *call) inTx {
		c.want = c.m.purge(c.f)
		return func(tx *tenancy.Tx) error { return files.Purge(c.ctx, tx, c.f.id) }
	}},
	{"quota", 1, func(c *call) inTx {
		c.m.max = rapid.Int64Range(0, 2*roomBytes).Draw(c.r, "max")
		return func(tx *tenancy.Tx) error {
			return tenancy.ChangeLimits(c.ctx, tx, tenancy.OptionalLimit{Set: true, Value: &c.m.max}, tenancy.OptionalLimit{})
		}
	}},
}

// weighted repeats the operations' indices by their weight.
var weighted = func() (all []int) {
	for i, o := range operations {
		for range o.weight {
			all = append(all, i)
		}
	}
	return all
}()

// step draws one operation and runs it against the model and the database.
func (m *model) step(t *testing.T, r *rapid.T) (what string) {
	c := &call{ctx: t.Context(), r: r, m: m, size: rapid.Int64Range(0, fileBytes+1).Draw(r, "size")}
	var run inTx
	if len(m.files) == 0 || rapid.IntRange(0, 9).Draw(r, "new file") == 0 {
		what = "create"
		run = c.create()
	} else {
		c.f = m.files[rapid.IntRange(0, len(m.files)-1).Draw(r, "file")]
		c.v = c.f.versions[rapid.IntRange(0, len(c.f.versions)-1).Draw(r, "version")]
		o := operations[rapid.SampledFrom(weighted).Draw(r, "operation")]
		what = o.name
		run = o.do(c)
	}
	err := m.db.InTx(c.ctx, m.org, run)
	if c.want == nil {
		require.NoError(r, err, what)
	} else {
		require.ErrorIs(r, err, c.want, what)
	}
	return what
}

// create makes a file, or a version of c's file.
func (c *call) create() inTx {
	n := files.New{Name: "essay.txt", Size: c.size, UploadedBy: c.m.user, TTL: time.Hour}
	if c.f != nil {
		n.File = c.f.id
	}
	f, v, want := c.m.create(c.f, c.size)
	c.want = want
	return func(tx *tenancy.Tx) error {
		ticket, err := files.Create(c.ctx, tx, n)
		if err == nil && want == nil {
			f.id, v.id = ticket.File, ticket.Version
			require.EqualValues(c.r, v.number, ticket.Number)
		}
		return err
	}
}

func (f *modelFile) processing() (ids []uuid.UUID) {
	for _, v := range f.versions {
		if v.status == files.Processing {
			ids = append(ids, v.id)
		}
	}
	return ids
}
