package tenancy

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Queries is what generated query code runs on: a Tx, or a Once. It is sealed,
// so nothing outside this package can offer an unbound connection as one.
type Queries interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Org() OrgID
	sealed()
}

func (t *Tx) sealed()              {}
func (o *SingleStatement) sealed() {}

// SingleStatement runs single statements of one organization. Each is its own transaction
// and one round trip: the binding and the statement travel in one pipeline,
// which Postgres runs as one implicit transaction, so the binding ends with it.
type SingleStatement struct {
	db       *DB
	org      OrgID
	settings string   // what the binding sets besides, see Relaxed and PlannedOnce
	on       *attempt // on a standby, see Read; nil: on the primary
}

// Single gives single-statement access to the organization's rows.
func (d *DB) Single(org OrgID) *SingleStatement { return &SingleStatement{db: d, org: org} }

// Relaxed is Single whose commits do not wait for the disk. A crash of the database may lose
// the last of them, in their order, so it is only for what something else does again: what a
// sweep finds left. What commits later and waits makes these durable too.
func (d *DB) Relaxed(org OrgID) *SingleStatement {
	return &SingleStatement{db: d, org: org, settings: `, set_config('synchronous_commit', 'off', true)`}
}

// PlannedOnce is q whose statements keep one plan for all values of their parameters. Left
// alone, Postgres plans a statement again wherever one value promises a cheaper plan, and to
// plan a page of files under the access rule takes ten times as long as to read it. A
// transaction is given back as it is.
func PlannedOnce(q Queries) Queries {
	o, ok := q.(*SingleStatement)
	if !ok {
		return q
	}
	planned := *o
	planned.settings += `, set_config('plan_cache_mode', 'force_generic_plan', true)`
	return &planned
}

// Relax lets the commit of a transaction not wait for the disk, as those of Relaxed.
func Relax(ctx context.Context, tx *Tx) error {
	_, err := OnCommit(tx).Exec(ctx, "set local synchronous_commit to off")
	return err
}

// Org names the organization to which the statements are bound.
func (o *SingleStatement) Org() OrgID { return o.org }

func (o *SingleStatement) send(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	db := o.db
	if o.on == nil { // what is asked a standby was looked for before, see Read
		var err error
		if db, err = db.of(ctx, o.org); err != nil {
			return nil, err
		}
	}
	bind, binding, err := db.binding(ctx, o.org)
	if err != nil {
		return nil, err
	}
	pool := db.pool
	if o.on != nil {
		binding = append(binding, o.on.position)
		bind += o.on.waitForReplay(len(binding))
		pool = o.on.pool
	}
	var b pgx.Batch
	b.Queue(bind+o.settings, binding...)
	b.Queue(sql, args...)
	br := pool.SendBatch(ctx, &b)
	if _, err := br.Exec(); err != nil {
		_ = br.Close()
		return nil, o.translate(err)
	}
	return br, nil
}

// translate is translate, and notes what a standby fails with.
func (o *SingleStatement) translate(err error) error {
	o.on.note(err)
	return translate(err)
}

// Exec runs one statement.
func (o *SingleStatement) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	br, err := o.send(ctx, sql, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := br.Exec()
	if cerr := br.Close(); err == nil {
		err = cerr
	}
	return tag, o.translate(err)
}

// Query runs one query. Close the rows, or read them to the end: until then
// they hold a connection.
func (o *SingleStatement) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	br, err := o.send(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	rows, err := br.Query()
	if err != nil {
		// No one closes the rows of a query that failed.
		_ = br.Close()
		return nil, o.translate(err)
	}
	return &singleRows{Rows: rows, br: br, of: o}, nil
}

// QueryRow runs one query of one row.
func (o *SingleStatement) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	br, err := o.send(ctx, sql, args)
	return &singleRow{br: br, err: err, of: o}
}

// singleRows gives the connection back when the rows end or are closed.
type singleRows struct {
	pgx.Rows
	br  pgx.BatchResults
	of  *SingleStatement
	err error
}

func (r *singleRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *singleRows) Close() {
	r.Rows.Close()
	if r.br != nil {
		r.err = r.br.Close()
		r.br = nil
	}
}

func (r *singleRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return r.of.translate(err)
	}
	return r.of.translate(r.err)
}

type singleRow struct {
	br  pgx.BatchResults
	of  *SingleStatement
	err error
}

func (r *singleRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	err := r.br.QueryRow().Scan(dest...)
	if cerr := r.br.Close(); err == nil {
		err = cerr
	}
	return r.of.translate(err)
}
