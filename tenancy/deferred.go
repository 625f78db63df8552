package tenancy

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// OnCommit gives what runs statements, whose result no one waits for, at the very
// end of q, in one round trip with the commit: what they lock is free again when
// that is through, however long this program has to wait for a processor. An
// error of one rolls everything back. Only Exec waits for the commit; it returns
// an empty tag. Of a SingleStatement each statement runs at once.
func OnCommit(q Queries) Queries {
	if tx, ok := q.(*Tx); ok {
		return queued{tx, &tx.onCommit}
	}
	return q
}

// AtEnd is OnCommit for statements that run before the deferred constraints are checked, and so before
// what these lock is locked.
func AtEnd(q Queries) Queries {
	if tx, ok := q.(*Tx); ok {
		return queued{tx, &tx.atEnd}
	}
	return q
}

// queued is a transaction whose statements without a result wait.
type queued struct {
	*Tx
	statements *[]*pgx.QueuedQuery
}

// Exec queues the statement.
func (q queued) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	*q.statements = append(*q.statements, &pgx.QueuedQuery{SQL: sql, Arguments: args})
	return pgconn.CommandTag{}, nil
}

// end commits, behind the last statements if there are any. What was deferred to
// the commit comes before them, so that locks are taken in one order with and
// without them: the quota, then the end of the audit log.
func (t *Tx) end(ctx context.Context) (tag pgconn.CommandTag, err error) {
	if len(t.atEnd)+len(t.onCommit) == 0 || t.conn.PgConn().TxStatus() == 'E' {
		return t.conn.Exec(ctx, "commit")
	}
	var b pgx.Batch
	b.QueuedQueries = append(b.QueuedQueries, t.atEnd...)
	b.Queue("set constraints all immediate")
	b.QueuedQueries = append(b.QueuedQueries, t.onCommit...)
	b.Queue("commit")
	results := t.conn.SendBatch(ctx, &b)
	for range b.Len() {
		if tag, err = results.Exec(); err != nil {
			break
		}
	}
	if cerr := results.Close(); err == nil {
		err = cerr
	}
	return tag, err
}
